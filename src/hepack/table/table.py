"""`EventTable`: an immutable block of events in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.table.gather import take_events
from hepack.table.schema import Schema
from hepack.table.variable import EVENTS

Offsets = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EventTable:
    """A block of ``n_events`` events.

    ``offsets[c]`` (int64, shape ``(entries of the parent + 1,)``, starting at 0) cuts the objects of
    collection ``c`` into the runs of its parent's entries. ``columns[v]`` has shape
    ``(entries of the axis, *variable.shape)`` and the variable's dtype. All arrays are read-only.
    """

    schema: Schema
    n_events: int
    offsets: Mapping[str, Offsets]
    columns: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        if set(self.offsets) != {c.name for c in self.schema.collections}:
            raise BadInputError(f"table '{self.schema.name}': the offsets do not match the collections")
        if set(self.columns) != {v.name for v in self.schema.variables}:
            raise BadInputError(f"table '{self.schema.name}': the columns do not match the variables")
        for collection in self.schema.collections:
            offsets = self.offsets[collection.name]
            expected = self.length(collection.parent) + 1
            if offsets.dtype != np.int64 or offsets.shape != (expected,) or offsets[0] != 0:
                raise BadInputError(f"collection '{collection.name}' needs {expected} int64 offsets from 0")
            steps = np.diff(offsets)
            if len(steps) and (steps.min() < 0 or (collection.layout == "option" and steps.max() > 1)):
                raise BadInputError(f"collection '{collection.name}' has impossible lengths")
            offsets.flags.writeable = False
        for variable in self.schema.variables:
            column = self.columns[variable.name]
            shape = (self.length(variable.axis), *variable.shape)
            if column.dtype != variable.dtype or column.shape != shape:
                raise BadInputError(
                    f"variable '{variable.name}' should be {variable.dtype}{shape}, "
                    f"found {column.dtype}{column.shape}"
                )
            column.flags.writeable = False

    def __len__(self) -> int:
        return self.n_events

    def length(self, axis: str) -> int:
        """Entries on an axis: events, or objects of a collection."""
        return self.n_events if axis == EVENTS else int(self.offsets[axis][-1])

    def counts(self, collection: str) -> NDArray[np.int64]:
        """The lengths of the runs of a collection, one for each entry of its parent."""
        return np.diff(self.offsets[collection])

    @property
    def nbytes(self) -> int:
        """Bytes of the columns, plus four for each length."""
        columns = sum(column.nbytes for column in self.columns.values())
        return columns + 4 * sum(len(offsets) - 1 for offsets in self.offsets.values())

    def slice(self, start: int, stop: int) -> EventTable:
        """Events ``start`` to ``stop`` (not included), as views where possible."""
        start, stop, _ = slice(start, stop).indices(self.n_events)
        stop = max(start, stop)
        bounds = {EVENTS: (start, stop)}
        offsets: dict[str, Offsets] = {}
        for collection in self.schema.collections:
            low, high = bounds[collection.parent]
            cut = self.offsets[collection.name][low : high + 1]
            bounds[collection.name] = (int(cut[0]), int(cut[-1]))
            offsets[collection.name] = cut - cut[0]
        columns = {v.name: self.columns[v.name][slice(*bounds[v.axis])] for v in self.schema.variables}
        return EventTable(self.schema, stop - start, offsets, columns)

    def take(self, events: NDArray[Any]) -> EventTable:
        """The events with the numbers ``events``, in that order, with all that is nested in them."""
        return take_events(self, events)

    def select(self, names: Sequence[str]) -> EventTable:
        """The named variables, in schema order, with the collections they need."""
        schema = self.schema.select(set(names))
        return EventTable(
            schema,
            self.n_events,
            {c.name: self.offsets[c.name] for c in schema.collections},
            {v.name: self.columns[v.name] for v in schema.variables},
        )

    @classmethod
    def concatenate(cls, tables: Sequence[EventTable]) -> EventTable:
        """Put blocks of one schema behind each other."""
        if not tables:
            raise BadInputError("nothing to concatenate")
        first = tables[0]
        if len(tables) == 1:
            return first
        offsets = {}
        for collection in first.schema.collections:
            counts = np.concatenate([table.counts(collection.name) for table in tables])
            offsets[collection.name] = offsets_from_counts(counts)
        columns = {
            v.name: np.concatenate([table.columns[v.name] for table in tables])
            for v in first.schema.variables
        }
        return cls(first.schema, sum(table.n_events for table in tables), offsets, columns)

    @classmethod
    def empty(cls, schema: Schema) -> EventTable:
        """No events."""
        return cls(
            schema,
            0,
            {c.name: np.zeros(1, np.int64) for c in schema.collections},
            {v.name: np.empty((0, *v.shape), v.dtype) for v in schema.variables},
        )


def offsets_from_counts(counts: NDArray[Any]) -> Offsets:
    """Lengths to offsets: ``[2, 0, 3]`` becomes ``[0, 2, 2, 5]``."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
