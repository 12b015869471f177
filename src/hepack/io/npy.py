"""NumPy's .npy and .npz files; the first axis of an array is the events."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.io.base import Contents, Format, ReadOptions, Sink, Skipped, Source, WriteOptions
from hepack.io.dtypes import describe
from hepack.io.location import byte_size, open_binary
from hepack.io.npy_header import MAGIC, NpyHeader, read_header
from hepack.io.npy_writer import NpySink, NpzSink
from hepack.io.records import Records
from hepack.table import EventTable, Schema

Opener = Callable[[], IO[bytes]]

_SAMPLE_EVENTS = 1024

_BROKEN = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile)
"""What the zip reader and remote files raise on damage."""


class ArrayFile:
    """One .npy array, alone or in an archive; ``size`` is its length in bytes.

    Raises:
        BadInputError: the header is broken, the values are not all there, or no column can hold them.
    """

    def __init__(self, name: str, label: str, opener: Opener, size: int) -> None:
        self.label, self._opener = label, opener
        with opener() as handle:
            self.header: NpyHeader = read_header(handle, label)
        header = self.header
        if header.dtype.hasobject:
            raise BadInputError(
                f"{label} holds pickled Python objects; save it as numbers, "
                f"or as a .pkl file to be read with --allow-pickle"
            )
        if header.nbytes > size - header.offset:
            raise BadInputError(
                f"{label} is cut short: shape {header.shape} of {header.dtype} needs {header.nbytes} bytes, "
                f"found {max(0, size - header.offset)}"
            )
        self.shape = header.shape or (1,)
        inner, first = self.shape[1:], "" if header.dtype.names else name
        self.records = Records(header.dtype, inner, name=first, sample=lambda: self._first_events())
        if not self.records.leaves:
            reasons = "; ".join(f"{item.name}: {item.reason}" for item in self.records.skipped)
            raise BadInputError(
                f"{label} holds nothing that fits a table ({reasons or 'a record without fields'})"
            )
        self.skipped = list(self.records.skipped)
        if size - header.offset > header.nbytes:
            self.skipped.append(Skipped(name, "bytes after the end of the array"))

    def schema(self, name: str) -> Schema:
        attributes = {
            "dtype": describe(self.records.dtype),
            "shape": list(self.shape[1:]),
            "fortran": self.header.fortran,
            "scalar": not self.header.shape,
        }
        return Schema(name, self.records.variables, self.records.collections, attributes)

    def blocks(self, schema: Schema, max_bytes: int) -> Iterator[EventTable]:
        """The events in blocks of about ``max_bytes``."""
        row = max(1, self.header.nbytes // max(1, self.shape[0]))
        step = max(1, max_bytes // row)
        for array in self._arrays(step):
            yield EventTable(schema, len(array), *self.records.take(array))

    def _arrays(self, step: int) -> Iterator[NDArray[Any]]:
        events = self.shape[0]
        if self.header.fortran and len(self.shape) > 1 and self.header.nbytes:
            yield from self._fortran(step)
            return
        row = self.header.nbytes // max(1, events)
        try:
            with self._opener() as handle:
                handle.read(self.header.offset)
                for start in range(0, events, step):
                    count = min(step, events - start)
                    yield self._rows(handle.read(count * row), count)
        except _BROKEN as error:
            raise BadInputError(f"{self.label} is damaged: {error}") from error

    def _rows(self, data: bytes, count: int) -> NDArray[Any]:
        shape, dtype = (count, *self.shape[1:]), self.header.dtype
        if len(data) != int(np.prod(shape)) * dtype.itemsize:
            raise BadInputError(f"{self.label} is cut short")
        return np.ndarray(shape, dtype, data)

    def _first_events(self) -> NDArray[Any]:
        none = np.empty((0, *self.shape[1:]), self.header.dtype)
        return next(self._arrays(_SAMPLE_EVENTS), none)

    def _fortran(self, step: int) -> Iterator[NDArray[Any]]:
        """Events lie scattered in the file: spread it on disk and map it, so that memory stays bounded."""
        with tempfile.TemporaryFile() as spool:
            try:
                with self._opener() as handle:
                    while piece := handle.read(1 << 22):
                        spool.write(piece)
            except _BROKEN as error:
                raise BadInputError(f"{self.label} is damaged: {error}") from error
            spool.flush()
            array = np.memmap(spool, self.header.dtype, "r", self.header.offset, self.shape, "F")
            for start in range(0, self.shape[0], step):
                yield array[start : start + step]


class NpySource(Source):
    """One array, one table called ``data``."""

    def __init__(self, path: str) -> None:
        size = byte_size(path)
        self._array = ArrayFile("data", f"'{path}'", lambda: open_binary(path), size)
        self.contents = Contents(
            format="npy",
            schemas=(self._array.schema("data"),),
            n_events=(self._array.shape[0],),
            skipped=tuple(self._array.skipped),
            attributes={"written_by": "npy"},
        )

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        return self._array.blocks(self.contents.schemas[table], max_bytes)


class NpzSource(Source):
    """A zip archive of arrays: one table for each, called by its key."""

    def __init__(self, path: str, options: ReadOptions) -> None:
        self._path = path
        self._handle = open_binary(path)
        self._arrays: list[ArrayFile] = []
        self._skipped: list[Skipped] = []
        schemas = []
        try:
            self._zip = zipfile.ZipFile(self._handle)
            for member in self._zip.infolist():
                array = self._open_member(member, options)
                if array is not None:
                    self._arrays.append(array)
                    schemas.append(array.schema(member.filename.removesuffix(".npy")))
        except _BROKEN as error:
            self._handle.close()
            raise BadInputError(f"'{path}' is a broken .npz archive: {error}") from error
        except BadInputError:
            self._handle.close()
            raise
        deflated = any(member.compress_type != zipfile.ZIP_STORED for member in self._zip.infolist())
        self.contents = Contents(
            format="npz",
            schemas=tuple(schemas),
            n_events=tuple(array.shape[0] for array in self._arrays),
            skipped=tuple(self._skipped),
            attributes={"deflated": deflated},
        )

    def _open_member(self, member: zipfile.ZipInfo, options: ReadOptions) -> ArrayFile | None:
        name = member.filename.removesuffix(".npy")
        if member.flag_bits & 1:
            raise BadInputError(f"'{self._path}' is encrypted; write it again without a password")
        if name == member.filename:
            self._skipped.append(Skipped(name, "not a .npy array"))
            return None
        if options.tables is not None and name not in options.tables:
            return None
        label = f"array '{name}' of '{self._path}'"
        try:
            array = ArrayFile(name, label, lambda: self._zip.open(member), member.file_size)
        except BadInputError as error:
            if "pickled" not in str(error) and "nothing that fits" not in str(error):
                raise
            self._skipped.append(Skipped(name, str(error)))
            return None
        self._skipped += array.skipped
        return array

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        return self._arrays[table].blocks(self.contents.schemas[table], max_bytes)

    def close(self) -> None:
        self._zip.close()
        self._handle.close()


class NpyFormat(Format):
    """One NumPy array."""

    id: ClassVar[str] = "npy"
    title: ClassVar[str] = "NumPy array"
    suffixes: ClassVar[tuple[str, ...]] = (".npy",)

    def recognises(self, path: str, head: bytes) -> bool:
        return head.startswith(MAGIC)

    def open(self, path: str, options: ReadOptions) -> Source:
        return NpySource(path)

    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        return NpySink(Path(path), restoring=bool(attributes))


class NpzFormat(Format):
    """A zip archive of NumPy arrays."""

    id: ClassVar[str] = "npz"
    title: ClassVar[str] = "NumPy archive"
    suffixes: ClassVar[tuple[str, ...]] = (".npz",)

    def recognises(self, path: str, head: bytes) -> bool:
        if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return False
        name_length = int.from_bytes(head[26:28], "little")
        return path.lower().endswith(".npz") or head[30 : 30 + name_length].endswith(b".npy")

    def open(self, path: str, options: ReadOptions) -> Source:
        return NpzSource(path, options)

    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        deflated = bool(attributes.get("deflated", False))
        if options.compression is not None:
            deflated = options.compression not in ("none", "stored")
        return NpzSink(Path(path), restoring=bool(attributes), deflated=deflated)
