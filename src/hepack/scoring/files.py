"""Files of events in, files of scores out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hepack._atomic import refuse_same, replacing
from hepack._errors import BadInputError
from hepack.archive.readable import EventFile, FileTable
from hepack.io import ReadOptions, WriteOptions, format_for_output
from hepack.io.challenge import Recast, is_frame, recast_of
from hepack.scoring.columns import IDENTITY
from hepack.scoring.detector import Detector
from hepack.scoring.quantities import quantities_named
from hepack.table import EVENTS, EventTable, Schema, Variable

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]

MAX_REFERENCE = 1 << 20
"""Reference events that are kept in memory, unless another number is asked for."""


@dataclass(frozen=True, eq=False)
class Events:
    """The events of a file, those of a challenge with their objects named (`hepack.io.challenge`)."""

    source: FileTable
    recast: Recast | None

    @property
    def total(self) -> int:
        return self.source.file.n_events[self.source.number]

    def blocks(self) -> Iterator[EventTable]:
        """All events in order."""
        for block in self.source.blocks():
            yield block if self.recast is None else self.recast(block)


def events_in(file: EventFile, name: str | None = None) -> Events:
    """The table of that name, or the values of a pandas frame, or the first table that holds events.

    Raises:
        BadInputError: there is none.
    """
    numbers = sorted(range(len(file.schemas)), key=lambda number: not is_frame(file.schemas[number]))
    for number in numbers:
        schema = file.schemas[number]
        if (schema.name == name) if name is not None else file.n_events[number] > 0:
            return Events(FileTable(file, number), recast_of(file.path, file.format, schema))
    names = ", ".join(schema.name for schema in file.schemas) or "none"
    what = f"no table '{name}'" if name is not None else "no events"
    raise BadInputError(f"'{file.path}' has {what}; its tables are {names}")


def read_events(
    paths: Sequence[str | os.PathLike[str]], *, table: str | None = None, most: int = MAX_REFERENCE,
    read: ReadOptions | None = None, format_id: str | None = None,
) -> EventTable:  # fmt: skip
    """The first ``most`` events of some files with the same variables, as one table; of packed files too.

    Raises:
        BadInputError: a file has no events, or other variables than the first.
    """
    blocks: list[EventTable] = []
    left = most
    for path in paths:
        for block in events_in(EventFile(path, read, format_id), table).blocks():
            if blocks and _layout(block.schema) != _layout(blocks[0].schema):
                raise BadInputError(f"'{os.fspath(path)}' has other variables than '{os.fspath(paths[0])}'")
            kept = block.slice(0, left)
            first = blocks[0].schema if blocks else kept.schema
            blocks.append(EventTable(first, len(kept), kept.offsets, kept.columns))
            left -= len(kept)
            if left <= 0:
                break
        if left <= 0:
            break
    return EventTable.concatenate(blocks)


def _layout(schema: Schema) -> object:
    return [(v.name, v.dtype, v.axis, v.shape) for v in schema.variables], schema.collections


REASONS = 3
"""Variables that are named for each of the least usual events."""


@dataclass(frozen=True)
class TopEvent:
    """One of the least usual events: its score, where it is, and why."""

    score: float
    file: str
    event: int
    p_value: float
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class ScoredFile:
    """``scores`` and ``p_values`` by method, each ``(event,)``; ``top``: the least usual events, first the worst.

    ``identity``: the columns that number events, as the file has them.
    """

    path: str
    scores: dict[str, Floats]
    p_values: dict[str, Floats]
    identity: dict[str, NDArray[np.generic]]
    top: tuple[TopEvent, ...]

    def __len__(self) -> int:
        return len(next(iter(self.scores.values())))


def score_file(
    detector: Detector, path: str | os.PathLike[str], *, method: str, top: int = 0, table: str | None = None,
    decorrelated: Sequence[str] = (), read: ReadOptions | None = None, format_id: str | None = None,
    progress: Progress | None = None,
) -> ScoredFile:  # fmt: skip
    """Score every event of a file, block by block. ``method`` decides which events come out on top.

    With ``decorrelated``, names of `quantities`, p-values are those among events alike in these.

    Raises:
        BadInputError: the file lacks a column of the reference.
    """
    source = events_in(EventFile(path, read, format_id), table)
    parts: list[dict[str, Floats]] = []
    p_parts: list[dict[str, Floats]] = []
    identity: list[dict[str, NDArray[np.generic]]] = []
    found: list[TopEvent] = []
    done = 0
    p_values = _PValues(detector, tuple(decorrelated))
    for block in source.blocks():
        scores = detector.score(block)
        values = p_values.of(block, scores)
        parts.append(scores)
        p_parts.append(values)
        identity.append({name: block.columns[name] for name in _identity(block)})
        order = np.argsort(-scores[method], kind="stable")[:top].tolist()
        found += [
            _top_event(detector, block, event, scores, values, method, os.fspath(path), done)
            for event in order
        ]
        found = sorted(found, key=lambda one: -one.score)[:top]
        done += len(block)
        if progress:
            progress(done, source.total)
    return ScoredFile(os.fspath(path), _joined(parts), _joined(p_parts), _joined(identity), tuple(found))


class _PValues:
    """P-values by method, plain or in bins of quantities."""

    def __init__(self, detector: Detector, names: tuple[str, ...]) -> None:
        self.names = names
        methods = detector.recipe.methods
        self._plain = {m: detector.calibration(m) for m in methods}
        self._binned = {m: detector.decorrelation(m, names) for m in methods} if names else {}

    def of(self, block: EventTable, scores: dict[str, Floats]) -> dict[str, Floats]:
        if not self.names:
            return {method: self._plain[method].p_values(values) for method, values in scores.items()}
        given = quantities_named(block, self.names)
        return {method: self._binned[method].p_values(values, given) for method, values in scores.items()}


def _top_event(
    detector: Detector, block: EventTable, event: int, scores: dict[str, Floats], p_values: dict[str, Floats],
    method: str, path: str, start: int,
) -> TopEvent:  # fmt: skip
    reasons = detector.contributions(block.slice(event, event + 1), method).largest(0, REASONS)
    score, p_value = float(scores[method][event]), float(p_values[method][event])
    return TopEvent(score, path, start + event, p_value, tuple(reasons))


def _identity(block: EventTable) -> list[str]:
    return [
        v.name
        for v in block.schema.variables
        if v.axis == EVENTS and not v.shape and v.dtype.kind in "iu" and v.name.lower() in IDENTITY
    ]


def _joined(parts: Sequence[dict[str, NDArray]]) -> dict[str, NDArray]:  # type: ignore[type-arg]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


def write_scores(
    scored: Sequence[ScoredFile], output: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a ROOT, Parquet, HDF5, CSV or numpy file, by the name of ``output``, with a row for each event.

    Columns: ``file`` (its number among the inputs), ``entry`` (the event's place in it), what numbers events in all
    the files (run, event ...), and for each method ``score_<method>`` and ``p_<method>``.

    Raises:
        BadRequestError: ``output`` exists or is an input.
    """
    for one in scored:
        refuse_same(one.path, output)
    table = scores_table(scored)
    target = format_for_output(os.fspath(output))
    with (
        replacing(Path(output), overwrite=overwrite, durable=False) as temporary,
        target.create(str(temporary), {}, WriteOptions()) as sink,
    ):
        sink.begin(table.schema, len(table))
        sink.write(table)


def scores_table(scored: Sequence[ScoredFile]) -> EventTable:
    """What `write_scores` writes."""
    columns: dict[str, NDArray[np.generic]] = {
        "file": np.repeat(np.arange(len(scored), dtype=np.int32), [len(one) for one in scored]),
        "entry": np.concatenate([np.arange(len(one), dtype=np.int64) for one in scored]),
    }
    for name in scored[0].identity:
        if all(name in one.identity for one in scored) and name not in columns:
            columns[name] = np.concatenate([one.identity[name] for one in scored])
    for method in scored[0].scores:
        columns[f"score_{method}"] = np.concatenate([one.scores[method] for one in scored]).astype(np.float32)
        columns[f"p_{method}"] = np.concatenate([one.p_values[method] for one in scored])
    variables = tuple(
        Variable(name=name, dtype=values.dtype, kind="continuous" if values.dtype.kind == "f" else "integer")
        for name, values in columns.items()
    )
    return EventTable(Schema("scores", variables), len(columns["entry"]), {}, columns)


def event_at(
    top: TopEvent, *, table: str | None = None, read: ReadOptions | None = None, format_id: str | None = None
) -> EventTable:
    """One event of a file, as a table of its own."""
    start = 0
    for block in events_in(EventFile(top.file, read, format_id), table).blocks():
        if top.event < start + len(block):
            return block.slice(top.event - start, top.event - start + 1)
        start += len(block)
    raise BadInputError(f"'{top.file}' has no event {top.event}")
