"""Rows of one axis in another order, and everything that is nested in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.table.variable import EVENTS

if TYPE_CHECKING:
    from hepack.table.table import EventTable, Offsets

Rows = NDArray[np.int64]


def take_events(table: EventTable, events: NDArray[Any]) -> EventTable:
    """The events with the numbers ``events``, in that order; a number may come more than once.

    Raises:
        BadInputError: a number is no event of the table.
    """
    rows = np.asarray(events, np.int64)
    _check(rows, table.n_events, f"the events of table '{table.schema.name}'")
    return _gather(table, EVENTS, rows, len(rows))


def permute_objects(table: EventTable, collection: str, rows: Rows) -> EventTable:
    """The objects of a collection in another order.

    ``rows``: which object stands at each place, a permutation that leaves every object in its own run (its
    event, for a collection of events); the lengths of the collection stay as they are.

    Raises:
        BadInputError: it is none.
    """
    offsets = table.offsets[collection]
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    _check(rows, len(owner), f"the objects of '{collection}'")
    seen = np.zeros(len(owner), np.bool_)
    seen[rows] = True
    if len(rows) != len(owner) or not seen.all() or not np.array_equal(owner[rows], owner):
        raise BadInputError(f"the new order of '{collection}' would move objects between events")
    return _gather(table, collection, rows, table.n_events)


def _check(rows: Rows, length: int, what: str) -> None:
    if rows.ndim != 1 or (len(rows) and not 0 <= rows.min() <= rows.max() < length):
        raise BadInputError(f"an index is outside {what}, of which there are {length}")


def _gather(table: EventTable, axis: str, rows: Rows, n_events: int) -> EventTable:
    chosen = {axis: rows}
    offsets: dict[str, Offsets] = {}
    for collection in table.schema.collections:
        before = table.offsets[collection.name]
        if collection.parent in chosen:
            offsets[collection.name], chosen[collection.name] = _runs(before, chosen[collection.parent])
        else:
            offsets[collection.name] = before
    columns = {
        v.name: table.columns[v.name][chosen[v.axis]] if v.axis in chosen else table.columns[v.name]
        for v in table.schema.variables
    }
    return type(table)(table.schema, n_events, offsets, columns)


def _runs(offsets: Offsets, rows: Rows) -> tuple[Offsets, Rows]:
    """The offsets of the runs numbered ``rows`` put behind each other, and the entries that they hold."""
    counts = np.diff(offsets)[rows]
    after = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(counts, out=after[1:])
    shifts = offsets[:-1][rows] - after[:-1]
    return after, np.repeat(shifts, counts) + np.arange(after[-1])
