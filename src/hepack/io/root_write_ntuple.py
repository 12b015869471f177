"""Write one table as an RNTuple."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import awkward as ak

from hepack.io.arrays import to_fields
from hepack.io.fieldpath import Path, has_records, join, split
from hepack.table import EventTable, Schema

_RESERVED = re.compile(r":?_[0-9]+")
"""Names of fields that stand for the parts of tuples, lists and base classes in an RNTuple."""


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
    return _record_obstacle(schema) if has_records(schema) else None


def _record_obstacle(schema: Schema) -> tuple[str, str] | None:
    """The first column whose records uproot would read back as something else, and why."""
    for variable in schema.variables:
        steps = _record_steps(schema, variable.name)
        for name in (step[-1] for step in steps):
            if _RESERVED.fullmatch(name):
                return variable.name, f"'{name}' is no name that a field of an RNTuple's records can have"
        for collection in map(schema.collection_by_name.__getitem__, schema.ancestors(variable.axis)):
            outer = len(split(collection.name, records=True))
            if collection.layout == "option" and any(len(step) > outer for step in steps):
                return variable.name, "it lies in records that may be missing"
    return None


def _record_steps(schema: Schema, name: str) -> list[Path]:
    """The beginnings of a variable's path that end with the field of a record (but not of a tuple)."""
    path = split(name, records=True)
    tuples = schema.attributes.get("tuples", ())
    starts = [path[:length] for length in range(2, len(path) + 1)]
    return [start for start in starts if join(start[:-1], records=True) not in tuples]


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

    def finish(self) -> None:
        """Nothing is left to do."""


def _record(table: EventTable) -> ak.Array:
    columns = to_fields(table)
    contents = [column.layout for column in columns.values()]
    return ak.Array(ak.contents.RecordArray(contents, list(columns), length=table.n_events))


def _titled(form: Any, title: str) -> Any:
    return form.copy(parameters={**form.parameters, "__doc__": title}) if title else form


def _title(schema: Schema, field: str) -> str:
    variable = schema.by_name.get(join((field,), records=has_records(schema)))
    return str(variable.attributes.get("title", "")) if variable else ""


def _strings(schema: Schema) -> Schema:
    """ROOT has one kind of string, and does not mind bytes that are no UTF-8."""
    collections = tuple(
        replace(c, attributes={k: v for k, v in c.attributes.items() if k != "bytes"})
        for c in schema.collections
    )
    return replace(schema, collections=collections)
