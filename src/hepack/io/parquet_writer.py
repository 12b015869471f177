"""Write Parquet, with the Arrow schema of the file that the events came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hepack._errors import BadRequestError
from hepack.io.arrays import fields, to_awkward
from hepack.io.arrow_arrays import arrow_field, to_arrow
from hepack.io.arrow_schema import rebuild_schema
from hepack.io.base import Sink, WriteOptions
from hepack.io.refusal import RowCount, refusal
from hepack.table import EventTable, Schema

_GROUP_BYTES = 64 << 20
_CODECS = ("snappy", "gzip", "brotli", "lz4", "zstd", "none")


class ParquetSink(Sink):
    """One table of any form."""

    def __init__(self, path: Path, attributes: Mapping[str, Any], options: WriteOptions) -> None:
        self._path, self._options = path, options
        self._original = _stored_schema(attributes)
        codec = options.compression or str(attributes.get("compression", "zstd"))
        codec = "none" if codec == "uncompressed" else codec
        if codec not in _CODECS:
            raise BadRequestError(f"Parquet compresses with {', '.join(_CODECS)}, found '{codec}'")
        self._codec = codec
        self._group_rows = max(1, int(attributes.get("rows", 1 << 20)))
        self._writer: Any = None
        self._rows: RowCount | None = None
        self._pending: list[Any] = []

    def begin(self, schema: Schema, n_events: int) -> None:
        if self._rows is not None:
            raise BadRequestError(
                f"Parquet holds one table, found another called '{schema.name}'; write root, hdf5 or npz "
                f"instead, or choose one table"
            )
        bare = [c.name for c in schema.collections if not c.counter and not self._has_values(schema, c.name)]
        if bare:
            raise refusal("Parquet", bare[0], "it has lengths but no values of its own", "root")
        self._rows = RowCount(schema.name, n_events)
        self._arrow = self._schema(schema)
        level = self._options.level if self._codec in ("zstd", "gzip", "brotli") else None
        try:
            self._writer = pq.ParquetWriter(
                self._path,
                self._arrow,
                compression=self._codec,
                compression_level=level,
                use_compliant_nested_type=not any(_old_names(field.type) for field in self._arrow),
            )
        except (pa.ArrowException, OSError) as error:
            raise BadRequestError(f"Parquet cannot hold table '{schema.name}': {error}") from error

    @staticmethod
    def _has_values(schema: Schema, collection: str) -> bool:
        return any(collection in schema.ancestors(v.axis) for v in schema.variables)

    def _schema(self, schema: Schema) -> Any:
        """The original fields where the table has them, in their order, then those made for the others."""
        names = fields(schema)
        empty = EventTable.empty(schema)
        arrow = []
        known = {} if self._original is None else {f.name: f for f in self._original}
        ordered = [name for name in known if name in names]
        for name in ordered + [name for name in names if name not in known]:
            layout = to_awkward(empty, name).layout
            field = known.get(name)
            if field is None or not _fits(layout, field):
                field = arrow_field(name, layout)
                units = {v.name: v.unit for v in schema.variables}
                if units.get(name):
                    field = field.with_metadata({"unit": units[name]})
            arrow.append(field)
        return pa.schema(arrow, None if self._original is None else self._original.metadata)

    def write(self, block: EventTable) -> None:
        assert self._rows is not None
        self._rows.add(block)
        columns = []
        for field in self._arrow:
            try:
                columns.append(to_arrow(to_awkward(block, field.name).layout, field.type))
            except (pa.ArrowException, TypeError) as error:
                raise refusal("Parquet", field.name, str(error).splitlines()[0], "root") from error
        self._pending.append(pa.Table.from_arrays(columns, schema=self._arrow))
        rows = sum(table.num_rows for table in self._pending)
        if rows >= self._group_rows or sum(table.nbytes for table in self._pending) >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            self._writer.write_table(pa.concat_tables(self._pending), row_group_size=self._group_rows)
            self._pending = []

    def close(self) -> None:
        try:
            if self._rows is not None:
                self._flush()
                self._rows.finish()
        finally:
            self.abort()

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _old_names(kind: Any) -> bool:
    """Whether a list's values are called otherwise than ``element``, as before the format settled it."""
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if lists and kind.field(0).name != "element":
        return True
    return any(_old_names(kind.field(i).type) for i in range(kind.num_fields))


def _fits(layout: Any, field: Any) -> bool:
    try:
        to_arrow(layout, field.type)
    except (pa.ArrowException, TypeError, ValueError, IndexError, AttributeError):
        return False
    return bool(field.nullable) or not layout.is_option


def _stored_schema(attributes: Mapping[str, Any]) -> Any:
    """The Arrow schema in a source's attributes, None if there is none.

    Raises:
        BadRequestError: it cannot be read.
    """
    if "arrow" not in attributes:
        return None
    try:
        return rebuild_schema(attributes["arrow"])
    except (pa.ArrowException, OSError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise BadRequestError("the Arrow schema among the attributes cannot be read") from error
