"""Write simulated streams: one row per event, the process beside the 57 numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from hepack._atomic import replacing
from hepack._errors import BadRequestError
from hepack.io import WriteOptions, format_for_output
from hepack.table import EventTable, Schema, Variable
from hepack.triggering.stream import MIX, SIGNALS, StreamRequest, simulate_stream

BACKGROUND = "background"
PROCESSES = (*MIX, *SIGNALS)
"""The number in the column ``process`` counts in this list."""


def write_stream(
    name: str, events: int, path: Path, *, seed: int = 1, pile_up: float = 0.0,
    filtered: bool | None = None, overwrite: bool = False, tick: Callable[[str, int], None] | None = None,
) -> None:  # fmt: skip
    """Simulate the stream ``name`` (`BACKGROUND` for the whole mix, shuffled) into the file ``path``.

    ``filtered`` asks for the lepton; None: of backgrounds only, as in arXiv:2107.02157.

    Raises:
        BadRequestError: an unknown stream, too few events for the mix, or the file exists.
    """
    counts = mix_counts(events) if name == BACKGROUND else {name: events}
    parts, codes = [], []
    with replacing(path, overwrite=overwrite) as temporary:
        for process, count in counts.items():
            request = StreamRequest(
                process, count, seed, pile_up, filtered=process in MIX if filtered is None else filtered
            )
            report = (lambda done, p=process: tick(p, done)) if tick else None
            parts.append(simulate_stream(request, report))
            codes.append(np.full(count, PROCESSES.index(process), np.int32))
        order = np.random.default_rng(seed).permutation(sum(map(len, parts)))
        table = stream_table(np.concatenate(parts)[order], np.concatenate(codes)[order])
        target = format_for_output(str(path))
        with target.create(str(temporary), {}, WriteOptions()) as sink:
            sink.begin(table.schema, table.n_events)
            sink.write(table)


def mix_counts(events: int) -> dict[str, int]:
    """How many events of each background process, by largest remainder.

    Raises:
        BadRequestError: so few that a process would have none.
    """
    exact = {name: events * share for name, share in MIX.items()}
    counts = {name: int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_rest[: events - sum(counts.values())]:
        counts[name] += 1
    if min(counts.values()) < 1:
        raise BadRequestError(f"a mix of {events} events leaves some process without any; give 400 or more")
    return counts


def stream_table(particles: np.ndarray[tuple[int, ...], np.dtype[np.float32]], codes: object) -> EventTable:
    """The table that a file of a stream holds."""
    columns = {
        "Particles": np.ascontiguousarray(particles, np.float32),
        "process": np.ascontiguousarray(codes, np.int32),
    }
    schema = Schema(
        "trigger",
        (
            Variable(name="Particles", dtype=np.dtype("<f4"), shape=particles.shape[1:]),
            Variable(name="process", dtype=np.dtype("<i4"), kind="category"),
        ),
        (),
    )
    return EventTable(schema, len(particles), {}, columns)
