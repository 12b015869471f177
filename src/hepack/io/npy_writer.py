"""Write .npy arrays and .npz archives block by block."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.io.base import Sink
from hepack.io.dtypes import restore
from hepack.io.records import Records
from hepack.io.refusal import RowCount, check_flat, refusal
from hepack.table import EventTable, Schema


class _Layout:
    """How the events of one table lie in an array: the one they came from, or one made for them."""

    def __init__(self, schema: Schema, n_events: int, *, restoring: bool) -> None:
        self.schema = schema
        self.records = self._original(schema) if restoring else None
        if self.records is not None:
            self.dtype, inner = self.records.dtype, self.records.shape
            self.fortran = bool(schema.attributes.get("fortran", False))
            scalar = bool(schema.attributes.get("scalar", False)) and n_events == 1
        else:
            self.dtype, inner = self._made(schema)
            self.fortran = scalar = False
        self.shape: tuple[int, ...] = () if scalar else (n_events, *inner)

    @staticmethod
    def _original(schema: Schema) -> Records | None:
        """The source's own array, if the table still has all its columns and no other."""
        if "dtype" not in schema.attributes:
            return None
        dtype = restore(schema.attributes["dtype"])
        shape = tuple(int(n) for n in schema.attributes.get("shape", ()))
        name = "" if dtype.names else next((v.name for v in schema.variables), "")
        records = Records(dtype, shape, name=name)
        same = len(records.variables) == len(schema.variables) and records.holds(schema.by_name)
        return records if same else None

    @staticmethod
    def _made(schema: Schema) -> tuple[np.dtype[Any], tuple[int, ...]]:
        check_flat(schema, "a NumPy array", shapes=True)
        text = next((v.name for v in schema.variables if v.kind == "text"), None)
        if text is not None:
            raise refusal("a NumPy array", text, "it is text of any length", "hdf5, parquet or csv")
        if not schema.variables:
            raise BadRequestError(f"table '{schema.name}' has no columns, so there is no array to write")
        if len(schema.variables) == 1:
            return schema.variables[0].dtype, schema.variables[0].shape
        return np.dtype([(v.name, v.dtype, v.shape) for v in schema.variables]), ()

    def array(self, block: EventTable) -> NDArray[Any]:
        """A block's events in the array's dtype, shape ``(events, ...)``."""
        if self.records is not None:
            return self.records.give(block)
        if self.dtype.names is None:
            return block.columns[self.schema.variables[0].name]
        array = np.zeros(block.n_events, self.dtype)
        for name in self.dtype.names:
            array[name] = block.columns[name]
        return array

    def header(self) -> bytes:
        out = io.BytesIO()
        np.lib.format.write_array_header_1_0(out, self._header_fields())
        return out.getvalue()

    def _header_fields(self) -> dict[str, Any]:
        descr = np.lib.format.dtype_to_descr(self.dtype)
        return {"descr": descr, "fortran_order": self.fortran, "shape": self.shape}


class _ArrayWriter:
    """Writes one array to ``out``; one in Fortran order is put together in a file on disk first."""

    def __init__(self, out: IO[bytes], schema: Schema, n_events: int, *, restoring: bool) -> None:
        self._out = out
        self._layout = layout = _Layout(schema, n_events, restoring=restoring)
        self._rows = RowCount(schema.name, n_events)
        out.write(self._header())
        self._spool: IO[bytes] | None = None
        self._map: NDArray[Any] | None = None
        if layout.fortran and len(layout.shape) > 1 and 0 not in layout.shape:
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115
            self._map = np.memmap(self._spool, layout.dtype, "w+", 0, layout.shape, "F")

    def _header(self) -> bytes:
        try:
            return self._layout.header()
        except ValueError:  # names beyond latin-1, or over 64 kB of fields
            out = io.BytesIO()
            stub = np.lib.stride_tricks.as_strided(
                np.zeros(1, self._layout.dtype), self._layout.shape, [0] * len(self._layout.shape)
            )
            np.lib.format.write_array_header_2_0(out, np.lib.format.header_data_from_array_1_0(stub))
            return out.getvalue()

    def write(self, block: EventTable) -> None:
        rows = self._rows.add(block)
        array = self._layout.array(block)
        if self._map is not None:
            self._map[rows] = array
        elif array.nbytes:
            self._out.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)

    def close(self) -> None:
        self._rows.finish()
        if self._spool is not None and isinstance(self._map, np.memmap):
            self._map.flush()
            self._map = None
            self._spool.seek(0)
            while piece := self._spool.read(1 << 22):
                self._out.write(piece)
        self.abort()

    def abort(self) -> None:
        if self._spool is not None:
            self._spool.close()


class NpySink(Sink):
    """One table: one variable as a plain array, several as an array of records."""

    def __init__(self, path: Path, *, restoring: bool) -> None:
        self._handle = path.open("wb")
        self._restoring = restoring
        self._writer: _ArrayWriter | None = None

    def begin(self, schema: Schema, n_events: int) -> None:
        if self._writer is not None:
            raise BadRequestError("a .npy file holds one table; write npz, hdf5 or root instead")
        self._writer = _ArrayWriter(self._handle, schema, n_events, restoring=self._restoring)

    def write(self, block: EventTable) -> None:
        assert self._writer is not None
        self._writer.write(block)

    def close(self) -> None:
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            self._handle.close()

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()
        self._handle.close()


class NpzSink(Sink):
    """One array for each table."""

    def __init__(self, path: Path, *, restoring: bool, deflated: bool) -> None:
        method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
        self._zip = zipfile.ZipFile(path, "w", method, allowZip64=True)
        self._restoring = restoring
        self._member: IO[bytes] | None = None
        self._writer: _ArrayWriter | None = None

    def begin(self, schema: Schema, n_events: int) -> None:
        self._finish_table()
        info = zipfile.ZipInfo(schema.name + ".npy")
        if info.filename in self._zip.namelist():
            raise BadRequestError(
                f"an .npz file cannot hold two tables called '{schema.name}'; write root instead"
            )
        info.compress_type = self._zip.compression
        self._member = self._zip.open(info, "w", force_zip64=True)
        self._writer = _ArrayWriter(self._member, schema, n_events, restoring=self._restoring)

    def write(self, block: EventTable) -> None:
        assert self._writer is not None
        self._writer.write(block)

    def _finish_table(self) -> None:
        if self._writer is not None and self._member is not None:
            self._writer.close()
            self._member.close()
        self._writer = self._member = None

    def close(self) -> None:
        try:
            self._finish_table()
        finally:
            self.abort()

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()
        if self._member is not None:
            self._member.close()
        self._zip.close()
