"""Parquet files, read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from hepack._errors import BadInputError
from hepack._optional import require
from hepack.io.base import Contents, Format, ReadOptions, Sink, Skipped, Source, WriteOptions
from hepack.io.location import open_binary
from hepack.table import EventTable

PARQUET_MAGIC = b"PAR1"

_FIRST_EVENTS = 256
_BUFFER = 1 << 18
"""Bytes read ahead of each column; without it, Arrow reads whole row groups."""


class ParquetSource(Source):
    """An open Parquet file: one table."""

    def __init__(self, path: str, options: ReadOptions) -> None:
        pq = require("pyarrow.parquet", extra="parquet", purpose="reading Parquet")
        import pyarrow as pa

        self.path, self._broken = path, (pa.ArrowException, OSError, ValueError, KeyError, MemoryError)
        self._handle = open_binary(path)
        self._ungrouped = options.ungrouped
        try:
            self._file = pq.ParquetFile(self._handle, buffer_size=_BUFFER, pre_buffer=False)
            self.contents = self._survey()
        except self._broken as error:
            self._handle.close()
            raise self._damaged(error) from error
        except BadInputError:
            self._handle.close()
            raise

    def _damaged(self, error: BaseException) -> BadInputError:
        return BadInputError(f"'{self.path}' is not a sound Parquet file: {str(error).splitlines()[0]}")

    def _survey(self) -> Contents:
        from hepack.io.arrow_tables import BatchReader

        arrow = self._file.schema_arrow
        metadata = self._file.metadata
        self._reader, skipped = BatchReader.plan(
            arrow,
            self._without_nulls(),
            lambda columns: self._batches(columns, _FIRST_EVENTS),
            self._ungrouped,
        )
        return Contents(
            format="parquet",
            schemas=(self._reader.schema,),
            n_events=(metadata.num_rows,),
            skipped=tuple(skipped),
            attributes=self._attributes(arrow, metadata, skipped),
        )

    def _attributes(self, arrow: Any, metadata: Any, skipped: list[Skipped]) -> dict[str, Any]:
        from hepack.io.arrow_schema import describe_schema

        attributes: dict[str, Any] = {"arrow": describe_schema(arrow)}
        if metadata.num_row_groups:
            group = metadata.row_group(0)
            attributes["rows"] = group.num_rows
            if group.num_columns:
                attributes["compression"] = group.column(0).compression.lower()
        return attributes

    def _without_nulls(self) -> set[str]:
        """The top-level columns whose statistics say that no value is missing."""
        metadata = self._file.metadata
        nullable: set[str] = set()
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group)
            for index in range(rows.num_columns):
                column = rows.column(index)
                statistics = column.statistics
                counted = statistics is not None and statistics.has_null_count
                if not counted or statistics.null_count:
                    nullable.add(column.path_in_schema.split(".")[0])
        return set(self._file.schema_arrow.names) - nullable

    def _batches(self, columns: list[str], rows: int) -> Iterator[Any]:
        yield from self._file.iter_batches(batch_size=rows, columns=columns)

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        rows = self._reader.rows_for(max_bytes)
        try:
            for batch in self._batches(self._reader.columns, rows):
                if batch.num_rows:
                    yield self._reader.table(batch)
        except self._broken as error:
            raise self._damaged(error) from error

    def stored_bytes(self, table: int) -> dict[str, int]:
        from hepack.io.arrow_schema import leaf_paths
        from hepack.io.fieldpath import has_records, split

        schema, metadata = self.contents.schemas[table], self._file.metadata
        paths = [path for field in self._file.schema_arrow for path in leaf_paths(field)]
        if len(paths) != metadata.num_columns:
            return {}
        names = {split(v.name, records=has_records(schema)): v.name for v in schema.variables}
        totals = {name: 0 for path, name in names.items() if path in paths}
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            for index, path in enumerate(paths):
                if path in names:
                    totals[names[path]] += group.column(index).total_compressed_size
        return totals

    def close(self) -> None:
        self._file.close()
        self._handle.close()


class ParquetFormat(Format):
    """Apache Parquet."""

    id: ClassVar[str] = "parquet"
    title: ClassVar[str] = "Parquet"
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def recognises(self, path: str, head: bytes) -> bool:
        return head.startswith(PARQUET_MAGIC)

    def open(self, path: str, options: ReadOptions) -> Source:
        return ParquetSource(path, options)

    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        require("pyarrow.parquet", extra="parquet", purpose="writing Parquet")
        from hepack.io.parquet_writer import ParquetSink

        return ParquetSink(Path(path), attributes, options)
