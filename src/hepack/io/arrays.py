"""Awkward arrays to an `EventTable` and back (names: see `hepack.io.fieldpath`).

==================== ===================================================================
awkward type         in the table
==================== ===================================================================
number, bool         a variable; fixed inner dimensions become its ``shape``
complex, date, time  a variable with an attribute (``complex``, ``time``)
var * X              a collection, and X on its axis
string, bytes        a text collection with one uint8 variable
?X                   an option collection, and X on its axis
{a: X, b: Y}         names joined by dots; ``schema.attributes["records"]`` is set
n * X, X no number   a collection with the attribute ``regular``
==================== ===================================================================

Unions, empty records and unknown types are left out and reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import awkward as ak

from hepack._errors import BadInputError, BadRequestError
from hepack.io.base import Skipped
from hepack.io.fieldpath import has_records, members_of
from hepack.io.flatten import Flattener, contains_record
from hepack.io.rebuild import Rebuilder
from hepack.table import EVENTS, EventTable, Schema
from hepack.table.names import unknown_name


def from_awkward(
    fields: Mapping[str, ak.Array], *, name: str, schema: Schema | None = None
) -> tuple[EventTable, list[Skipped]]:
    """Flatten arrays of equal length into a table called ``name``; says also what had to be left out.

    ``schema`` is the one that an earlier block of the same columns gave: the table then takes it over
    (kinds, units, attributes), after a check that names, axes and dtypes agree.

    Raises:
        BadInputError: the columns differ in length, or from ``schema``.
    """
    layouts = {field: ak.to_layout(array) for field, array in fields.items()}
    lengths = {len(layout) for layout in layouts.values()}
    if len(lengths) > 1:
        raise BadInputError(f"the columns of '{name}' have different numbers of events: {sorted(lengths)}")
    records = (schema is not None and has_records(schema)) or any(map(contains_record, layouts.values()))
    flat = Flattener(records)
    for field, layout in layouts.items():
        flat.visit(layout, (field,), EVENTS)
    attributes: dict[str, Any] = {"records": True} if records else {}
    if flat.tuples:
        attributes["tuples"] = flat.tuples
    found = Schema(name, tuple(flat.variables), tuple(flat.collections), attributes)
    found = found.select(set(found.by_name))  # a collection around something left out holds nothing
    if schema is not None:
        _check_same(found, schema)
    offsets = {collection.name: flat.offsets[collection.name] for collection in found.collections}
    return EventTable(schema or found, max(lengths, default=0), offsets, flat.columns), flat.skipped


def fields(schema: Schema) -> list[str]:
    """The top-level fields of a table: columns, records, counters; in the order of the schema."""
    return list(members_of(schema))


def variables_of(schema: Schema, field: str) -> set[str]:
    """The variables that make up a field. For a counter: one variable inside its collection, if any.

    Raises:
        BadRequestError: there is no such field.
    """
    members = _known(schema, field)
    if not members:
        collection = schema.counters[field].name
        inside = [v for v in schema.variables if collection in schema.ancestors(v.axis)]
        return {v.name for v in inside[:1]}
    return {v.name for v in members}


def to_awkward(table: EventTable, field: str) -> ak.Array:
    """One field of a table as an awkward array with ``table.n_events`` entries.

    Raises:
        BadRequestError: there is no such field.
    """
    members = _known(table.schema, field)
    if not members:
        return _counts(table, field)
    return ak.Array(Rebuilder(table, members).layout())


def to_fields(table: EventTable) -> dict[str, ak.Array]:
    """Every field of a table, as `to_awkward` gives it."""
    return {
        field: ak.Array(Rebuilder(table, members).layout()) if members else _counts(table, field)
        for field, members in members_of(table.schema).items()
    }


def _known(schema: Schema, field: str) -> list[Any]:
    members = members_of(schema)
    if field not in members:
        raise BadRequestError(unknown_name(field, list(members), f"table '{schema.name}'"))
    return members[field]


def _counts(table: EventTable, counter: str) -> ak.Array:
    """The lengths that a counter column holds, in the shape in which its collection lies."""
    collection = table.schema.counters[counter]
    layout: Any = ak.contents.NumpyArray(table.counts(collection.name).astype(collection.counter_dtype))
    for name in reversed(table.schema.ancestors(collection.parent)):
        layout = ak.contents.ListOffsetArray(ak.index.Index64(table.offsets[name]), layout)
    return ak.Array(layout)


def _check_same(found: Schema, expected: Schema) -> None:
    """Raise unless two blocks of a file have the same columns, apart from kinds and units."""
    before, after = _essence(expected), _essence(found)
    if before != after:
        names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        listed = ", ".join(kind_name[1] for kind_name in names[:5])
        raise BadInputError(f"the columns of '{expected.name}' change within the file: {listed}")


def _essence(schema: Schema) -> dict[tuple[str, str], Any]:
    variables = {
        ("variable", v.name): (
            v.dtype,
            v.axis,
            v.shape,
            v.attributes.get("time"),
            v.attributes.get("complex"),
        )
        for v in schema.variables
    }
    collections = {
        ("collection", c.name): (c.parent, c.layout, c.attributes.get("regular"), c.attributes.get("bytes"))
        for c in schema.collections
    }
    return {**variables, **collections}
