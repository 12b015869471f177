"""Bring a table into the form that a model was fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.table import EventTable, Schema, split_table, splittable
from hepack.table.split import split_schema


def conform(table: EventTable, schema: Schema) -> EventTable:
    """The columns of ``schema`` out of a table that may hold more, as the dtypes and tolerances of ``schema``.

    Raises:
        BadInputError: a variable or collection is absent, on another axis, or of a kind that does not convert.
    """
    if any(v.name not in table.columns for v in schema.variables) and splittable(table.schema):
        table = split_table(table, split_schema(table.schema, splittable(table.schema)))
    for collection in schema.collections:
        found = table.schema.collection_by_name.get(collection.name)
        if found is None or (found.parent, found.layout) != (collection.parent, collection.layout):
            raise BadInputError(
                f"table '{table.schema.name}' has no collection '{collection.name}', which the reference has; "
                f"score files with the collections of the reference"
            )
    columns = {variable.name: _column(table, schema, variable.name) for variable in schema.variables}
    offsets = {c.name: table.offsets[c.name] for c in schema.collections}
    return EventTable(schema, table.n_events, offsets, columns)


def _column(table: EventTable, schema: Schema, name: str) -> NDArray[Any]:
    wanted, found = schema.by_name[name], table.schema.by_name.get(name)
    if found is None:
        raise BadInputError(
            f"table '{table.schema.name}' has no variable '{name}', which the reference has; "
            f"score files with the variables of the reference, or leave it out when fitting"
        )
    if (found.axis, found.shape) != (wanted.axis, wanted.shape):
        raise BadInputError(
            f"variable '{name}' lies on '{found.axis}', but on '{wanted.axis}' in the reference"
        )
    values = table.columns[name]
    if values.dtype == wanted.dtype:
        return values
    if wanted.dtype.kind != "f" and values.dtype.kind == "f":
        raise BadInputError(
            f"variable '{name}' is {values.dtype}, but {wanted.dtype} in the reference; convert it"
        )
    if wanted.dtype.kind in "iu":  # a number beyond the range becomes the nearest that there is
        limits = np.iinfo(wanted.dtype)
        info = limits if values.dtype.kind == "b" else np.iinfo(values.dtype)
        values = np.clip(values, max(limits.min, info.min), min(limits.max, info.max))
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(wanted.dtype)
