"""Write one table as an RNTuple."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import awkward as ak

from hepack.io.arrays import to_fields
from hepack.table import EventTable, Schema


def ntuple_obstacle(schema: Schema) -> tuple[str, str] | None:
    """The first column that uproot cannot write to an RNTuple, and why."""
    for variable in schema.variables:
        if variable.dtype.str == "<f2":
            return variable.name, "uproot writes no half-precision numbers"
        if 0 in variable.shape:
            return variable.name, "its arrays have no elements"
    for collection in schema.collections:
        if collection.attributes.get("regular") == 0:
            return collection.name, "its lists have the fixed length 0"
    return None


class NTupleWriter:
    """An RNTuple being filled; each block becomes a cluster."""

    def __init__(self, file: Any, schema: Schema) -> None:
        self._schema = _strings(schema)
        form = _record(EventTable.empty(self._schema)).layout.form
        documented = ak.forms.RecordForm(
            [
                _titled(content, _title(self._schema, field))
                for field, content in zip(form.fields, form.contents, strict=True)
            ],
            form.fields,
        )
        self._ntuple = file.mkrntuple(schema.name, documented, schema.attributes.get("title", ""))

    def write(self, block: EventTable) -> None:
        """Append a block."""
        self._ntuple.extend(_record(replace(block, schema=self._schema)))


def _record(table: EventTable) -> ak.Array:
    columns = to_fields(table)
    contents = [column.layout for column in columns.values()]
    return ak.Array(ak.contents.RecordArray(contents, list(columns), length=table.n_events))


def _titled(form: Any, title: str) -> Any:
    return form.copy(parameters={**form.parameters, "__doc__": title}) if title else form


def _title(schema: Schema, field: str) -> str:
    variable = schema.by_name.get(field.replace(".", "\\.") if schema.attributes.get("records") else field)
    return str(variable.attributes.get("title", "")) if variable else ""


def _strings(schema: Schema) -> Schema:
    """ROOT has one kind of string, and does not mind bytes that are no UTF-8."""
    collections = tuple(
        replace(c, attributes={k: v for k, v in c.attributes.items() if k != "bytes"})
        for c in schema.collections
    )
    return replace(schema, collections=collections)
