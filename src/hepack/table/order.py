"""`Order`: by which column the events of a block, and the objects of its collections, are sorted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.table.cell import Cell
from hepack.table.gather import permute_objects, take_events
from hepack.table.schema import Schema
from hepack.table.table import EventTable
from hepack.table.variable import EVENTS, Variable


@dataclass(frozen=True)
class Order:
    """``events`` is the key of the events (empty: as they came), ``objects`` pairs of a collection and its key.

    Objects are sorted first, falling; then events, rising, by an event-level column or by that of a
    collection's first object, events without objects last. Events in the same ``cell`` of the key are sorted by
    ``then``, a column of the same axis, if there is one. NaN goes last, and what is equal stays in the order in
    which it came, so that the same block always gets the same order.
    """

    events: str = ""
    objects: tuple[tuple[str, str], ...] = ()
    then: str = ""
    cell: Cell = field(default_factory=Cell)

    @property
    def keys(self) -> str:
        """What the events are sorted by, in words."""
        return f"{self.events}, then {self.then}" if self.then else self.events

    def __bool__(self) -> bool:
        return bool(self.events or self.objects)

    def check(self, schema: Schema) -> None:
        """Whether the tables of this schema can be sorted so.

        Raises:
            BadInputError: a key is no column of plain numbers there.
        """
        if self.events:
            axis = _key(schema, self.events).axis
            if axis != EVENTS and schema.collection_by_name[axis].parent != EVENTS:
                raise BadInputError(f"'{self.events}' lies too deep in '{axis}' to sort events by")
        if self.then and (not self.events or _key(schema, self.then).axis != axis):
            raise BadInputError(f"'{self.then[:80]}' cannot follow '{self.events[:80]}' as a key of events")
        for collection, name in self.objects:
            if _key(schema, name).axis != collection:
                raise BadInputError(f"'{name}' is no column of the collection '{collection}'")
        if len(dict(self.objects)) < len(self.objects):
            raise BadInputError("a collection has two keys")

    def apply(self, block: EventTable) -> EventTable:
        """The block in this order.

        Raises:
            BadInputError: as `check`.
        """
        self.check(block.schema)
        for collection, name in self.objects:
            rows = rows_within_runs(block.columns[name], block.offsets[collection])
            block = permute_objects(block, collection, rows)
        return take_events(block, sorted_events(block, self)) if self.events else block


def sorted_events(block: EventTable, order: Order) -> NDArray[np.int64]:
    """The numbers of the events in the order of its keys, see `Order`."""
    axis = block.schema.by_name[order.events].axis
    if axis == EVENTS:
        return _sorted(block, order, np.arange(len(block)))
    offsets = block.offsets[axis]
    counts = np.diff(offsets)
    filled = np.flatnonzero(counts)
    return np.concatenate([filled[_sorted(block, order, offsets[:-1][filled])], np.flatnonzero(counts == 0)])


def _sorted(block: EventTable, order: Order, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of the values at some places of the key columns."""
    values = block.columns[order.events][places]
    if not order.then:
        return np.argsort(values, kind="stable")
    rows = np.argsort(block.columns[order.then][places], kind="stable")
    return rows[np.argsort(order.cell.numbers(values)[rows], kind="stable")]


def rows_within_runs(values: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The objects of each run by falling ``values``, NaN last: ``(objects,)`` row numbers."""
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    # both turn the order around without a rounding or an overflow
    turned = -values if values.dtype.kind == "f" else ~values
    rows = np.argsort(turned, kind="stable")
    return rows[np.argsort(owner[rows], kind="stable")]


def _key(schema: Schema, name: str) -> Variable:
    variable = schema.by_name.get(name)
    if variable is None:
        raise BadInputError(f"table '{schema.name}' has no column '{name[:80]}' to sort by")
    if variable.shape or variable.kind == "text":
        raise BadInputError(f"'{name[:80]}' is no column of plain numbers, to sort by")
    return variable
