"""Score the events of a file, block by block."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.archive.readable import EventFile
from hepack.io import ReadOptions
from hepack.scoring.columns import NUMBERING
from hepack.scoring.detector import Detector
from hepack.scoring.events import events_in
from hepack.scoring.quantities import quantities_named
from hepack.table import EVENTS, EventTable

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]


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

    ``identity``: the columns that number events, as the file has them. Where asked for, ``contributions`` holds those
    of each variable by ``method: variable``, and ``objects`` the scores of objects by collection and method, with
    the lengths of the collection in each event under the empty method.
    """

    path: str
    scores: dict[str, Floats]
    p_values: dict[str, Floats]
    identity: dict[str, NDArray[np.generic]]
    top: tuple[TopEvent, ...]
    contributions: dict[str, Floats]
    objects: dict[str, dict[str, NDArray[np.generic]]]

    def __len__(self) -> int:
        return len(next(iter(self.scores.values())))


def score_file(
    detector: Detector, path: str | os.PathLike[str], *, method: str, top: int = 0, table: str | None = None,
    decorrelated: Sequence[str] = (), read: ReadOptions | None = None, format_id: str | None = None,
    variables: bool = False, objects: bool = False, progress: Progress | None = None,
) -> ScoredFile:  # fmt: skip
    """Score every event of a file, block by block. ``method`` decides which events come out on top.

    With ``decorrelated``, names of `quantities`, p-values are those among events alike in these. ``variables`` and
    ``objects`` ask for their scores, too.

    Raises:
        BadInputError: the file lacks a column of the reference.
    """
    source = events_in(EventFile(path, read, format_id), table)
    p_values = _PValues(detector, tuple(decorrelated))
    parts = _Parts([], [], [], [], [])
    found: list[TopEvent] = []
    done = 0
    for block in source.blocks():
        scores = detector.score(block)
        values = p_values.of(block, scores)
        parts.scores.append(scores)
        parts.p_values.append(values)
        parts.identity.append({name: block.columns[name] for name in _identity(block)})
        if variables or objects:
            parts.explain(detector, block)
        order = np.argsort(-scores[method], kind="stable")[:top].tolist()
        found += [
            _top_event(detector, block, event, scores, values, method, os.fspath(path), done)
            for event in order
        ]
        found = sorted(found, key=lambda one: -one.score)[:top]
        done += len(block)
        if progress:
            progress(done, source.total)
    if not done:
        raise BadInputError(f"'{os.fspath(path)}' has no events to score")
    return parts.joined(os.fspath(path), tuple(found), variables=variables, objects=objects)


@dataclass(frozen=True, eq=False)
class _Parts:
    """What each block gave."""

    scores: list[dict[str, Floats]]
    p_values: list[dict[str, Floats]]
    identity: list[dict[str, NDArray[np.generic]]]
    contributions: list[dict[str, Floats]]
    objects: list[dict[str, dict[str, NDArray[np.generic]]]]

    def explain(self, detector: Detector, block: EventTable) -> None:
        """Add the contributions of a block."""
        columns: dict[str, Floats] = {}
        objects: dict[str, dict[str, NDArray[np.generic]]] = {}
        for method, one in detector.all_contributions(block).items():
            columns |= {f"{method}: {name}": one.values[:, i] for i, name in enumerate(one.names)}
            for collection, values in one.objects.items():
                if block.schema.collection_by_name[collection].parent == EVENTS:
                    counts: NDArray[np.generic] = block.counts(collection)
                    objects.setdefault(collection, {"": counts})[method] = values
        self.contributions.append(columns)
        self.objects.append(objects)

    def joined(self, path: str, top: tuple[TopEvent, ...], *, variables: bool, objects: bool) -> ScoredFile:
        """All blocks behind each other."""
        names = self.objects[0] if objects else {}
        return ScoredFile(
            path, _joined(self.scores), _joined(self.p_values), _joined(self.identity), top,
            _joined(self.contributions) if variables else {},
            {name: _joined([part[name] for part in self.objects]) for name in names},
        )  # fmt: skip


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
        if v.axis == EVENTS and not v.shape and v.dtype.kind in "iu" and v.name.lower() in NUMBERING
    ]


def _joined(parts: Sequence[dict[str, NDArray]]) -> dict[str, NDArray]:  # type: ignore[type-arg]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
