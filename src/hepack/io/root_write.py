"""Write ROOT files: each table as a TTree where that can hold it, else as an RNTuple."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import uproot

from hepack._errors import BadRequestError
from hepack.io.base import Sink, WriteOptions
from hepack.io.fieldpath import has_records
from hepack.io.refusal import RowCount, refusal
from hepack.io.root_write_ntuple import NTupleWriter, ntuple_obstacle
from hepack.io.root_write_tree import TreeWriter, tree_obstacle
from hepack.table import EventTable, Schema

CONTAINERS = ("ttree", "rntuple")

_DEFAULT_LEVEL = {"ZSTD": 5, "LZMA": 5, "ZLIB": 1, "LZ4": 4}


class _Writer(Protocol):
    def write(self, block: EventTable) -> None: ...

    def finish(self) -> None: ...


class RootSink(Sink):
    """A ROOT file being written. ``notes`` tells what is kept in another form than asked for."""

    def __init__(self, path: Path, attributes: Mapping[str, Any], options: WriteOptions) -> None:
        if options.container is not None and options.container not in CONTAINERS:
            raise BadRequestError(f"ROOT has no container '{options.container}'; choose ttree or rntuple")
        self.notes: list[str] = []
        self._container = options.container
        self._writer: _Writer | None = None
        self._rows: RowCount | None = None
        compression = _compression(attributes, options)
        self._file = uproot.recreate(path, compression=compression)

    def begin(self, schema: Schema, n_events: int) -> None:
        self._finish()
        plain = _without_marks(schema)
        container = self._container or schema.attributes.get("container", "ttree")
        if not schema.variables:
            raise refusal("ROOT", schema.name, "the table has no columns", "hdf5")
        obstacle = ntuple_obstacle(plain)
        if obstacle:
            raise refusal("ROOT", *obstacle, "parquet" if has_records(plain) else "hdf5 or parquet")
        if container == "ttree":
            hindrance = tree_obstacle(plain)
            if hindrance:
                container = self._instead(schema.name, *hindrance)
        if plain != schema:
            self.notes.append(
                f"times and complex numbers of table '{schema.name}' are written as plain numbers"
            )
        if any(collection.attributes.get("bytes") for collection in schema.collections):
            self.notes.append(f"byte strings of table '{schema.name}' are written as strings")
        if container == "ttree":
            self._writer = TreeWriter(self._file, plain, n_events)
        else:
            self._writer = NTupleWriter(self._file, plain)
        self._rows = RowCount(schema.name, n_events)

    def _instead(self, table: str, column: str, why: str) -> str:
        """The container for a table that a TTree cannot hold."""
        if self._container is not None:
            raise BadRequestError(
                f"a TTree cannot hold the column '{column}' of table '{table}': {why}; "
                f"choose the container rntuple instead"
            )
        self.notes.append(
            f"table '{table}' is written as an RNTuple, because a TTree cannot hold the "
            f"column '{column}': {why}"
        )
        return "rntuple"

    def write(self, block: EventTable) -> None:
        assert self._writer is not None
        assert self._rows is not None
        self._rows.add(block)
        if block.n_events:
            self._writer.write(replace(block, schema=_without_marks(block.schema)))

    def _finish(self) -> None:
        if self._rows is not None and self._writer is not None:
            self._writer.finish()
            self._rows.finish()

    def close(self) -> None:
        try:
            self._finish()
        finally:
            self._file.close()

    def abort(self) -> None:
        self._file.close()


def _compression(attributes: Mapping[str, Any], options: WriteOptions) -> Any:
    """What was asked for, else what the source had, else zstd."""
    name = (options.compression or attributes.get("compression") or "zstd").upper()
    if name == "NONE":
        return None
    if name not in _DEFAULT_LEVEL:
        raise BadRequestError(
            f"ROOT has no compression '{name.lower()}'; choose zstd, lzma, zlib, lz4 or none"
        )
    level = options.level
    if level is None and options.compression is None:
        level = attributes.get("level")
    if level is None:
        level = _DEFAULT_LEVEL[name]
    if not 0 <= level <= 22:
        raise BadRequestError(f"the compression level {level} is not between 0 and 22")
    return getattr(uproot, name)(min(level, 22 if name == "ZSTD" else 9))


def _without_marks(schema: Schema) -> Schema:
    """The schema with times and complex numbers as the plain numbers that they are stored as."""
    marks = {"time", "complex"}
    if not any(marks & v.attributes.keys() for v in schema.variables):
        return schema
    variables = tuple(
        replace(v, attributes={key: value for key, value in v.attributes.items() if key not in marks})
        for v in schema.variables
    )
    return replace(schema, variables=variables)
