"""`Field`: one number of a table's entries, so that arrays such as ``data[3]`` compare like named columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import EventTable, Kind, Schema, Tolerance

WIDEST = 64
"""Arrays of more numbers per entry than this stay one field."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """``component`` is the place in a variable of fixed shape; None: the whole variable, flattened."""

    name: str
    column: str
    axis: str
    dtype: np.dtype[Any]
    unit: str
    kind: Kind
    period: float | None
    tolerance: Tolerance
    component: int | None = None
    width: int = 1

    def values(self, table: EventTable) -> NDArray[Any]:
        """The values of a block, shape ``(entries * width,)``."""
        column = table.columns[self.column]
        if self.component is None:
            return column.reshape(-1)
        return np.ascontiguousarray(column.reshape(len(column), -1)[:, self.component])

    @property
    def is_number(self) -> bool:
        """Whether arithmetic makes sense: no text, no flag."""
        return self.kind != "text" and self.dtype.kind in "fiub"


def fields_of(schema: Schema) -> tuple[Field, ...]:
    """All fields of a table, in schema order."""
    found: list[Field] = []
    for variable in schema.variables:
        components: Sequence[int | None] = [None]
        if variable.shape and 0 < variable.width <= WIDEST and variable.kind != "text":
            components = range(variable.width)
        found += [
            Field(
                name=variable.name if component is None else f"{variable.name}[{component}]",
                column=variable.name,
                axis=variable.axis,
                dtype=variable.dtype,
                unit=variable.unit,
                kind=variable.kind,
                period=variable.period,
                tolerance=variable.tolerance,
                component=component,
                width=variable.width if component is None else 1,
            )
            for component in components
        ]
    return tuple(found)
