"""`Columns`: gather named columns into an `EventTable`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.simulate.ragged import TWO_PI, Ints
from hepack.table import EVENTS, Collection, EventTable, Kind, Schema, Variable

DROPPED_BITS = 12
"""Mantissa bits of 23 that NanoAOD precision drops: 11 are kept (NanoAOD keeps 10 to 12)."""


@dataclass
class Columns:
    """Collects columns; ``round_floats`` rounds continuous ones as NanoAOD files are rounded."""

    table: str
    n_events: int
    round_floats: bool = False
    _variables: list[Variable] = field(default_factory=list)
    _collections: list[Collection] = field(default_factory=list)
    _offsets: dict[str, Ints] = field(default_factory=dict)
    _columns: dict[str, NDArray[Any]] = field(default_factory=dict)

    def collection(self, name: str, offsets: Ints, *, counter: str = "") -> None:
        """Open a collection; ``counter`` defaults to ``n`` and its name."""
        self._collections.append(Collection(name=name, counter=counter or f"n{name}"))
        self._offsets[name] = np.asarray(offsets, np.int64).copy()

    def add(
        self,
        name: str,
        values: NDArray[Any],
        *,
        axis: str = EVENTS,
        dtype: str = "<f4",
        unit: str = "",
        kind: Kind = "continuous",
        exact: bool = False,
    ) -> None:
        """Add one column. Angles get period 2 pi. ``exact`` columns are never rounded."""
        column = np.ascontiguousarray(values, np.dtype(dtype))
        if self.round_floats and not exact and column.dtype == np.float32:
            column = round_mantissa(column)
        if column is values or column.base is not None:
            column = column.copy()
        self._variables.append(
            Variable(
                name=name,
                dtype=column.dtype,
                axis=axis,
                shape=column.shape[1:],
                unit=unit,
                kind=kind,
                period=TWO_PI if kind == "angle" else None,
            )
        )
        self._columns[name] = column

    def build(self) -> EventTable:
        """The table of everything added."""
        schema = Schema(self.table, tuple(self._variables), tuple(self._collections))
        return EventTable(schema, self.n_events, self._offsets, self._columns)


def round_mantissa(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round float32 to ``23 - DROPPED_BITS`` mantissa bits, halves up in magnitude; NaN and inf stay."""
    bits = values.view(np.uint32).astype(np.uint64)
    rounded = (bits + (1 << (DROPPED_BITS - 1))) & ~np.uint64((1 << DROPPED_BITS) - 1)
    result = rounded.astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(values) & np.isfinite(result), result, values)
