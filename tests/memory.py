"""Pack tables that exist in memory only, through the same door as files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from hepack.archive.pack import PackResult, pack
from hepack.codec.recipe import Recipe
from hepack.io import Contents, Skipped, Source
from hepack.table import EventTable, Tolerance


class MemorySource(Source):
    """Tables in blocks of ``events`` events."""

    def __init__(self, tables: Sequence[EventTable], events: int, skipped: tuple[Skipped, ...] = ()) -> None:
        self._tables, self._events = tables, events
        self.contents = Contents(
            format="memory",
            schemas=tuple(table.schema for table in tables),
            n_events=tuple(len(table) for table in tables),
            skipped=skipped,
        )

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        whole = self._tables[table]
        for start in range(0, len(whole), self._events):
            yield whole.slice(start, start + self._events)


def pack_tables(
    path: Path, *tables: EventTable, events: int = 10**9, recipe: Recipe | None = None, **keywords: Any
) -> PackResult:
    """Pack tables into ``path``, blocks of ``events`` events. Tolerances come from the tables' schemas."""
    original = path.with_suffix(".original")
    original.write_bytes(b"in memory")
    source = MemorySource(tables, events)
    chosen = recipe or Recipe()
    rules = tuple(
        (v.name, v.tolerance) for t in tables for v in t.schema.variables if not v.tolerance.is_lossless
    )
    chosen = dataclasses.replace(chosen, rules=(*chosen.rules, *rules))
    with mock.patch("hepack.archive.pack.open_source", return_value=source):
        return pack(original, path, chosen, **keywords)


def with_tolerance(table: EventTable, tolerance: Tolerance) -> EventTable:
    """The table with one tolerance for all floats."""
    variables = tuple(
        dataclasses.replace(v, tolerance=tolerance) if v.dtype.kind == "f" else v
        for v in table.schema.variables
    )
    schema = dataclasses.replace(table.schema, variables=variables)
    return dataclasses.replace(table, schema=schema)
