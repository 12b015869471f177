"""`View`: the decoded columns that a prediction may look at, and how axes hang together."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hepack.table import EVENTS, EventTable, Schema

Offsets = NDArray[np.int64]


class View(Protocol):
    """The columns of one block, as far as they are decoded."""

    @property
    def schema(self) -> Schema: ...

    @property
    def n_events(self) -> int: ...

    def length(self, axis: str) -> int:
        """Entries on an axis."""

    def offsets(self, collection: str) -> Offsets:
        """Where the runs of a collection begin: int64, shape ``(entries of the parent + 1,)``."""

    def column(self, name: str) -> NDArray[Any]:
        """The decoded values of a variable, shape ``(entries, *shape)``."""


class TableView:
    """A whole `EventTable` as a view; ``replaced`` columns stand in for the table's own."""

    def __init__(self, table: EventTable, replaced: dict[str, NDArray[Any]] | None = None) -> None:
        self._table = table
        self._replaced = {} if replaced is None else replaced

    @property
    def schema(self) -> Schema:
        return self._table.schema

    @property
    def n_events(self) -> int:
        return self._table.n_events

    def length(self, axis: str) -> int:
        return self._table.length(axis)

    def offsets(self, collection: str) -> Offsets:
        return self._table.offsets[collection]

    def column(self, name: str) -> NDArray[Any]:
        return self._replaced[name] if name in self._replaced else self._table.columns[name]


def parent_of(schema: Schema, axis: str) -> str:
    """The axis whose entries own the runs of a collection."""
    return schema.collection_by_name[axis].parent


def is_above(schema: Schema, upper: str, lower: str) -> bool:
    """Whether ``upper`` is ``lower`` or one of the axes above it."""
    return upper in (lower, EVENTS) or upper in schema.ancestors(lower)


def spread(values: NDArray[Any], upper: str, lower: str, view: View) -> NDArray[Any]:
    """Repeat values of an upper axis for each entry of a lower one."""
    if upper == lower:
        return values
    parent = parent_of(view.schema, lower)
    return np.repeat(spread(values, upper, parent, view), np.diff(view.offsets(lower)))


def deepest(schema: Schema, axes: tuple[str, ...]) -> str | None:
    """The one of the axes that lies below all the others; None if they branch off."""
    lowest = max(axes, key=lambda axis: len(schema.ancestors(axis)))
    return lowest if all(is_above(schema, axis, lowest) for axis in axes) else None
