"""Variables of a fixed shape as one column for each component, and back.

A relation or a conditional model is about single numbers: so are columns once they are split.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table.schema import Schema
from hepack.table.table import EventTable
from hepack.table.variable import Variable

MAX_SPLIT = 64
"""Entries with more components stay whole."""


def splittable(schema: Schema) -> tuple[str, ...]:
    """The variables with 2 to `MAX_SPLIT` components (and no names like theirs in the table)."""
    found = (v for v in schema.variables if 2 <= v.width <= MAX_SPLIT and v.kind != "text")
    return tuple(v.name for v in found if not set(component_names(v)) & set(schema.by_name))


def component_names(variable: Variable) -> list[str]:
    """The names of the components, in C order."""
    return [f"{variable.name}[{i}]" for i in range(variable.width)]


def split_schema(schema: Schema, names: Names[str]) -> Schema:
    """The schema with the named variables split."""
    variables: list[Variable] = []
    for variable in schema.variables:
        if variable.name in names:
            own = replace(variable, shape=(), attributes={})
            variables += [replace(own, name=name) for name in component_names(variable)]
        else:
            variables.append(variable)
    return replace(schema, variables=tuple(variables))


def split_table(table: EventTable, schema: Schema) -> EventTable:
    """A table with its variables split as in ``schema``, which `split_schema` made of its own."""
    columns: dict[str, NDArray[Any]] = {}
    for variable in table.schema.variables:
        values = table.columns[variable.name]
        if variable.name in schema.by_name:
            columns[variable.name] = values
        else:
            flat = values.reshape(len(values), -1)
            for i, name in enumerate(component_names(variable)):
                columns[name] = np.ascontiguousarray(flat[:, i])
    return EventTable(schema, table.n_events, table.offsets, columns)


def join_table(table: EventTable, schema: Schema) -> EventTable:
    """Undo `split_table`; ``schema`` is that of the whole variables."""
    columns: dict[str, NDArray[Any]] = {}
    for variable in schema.variables:
        if variable.name in table.columns:
            columns[variable.name] = table.columns[variable.name]
        else:
            parts = [table.columns[name] for name in component_names(variable)]
            columns[variable.name] = np.stack(parts, axis=1).reshape(-1, *variable.shape)
    return EventTable(schema, table.n_events, table.offsets, columns)
