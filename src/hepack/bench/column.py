"""`Column`: one item of a file as the peers get it, whole, and in the narrowest dtype that is exact."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.codec.item import items_of
from hepack.codec.recipe import Recipe
from hepack.io import GroupingError, ReadOptions, Skipped, open_source
from hepack.table import LOSSLESS, EventTable, Tolerance, bits_differ

READ_BYTES = 48 << 20


@dataclass(frozen=True, eq=False)
class Column:
    """One thing to compress: a variable, the lengths of a collection, or the strings of a text variable.

    ``values`` has shape ``(entries, *shape)`` and is whole: peers see no blocks. For ``role`` ``text`` they
    are the bytes of all strings, each ended by a zero byte (by its length in four bytes ahead of all
    strings, if a string holds a zero byte itself).
    """

    table: str
    name: str
    role: str
    values: NDArray[Any]
    tolerance: Tolerance = LOSSLESS
    period: float | None = None

    @property
    def raw_bytes(self) -> int:
        return self.values.nbytes

    @property
    def is_bounded(self) -> bool:
        """Whether the values may change at all."""
        return not self.tolerance.is_lossless and self.values.dtype.kind == "f"

    def violations(self, restored: NDArray[Any]) -> NDArray[np.bool_]:
        """Where ``restored`` (same shape and dtype) breaks the tolerance."""
        return self.tolerance.violated(self.values, restored, period=self.period)

    def exactly(self) -> Column:
        """The same with a lossless tolerance."""
        return replace(self, tolerance=LOSSLESS)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A whole file in memory. ``narrowed`` names float64 variables that the peers get as float32."""

    format: str
    tables: tuple[EventTable, ...]
    columns: tuple[Column, ...]
    narrowed: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def load(
    path: str | os.PathLike[str],
    recipe: Recipe,
    read: ReadOptions | None = None,
    format_id: str | None = None,
) -> Loaded:
    """Read all of a file and cut it into columns, with the tolerances of ``recipe``.

    Raises:
        BadInputError: the file is damaged or of no known format.
        BadRequestError: the recipe names unknown variables.
    """
    read = read or ReadOptions()
    while True:
        try:
            return _load_once(os.fspath(path), recipe, read, format_id)
        except GroupingError as error:
            read = replace(read, ungrouped=read.ungrouped | {error.collection})


def _load_once(path: str, recipe: Recipe, read: ReadOptions, format_id: str | None) -> Loaded:
    with open_source(path, read, format_id=format_id) as source:
        schemas = recipe.resolve(source.contents.schemas)
        tables = []
        for number, schema in enumerate(schemas):
            blocks = list(source.blocks(number, max_bytes=READ_BYTES))
            whole = EventTable.concatenate(blocks) if blocks else EventTable.empty(schema)
            tables.append(replace(whole, schema=schema))
        columns = tuple(column for table in tables for column in columns_of(table))
        narrowed = tuple(c.name for c, t in _with_dtype(columns, tables) if c.values.dtype.itemsize < t)
        return Loaded(source.contents.format, tuple(tables), columns, narrowed, source.contents.skipped)


def _with_dtype(columns: tuple[Column, ...], tables: list[EventTable]) -> Iterator[tuple[Column, int]]:
    sizes = {(t.schema.name, v.name): v.dtype.itemsize for t in tables for v in t.schema.variables}
    for column in columns:
        if column.role == "values":
            yield column, sizes[column.table, column.name]


def columns_of(table: EventTable) -> Iterator[Column]:
    """The columns of a table: lengths and strings first, then the variables."""
    for item in items_of(table.schema):
        name = table.schema.name
        if item.role == "text":
            variable = table.schema.on(item.name)[0].name
            yield Column(name, item.name, "text", _joined(table.counts(item.name), table.columns[variable]))
        elif item.role == "counts":
            yield Column(name, item.name, "counts", table.counts(item.name).astype(np.int32))
        else:
            v = item.variable
            yield Column(name, v.name, "values", narrow(table.columns[v.name]), v.tolerance, v.period)


def narrow(values: NDArray[Any]) -> NDArray[Any]:
    """Float64 values that all are float32 values, as such; anything else as it is."""
    if values.dtype != np.float64 or not values.size:
        return values
    with np.errstate(all="ignore"):
        small = values.astype(np.float32)
        return values if bits_differ(small.astype(np.float64), values).any() else small


def _joined(counts: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if not data.all():
        return np.concatenate([counts.astype("<u4").view(np.uint8), data])
    joined = np.zeros(len(data) + len(counts), np.uint8)
    keep = np.ones(len(joined), np.bool_)
    keep[np.cumsum(counts + 1) - 1] = False
    joined[keep] = data
    return joined
