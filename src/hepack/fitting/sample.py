"""What of a block a model is fitted to: runs of neighbouring events, spread evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack.table import EVENTS, EventTable

RUNS = 8


def sample_events(table: EventTable, *, events: int, objects: int) -> EventTable:
    """Eight runs of neighbouring events, at most ``events`` in all and about ``objects`` of any collection."""
    longest = max((table.length(c.name) for c in table.schema.collections), default=0)
    share = min(1.0, events / max(1, len(table)), objects / max(1, longest))
    if share >= 1.0:
        return table
    run = max(1, int(len(table) * share) // RUNS)
    starts = np.linspace(0, len(table) - run, RUNS).astype(np.int64).tolist()
    return EventTable.concatenate([table.slice(start, start + run) for start in starts])


def sample_rows(length: int, rows: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Eight runs of neighbouring rows, ``rows`` at most; and which rows start a run."""
    if length <= rows:
        start = np.zeros(length, np.bool_)
        start[:1] = True
        return np.arange(length), start
    run = rows // RUNS
    starts = np.linspace(0, length - run, RUNS).astype(np.int64)
    picked = (starts[:, None] + np.arange(run)).reshape(-1)
    start = np.zeros(len(picked), np.bool_)
    start[::run] = True
    return picked, start


def axes_of(table: EventTable) -> list[str]:
    """The event axis and every collection that is not text."""
    return [EVENTS, *(c.name for c in table.schema.collections if c.layout != "text")]
