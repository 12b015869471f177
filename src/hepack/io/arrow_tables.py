"""Arrow record batches to event tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import awkward as ak
import pyarrow as pa

from hepack._errors import BadInputError
from hepack.io.arrays import from_awkward
from hepack.io.base import Skipped
from hepack.io.grouping import Grouping, decide
from hepack.io.naming import unit_in, with_unit
from hepack.table import EventTable, Schema

_FAILURES = (
    pa.ArrowException,
    NotImplementedError,
    TypeError,
    ValueError,
    KeyError,
    AssertionError,
    AttributeError,
)
"""What a type that Awkward does not know can raise."""


class BatchReader:
    """The plan for the batches of one file: which columns, which of them cannot be null, how they group."""

    def __init__(self, grouping: Grouping, columns: list[str], whole: set[str], row_bytes: int) -> None:
        self.schema, self.columns = grouping.schema, columns
        self._grouping = grouping
        self._whole, self._row_bytes = whole, row_bytes

    @classmethod
    def plan(
        cls,
        arrow: Any,
        whole: set[str],
        batches: Callable[[list[str]], Iterator[Any]],
        ungrouped: frozenset[str],
    ) -> tuple[BatchReader, list[Skipped]]:
        """Make the schema from the first batch; ``whole`` are columns known to have no nulls.

        Other columns are read through once to see whether they have any. The groups named in
        ``ungrouped`` are not made.
        """
        twice = sorted({name for name in arrow.names if arrow.names.count(name) > 1})
        if twice:
            raise BadInputError(f"two columns are called '{twice[0]}'")
        skipped, columns = [], []
        for field in arrow:
            reason = _obstacle(field)
            if reason:
                skipped.append(Skipped(field.name, reason))
            else:
                columns.append(field.name)
        unsure = [name for name in columns if name not in whole and _nullable(arrow.field(name))]
        whole = set(columns) - _with_nulls(batches(unsure), unsure) if unsure else set(columns)
        empty = pa.RecordBatch.from_pylist([], pa.schema([arrow.field(name) for name in columns]))
        first = next(batches(columns), empty) if columns else empty
        table, more = from_awkward(_fields(first, columns, whole), name="Events")
        united = EventTable(_with_units(table.schema, arrow), len(table), table.offsets, table.columns)
        grouping = decide(united, ungrouped=ungrouped)
        row_bytes = max(1, table.nbytes // max(1, table.n_events))
        return cls(grouping, columns, whole, row_bytes), skipped + more

    def rows_for(self, max_bytes: int) -> int:
        return max(1, min(max_bytes // self._row_bytes, 1 << 24))

    def table(self, batch: Any) -> EventTable:
        """A batch as a block.

        Raises:
            BadInputError: its columns differ from those of the first batch.
            GroupingError: columns of one group differ in length here.
        """
        separate = self._grouping.separate
        found = _fields(batch, self.columns, self._whole)
        return self._grouping.apply(from_awkward(found, name="Events", schema=separate)[0])


def _fields(batch: Any, columns: list[str], whole: set[str]) -> dict[str, ak.Array]:
    fields = {}
    for name in columns:
        array = _plain(batch.column(name))
        field = pa.field(name, array.type, batch.schema.field(name).nullable)
        # as a batch, not as an array: only then does "nullable" count where this batch has no null
        one = ak.from_arrow(pa.record_batch([array], schema=pa.schema([field])), highlevel=False)
        layout = one.content(0) if one.is_record else one.project().content(0)
        fields[name] = ak.Array(_without_options(layout) if name in whole else layout)
    return fields


def _plain(array: Any) -> Any:
    """The storage of an extension array; anything else as it is."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _without_options(layout: Any) -> Any:
    """Take the wrappers for missing values off, where none is missing."""

    def unwrap(node: Any, **_: Any) -> Any:
        return _without_options(node.project()) if node.is_option else None

    return ak.transform(unwrap, layout, highlevel=False)


def _nullable(field: Any) -> bool:
    kind = field.type
    return bool(field.nullable) or any(_nullable(kind.field(i)) for i in range(kind.num_fields))


def _with_nulls(batches: Iterator[Any], columns: list[str]) -> set[str]:
    found: set[str] = set()
    for batch in batches:
        found |= {name for name in columns if name not in found and _has_nulls(batch.column(name))}
    return found


def _has_nulls(array: Any) -> bool:
    if array.null_count:
        return True
    array = _plain(array)
    if pa.types.is_struct(array.type):
        return any(map(_has_nulls, array.flatten()))
    if pa.types.is_dictionary(array.type):
        return bool(array.dictionary.null_count)
    if pa.types.is_nested(array.type) and hasattr(array, "flatten"):
        return _has_nulls(array.flatten())
    return False


def _obstacle(field: Any) -> str:
    """Why a column cannot be carried: tried with no events at all."""
    kind = field.type
    if pa.types.is_null(kind):
        return "a column that has nulls only"
    if _contains(kind, pa.types.is_decimal):
        return f"decimal numbers ({kind})"
    if _contains(kind, pa.types.is_map) or _contains(kind, pa.types.is_union):
        return f"the type {kind}"
    if _contains(kind, pa.types.is_fixed_size_binary) or _contains(kind, pa.types.is_interval):
        return f"the type {kind}"
    try:
        empty = pa.RecordBatch.from_pylist([], pa.schema([field]))
        _, skipped = from_awkward(_fields(empty, [field.name], set()), name="Events")
    except _FAILURES as error:
        return f"the type {kind} ({type(error).__name__})"
    return skipped[0].reason if skipped else ""


def _contains(kind: Any, test: Callable[[Any], bool]) -> bool:
    return test(kind) or any(_contains(kind.field(i).type, test) for i in range(kind.num_fields))


def _with_units(schema: Schema, arrow: Any) -> Schema:
    """Units from the fields' own metadata, where a writer left them."""
    units = {}
    for field in arrow:
        notes = {key.lower(): value for key, value in (field.metadata or {}).items()}
        stated = notes.get(b"unit", notes.get(b"units", b"")).decode("utf-8", "replace")
        described = unit_in(notes.get(b"description", notes.get(b"doc", b"")).decode("utf-8", "replace"))
        if stated or described:
            units[field.name] = stated or described
    if not units:
        return schema
    variables = tuple(
        with_unit(v, units[v.name]) if v.name in units and v.kind != "text" else v for v in schema.variables
    )
    return replace(schema, variables=variables)
