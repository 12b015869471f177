"""Write simulated streams: one row per event, the process beside the 57 numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._atomic import replacing
from hepack._errors import BadRequestError
from hepack.io import WriteOptions, format_for_output
from hepack.simulate.pileup import PileUp
from hepack.table import EventTable, Schema, Variable
from hepack.triggering.inputs import MEAN_PILE_UP
from hepack.triggering.stream import MIX, SIGNALS, Made, StreamRequest, collisions_for, simulate_stream

BACKGROUND = "background"
PROCESSES = (*MIX, *SIGNALS)
"""The number in the column ``process`` counts in this list."""


def write_stream(
    name: str, events: int, path: Path, *, seed: int = 1, pile_up: PileUp | None = None,
    filtered: bool | None = None, overwrite: bool = False, tick: Callable[[str, int], None] | None = None,
) -> None:  # fmt: skip
    """Simulate the stream ``name`` (`BACKGROUND` for the whole mix, shuffled) into the file ``path``.

    ``filtered`` asks for the lepton; None: of backgrounds only, as in arXiv:2107.02157.

    Raises:
        BadRequestError: an unknown stream, too few events for the mix, or the file exists.
    """
    counts = mix_counts(events) if name == BACKGROUND else {name: events}
    parts, codes = [], []
    wanted = pile_up or PileUp()
    with replacing(path, overwrite=overwrite) as temporary:
        requests = [
            StreamRequest(p, n, seed, wanted, filtered=p in MIX if filtered is None else filtered)
            for p, n in counts.items()
        ]
        pool = collisions_for(replace(requests[0], events=events), _report(tick, "pile-up"))
        for request in requests:
            parts.append(simulate_stream(request, _report(tick, request.process), pool=pool))
            codes.append(np.full(request.events, PROCESSES.index(request.process), np.int32))
        order = np.random.default_rng(seed).permutation(events)
        made, code = Made.joined(parts).take(order), np.concatenate(codes)[order]
        table = stream_table(made.particles, code, made if wanted.on else None)
        target = format_for_output(str(path))
        with target.create(str(temporary), {}, WriteOptions()) as sink:
            sink.begin(table.schema, table.n_events)
            sink.write(table)


def _report(tick: Callable[[str, int], None] | None, name: str) -> Callable[[int], None] | None:
    return (lambda done: tick(name, done)) if tick else None


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


def stream_table(
    particles: NDArray[np.float32], codes: NDArray[Any], pile_up: Made | None = None
) -> EventTable:
    """The table that a file of a stream holds; with ``pile_up`` the mean and the number of collisions of each event."""
    columns: dict[str, NDArray[Any]] = {
        "Particles": np.ascontiguousarray(particles, np.float32),
        "process": np.ascontiguousarray(codes, np.int32),
    }
    variables = [
        Variable(name="Particles", dtype=np.dtype("<f4"), shape=particles.shape[1:]),
        Variable(name="process", dtype=np.dtype("<i4"), kind="category"),
    ]
    if pile_up is not None:
        columns |= {MEAN_PILE_UP: pile_up.mean, "pile_up": pile_up.collisions}
        variables += [
            Variable(name=MEAN_PILE_UP, dtype=np.dtype("<f4")),
            Variable(name="pile_up", dtype=np.dtype("<i4"), kind="integer"),
        ]
    return EventTable(Schema("trigger", tuple(variables), ()), len(particles), {}, columns)
