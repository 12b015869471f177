"""HDF5: every dataset of the file, of any rank; the first axis is the events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from hepack._errors import BadInputError
from hepack._optional import require
from hepack.io.base import Contents, Format, ReadOptions, Sink, Skipped, Source, WriteOptions
from hepack.io.dtypes import describe
from hepack.io.hdf5_tree import Share, attributes_to_json, share_out, unit_of, walk
from hepack.io.hdf5_writer import Hdf5Sink
from hepack.io.location import open_binary
from hepack.io.records import Records
from hepack.table import EventTable, Schema

SIGNATURE = b"\x89HDF\r\n\x1a\n"

_BROKEN = (OSError, RuntimeError, ValueError, KeyError, TypeError, UnicodeDecodeError, MemoryError)
"""What h5py raises on damaged files."""

_SAMPLE_EVENTS = 64


class Hdf5Source(Source):
    """An open HDF5 file."""

    def __init__(self, path: str, options: ReadOptions) -> None:
        h5py = require("h5py", extra="hdf5", purpose="reading HDF5")
        self.path = path
        self._handle = open_binary(path)
        try:
            self._file = h5py.File(self._handle, "r")
        except _BROKEN as error:
            self._handle.close()
            raise BadInputError(f"'{path}' is not a sound HDF5 file: {error}") from error
        self._records: list[list[Records]] = []
        self._shares: list[Share] = []
        try:
            self.contents = self._survey(options)
        except _BROKEN as error:
            self.close()
            raise BadInputError(f"'{path}' is a damaged HDF5 file: {error}") from error

    def _survey(self, options: ReadOptions) -> Contents:
        tree = walk(self._file)
        self._datasets = tree.datasets
        skipped = tree.skipped
        groups = {path: attributes_to_json(group, path, skipped) for path, group in tree.groups.items()}
        schemas = []
        for share in share_out(tree.datasets):
            if options.tables is not None and share.name not in options.tables:
                continue
            schema = self._schema(share, skipped)
            if schema is not None:
                schemas.append(schema)
        return Contents(
            format="hdf5",
            schemas=tuple(schemas),
            n_events=tuple(share.n_events for share in self._shares),
            skipped=tuple(skipped),
            attributes={"groups": groups},
        )

    def _schema(self, share: Share, skipped: list[Skipped]) -> Schema | None:
        """The table of some datasets; None when nothing of them fits."""
        every: list[Records] = []
        notes: list[dict[str, Any]] = []
        for path in share.paths:
            dataset = self._datasets[path]
            attributes = attributes_to_json(dataset, path, skipped)
            base = path.rpartition("/")[2]
            records = Records(
                dataset.dtype,
                dataset.shape[1:],
                name=base,
                unit=unit_of(attributes),
                sample=lambda: self._read(dataset, 0, _SAMPLE_EVENTS),  # noqa: B023  (called at once)
            )
            skipped += [Skipped(f"{path}: {item.name}", item.reason) for item in records.skipped]
            if records.leaves:
                every.append(records)
                notes.append(_storage(dataset, records) | {"path": path, "attributes": attributes})
        if not every:
            return None
        kept = tuple(note["path"] for note in notes)
        self._records.append(every)
        self._shares.append(Share(share.name, kept, share.n_events, share.scalar))
        return Schema(
            share.name,
            tuple(variable for records in every for variable in records.variables),
            tuple(collection for records in every for collection in records.collections),
            {"datasets": notes, "scalar": share.scalar},
        )

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        share, schema = self._shares[table], self.contents.schemas[table]
        try:
            start, step = 0, min(_SAMPLE_EVENTS, share.n_events)
            while start < share.n_events:
                stop = min(start + step, share.n_events)
                block = self._block(table, schema, start, stop)
                step = max(1, int(max_bytes * (stop - start) / max(1, block.nbytes)))
                start = stop
                yield block
        except _BROKEN as error:
            raise BadInputError(
                f"'{self.path}': the values of '{share.name}' are damaged: {error}"
            ) from error

    def _block(self, table: int, schema: Schema, start: int, stop: int) -> EventTable:
        share = self._shares[table]
        offsets: dict[str, Any] = {}
        columns: dict[str, Any] = {}
        for path, records in zip(share.paths, self._records[table], strict=True):
            dataset = self._datasets[path]
            array = self._read(dataset, start, stop)
            cuts, found = records.take(array)
            offsets |= cuts
            columns |= found
        return EventTable(schema, stop - start, offsets, columns)

    def stored_bytes(self, table: int) -> dict[str, int]:
        """For datasets of one variable, but not of lists or strings: these lie elsewhere in the file."""
        found = {}
        for path, records in zip(self._shares[table].paths, self._records[table], strict=True):
            dataset = self._datasets[path]
            if len(records.variables) == 1 and dataset.dtype.names is None and not dataset.dtype.hasobject:
                found[records.variables[0].name] = int(dataset.id.get_storage_size())
        return found

    @staticmethod
    def _read(dataset: Any, start: int, stop: int) -> Any:
        """Some events of a dataset; a scalar is one event."""
        return dataset[start:stop] if dataset.shape else _as_array(dataset[()], dataset.dtype)

    def close(self) -> None:
        self._file.close()
        self._handle.close()


def _as_array(value: Any, dtype: Any) -> Any:
    """A scalar dataset's value as an array of one event."""
    import numpy as np

    array = np.empty(1, dtype)
    array[0] = value
    return array


def _storage(dataset: Any, records: Records) -> dict[str, Any]:
    """How a dataset is stored, for the writer; only what is not the default."""
    note: dict[str, Any] = {"dtype": describe(records.dtype), "shape": list(dataset.shape[1:])}
    if dataset.chunks:
        note["chunks"] = list(dataset.chunks)
    if dataset.compression:
        note["compression"] = dataset.compression
        if isinstance(dataset.compression_opts, int):
            note["level"] = dataset.compression_opts
    for name in ("shuffle", "fletcher32"):
        if getattr(dataset, name):
            note[name] = True
    if dataset.shape and dataset.maxshape != dataset.shape:
        note["maxshape"] = list(dataset.maxshape)
    return note


class Hdf5Format(Format):
    """Datasets of any rank in a tree of groups."""

    id: ClassVar[str] = "hdf5"
    title: ClassVar[str] = "HDF5"
    suffixes: ClassVar[tuple[str, ...]] = (".h5", ".hdf5", ".hdf", ".he5")

    def recognises(self, path: str, head: bytes) -> bool:
        # a user block of 512, 1024 or 2048 bytes may come before the signature
        return any(head[start : start + 8] == SIGNATURE for start in (0, 512, 1024, 2048))

    def open(self, path: str, options: ReadOptions) -> Source:
        return Hdf5Source(path, options)

    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        return Hdf5Sink(Path(path), attributes, options)
