"""Write HDF5 datasets block by block, in the tree and storage of the file that the events came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hepack._errors import BadRequestError
from hepack._optional import require
from hepack.io.base import Sink, WriteOptions
from hepack.io.dtypes import restore
from hepack.io.hdf5_tree import set_attributes
from hepack.io.records import Records
from hepack.io.refusal import RowCount, refusal
from hepack.table import EVENTS, EventTable, Schema, Variable

_CHUNK_BYTES = 1 << 20
_COMPRESSIONS = ("gzip", "lzf", "szip")


class _Dataset:
    """One output dataset and the columns that it is made of."""

    def __init__(
        self, file: Any, note: Mapping[str, Any], records: Records, n_events: int, scalar: bool
    ) -> None:
        self.records, self.scalar = records, scalar
        shape = () if scalar else (n_events, *records.shape)
        storage: dict[str, Any] = {}
        if not scalar:
            storage = _storage(note, shape)
        # h5py converts vlen text itself; any other dtype passes through as it is
        self.target = file.create_dataset(note["path"], shape, records.dtype, **storage)
        set_attributes(self.target, note.get("attributes", {}))

    def write(self, block: EventTable, rows: slice) -> None:
        array = self.records.give(block)
        if self.scalar:
            self.target[()] = array[0]
        elif len(self.records.leaves) == 1 and self.records.leaves[0].is_list:
            self._write_lists(array, rows)
        elif array.size:
            self.target[rows] = array

    def _write_lists(self, array: np.ndarray[Any, Any], rows: slice) -> None:
        """Below h5py's indexing, which takes lists of one length for a matrix."""
        import h5py

        if len(array):
            memory = h5py.h5s.create_simple(array.shape)
            place = self.target.id.get_space()
            place.select_hyperslab((rows.start,), array.shape)
            self.target.id.write(memory, place, array, h5py.h5t.py_create(array.dtype))


def _storage(note: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    storage: dict[str, Any] = {}
    if "chunks" in note and len(note["chunks"]) == len(shape):
        limits = tuple(note.get("maxshape", shape))
        storage["chunks"] = tuple(
            chunk if limit is None else max(1, min(chunk, max(limit, size)))
            for chunk, size, limit in zip(note["chunks"], shape, limits, strict=True)
        )
        if "maxshape" in note:
            storage["maxshape"] = tuple(
                None if limit is None else max(limit, size)
                for limit, size in zip(note["maxshape"], shape, strict=True)
            )
        compression = note.get("compression")
        if compression:
            # filters that h5py lacks are written as gzip: readable everywhere
            storage["compression"] = compression if compression in _COMPRESSIONS else "gzip"
            if storage["compression"] == "gzip" and "level" in note:
                storage["compression_opts"] = int(note["level"]) if 0 <= int(note["level"]) <= 9 else 4
        storage |= {name: True for name in ("shuffle", "fletcher32") if note.get(name)}
    return storage


class Hdf5Sink(Sink):
    """Tables as groups of datasets."""

    def __init__(self, path: Path, attributes: Mapping[str, Any], options: WriteOptions) -> None:
        h5py = require("h5py", extra="hdf5", purpose="writing HDF5")
        self._file = h5py.File(path, "w", track_order=True)
        self._restoring = "groups" in attributes
        self._options = options
        self._rows: RowCount | None = None
        self._datasets: list[_Dataset] = []
        for name, values in attributes.get("groups", {}).items():
            group = self._file.require_group(name) if name else self._file
            set_attributes(group, values)

    def begin(self, schema: Schema, n_events: int) -> None:
        if self._rows is not None:
            self._rows.finish()
        plan = self._original(schema) if self._restoring else None
        scalar = plan is not None and bool(schema.attributes.get("scalar")) and n_events == 1
        if plan is None:
            plan = self._made(schema, n_events)
        self._rows = RowCount(schema.name, n_events)
        for note, _ in plan:
            if note["path"] in self._file:
                raise BadRequestError(
                    f"HDF5 cannot hold two datasets called '{note['path']}'; write root or npz instead"
                )
        try:
            self._datasets = [
                _Dataset(self._file, self._compressed(note), records, n_events, scalar)
                for note, records in plan
            ]
        except (ValueError, TypeError, OSError, RuntimeError) as error:
            raise BadRequestError(f"HDF5 cannot hold table '{schema.name}': {error}") from error

    def _compressed(self, note: dict[str, Any]) -> dict[str, Any]:
        """The note with the compression that was asked for, if any."""
        name = self._options.compression
        if name is None:
            return note
        if name not in (*_COMPRESSIONS, "none"):
            raise BadRequestError(f"HDF5 compresses with {', '.join(_COMPRESSIONS)} or none, found '{name}'")
        note = {key: value for key, value in note.items() if key not in ("compression", "level")}
        if name == "none":
            return note
        level = {} if self._options.level is None else {"level": self._options.level}
        return note | {"compression": name} | level

    @staticmethod
    def _original(schema: Schema) -> list[tuple[dict[str, Any], Records]] | None:
        """The datasets that the table was read from, if it still has all their columns and no others."""
        plan, count = [], 0
        for note in schema.attributes.get("datasets", ()):
            base = note["path"].rpartition("/")[2]
            records = Records(restore(note["dtype"]), tuple(note["shape"]), name=base)
            if not records.holds(schema.by_name):
                return None
            plan.append((dict(note), records))
            count += len(records.variables)
        return plan if plan and count == len(schema.variables) else None

    def _made(self, schema: Schema, n_events: int) -> list[tuple[dict[str, Any], Records]]:
        """A dataset for each variable, in a group called as the table."""
        plan = []
        for variable in schema.variables:
            records = Records(_dtype(schema, variable), variable.shape, name=variable.name)
            if variable.name.startswith("/") or "//" in variable.name or variable.name in (".", ""):
                raise refusal("HDF5", variable.name, "the name is no HDF5 name", "root or parquet")
            path = f"{schema.name}/{variable.name}".replace("/./", "/")
            row = max(1, variable.width * records.dtype.itemsize)
            rows = max(1, min(n_events, _CHUNK_BYTES // row))
            note: dict[str, Any] = {"path": path}
            if n_events and 0 not in variable.shape:
                note |= {
                    "chunks": [rows, *variable.shape],
                    "compression": "gzip",
                    "level": 4,
                    "shuffle": True,
                }
            if variable.unit:
                note["attributes"] = {"units": variable.unit}
            plan.append((note, records))
        bare = [c.name for c in schema.collections if not schema.on(c.name)]
        if bare:
            raise refusal("HDF5", bare[0], "it has lengths but no values of its own", "root or parquet")
        return plan

    def write(self, block: EventTable) -> None:
        assert self._rows is not None
        rows = self._rows.add(block)
        for dataset in self._datasets:
            dataset.write(block, rows)

    def close(self) -> None:
        try:
            if self._rows is not None:
                self._rows.finish()
        finally:
            self._file.close()

    def abort(self) -> None:
        self._file.close()


def _dtype(schema: Schema, variable: Variable) -> np.dtype[Any]:
    """The HDF5 type of a variable of another format.

    Raises:
        BadRequestError: it is nested deeper than a list of numbers, or values may be missing.
    """
    if variable.axis == EVENTS:
        return variable.dtype
    collection = schema.collection_by_name[variable.axis]
    if collection.layout == "option":
        raise refusal("HDF5", variable.name, "some of its values are missing", "parquet")
    if collection.parent != EVENTS or variable.shape:
        raise refusal("HDF5", variable.name, "its lists hold more than plain numbers", "root or parquet")
    if collection.layout == "text":
        return restore({"vlen": "str"})
    return restore({"vlen": variable.dtype.str})
