"""`EventFile`: any file that hepack reads, packed or not, read more than once and block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from hepack._errors import BadInputError, BadRequestError
from hepack.archive.ahead import ahead
from hepack.archive.inspect import is_packed
from hepack.archive.order import as_stored
from hepack.archive.packed import PackedFile
from hepack.evaluate.results import SampleInfo
from hepack.io import GroupingError, ReadOptions, open_source
from hepack.io.location import byte_size
from hepack.table import EventTable, Order, Schema

BLOCK_BYTES = 16 << 20


@dataclass(frozen=True)
class Stored:
    """How a table of a packed file is stored: in which order, in blocks of how many events."""

    order: Order = field(default_factory=Order)
    lengths: tuple[int, ...] = ()


class EventFile:
    """The tables of a file; those of a packed one say in their schemas what it promises."""

    def __init__(
        self, path: str | os.PathLike[str], read: ReadOptions | None = None, format_id: str | None = None
    ) -> None:
        self.path, self.format_id = os.fspath(path), format_id
        self.read = read or ReadOptions()
        self.packed = format_id is None and is_packed(self.path)
        self.bytes = byte_size(self.path)
        if self.packed:
            with PackedFile(self.path) as packed:
                self.format = "hpk"
                self.schemas = packed.plan.schemas
                self.n_events = tuple(len(table) for table in packed.tables)
                self.stored = tuple(
                    Stored(packed.plan.order(table.number), tuple(block.n_events for block in table.blocks))
                    for table in packed.tables
                )
        else:
            self._open_plain()
            self.stored = tuple(Stored() for _ in self.schemas)

    def _open_plain(self) -> None:
        """Read through once if collections might turn out to differ in length later on."""
        while True:
            try:
                with open_source(self.path, self.read, format_id=self.format_id) as source:
                    self.format, self.schemas = source.contents.format, source.contents.schemas
                    self.n_events = source.contents.n_events
                    if any(schema.collections for schema in self.schemas) and self.format in (
                        "root",
                        "parquet",
                        "hdf5",
                    ):
                        for number in range(len(self.schemas)):
                            for _ in source.blocks(number, max_bytes=BLOCK_BYTES):
                                pass
                return
            except GroupingError as error:
                self.read = replace(self.read, ungrouped=self.read.ungrouped | {error.collection})


class FileTable:
    """One table of an `EventFile`, as a `hepack.evaluate.sample.Sample`."""

    def __init__(self, file: EventFile, number: int) -> None:
        self.file, self.number = file, number
        self.entries: dict[str, int] = {}
        self._wanted = Stored()

    @property
    def stored(self) -> Stored:
        """How the file itself holds the table."""
        return self.file.stored[self.number]

    def follow(self, other: FileTable) -> None:
        """Give the events in the order in which ``other``, a table of the same events, stores them.

        Raises:
            BadRequestError: this table is itself stored in another order, or has not the columns to sort by.
        """
        wanted = other.stored
        if not wanted.order or wanted == self.stored:
            return
        if self.stored.order:
            raise BadRequestError(
                f"'{self.file.path}' and '{other.file.path}' do not keep the order of '{self.schema.name}', each in "
                "its own way; compare them as two samples"
            )
        try:
            wanted.order.check(self.schema)
        except BadInputError as error:
            raise BadRequestError(
                f"'{self.file.path}' cannot be sorted as '{other.file.path}' is ({error}); compare them as two "
                "samples"
            ) from error
        self._wanted = wanted

    @property
    def schema(self) -> Schema:
        return self.file.schemas[self.number]

    @property
    def info(self) -> SampleInfo:
        """What is known of the table; entries of collections after the first pass."""
        return SampleInfo(
            file=PurePosixPath(self.file.path).name, format=self.file.format, table=self.schema.name,
            events=self.file.n_events[self.number], entries=dict(self.entries), bytes=self.file.bytes,
        )  # fmt: skip

    def blocks(self) -> Iterator[EventTable]:
        """All events in order, one block made ahead in a thread."""
        entries: dict[str, int] = {}
        for block in as_stored(self._read(), self._wanted.lengths, self._wanted.order):
            for collection in self.schema.collections:
                entries[collection.name] = entries.get(collection.name, 0) + block.length(collection.name)
            yield block
        self.entries = entries

    def _read(self) -> Iterator[EventTable]:
        opened: Any
        if self.file.packed:
            with PackedFile(self.file.path) as packed:
                yield from ahead(packed.tables[self.number].iterate())
            return
        with open_source(self.file.path, self.file.read, format_id=self.file.format_id) as opened:
            yield from ahead(opened.blocks(self.number, max_bytes=BLOCK_BYTES))


def shared_tables(
    original: EventFile, other: EventFile
) -> tuple[list[tuple[FileTable, FileTable]], tuple[str, ...]]:
    """Pairs of tables by name, or the only ones of both files; and the original's names that found no partner."""
    here = [schema.name for schema in original.schemas]
    there = [schema.name for schema in other.schemas]
    if len(here) == len(there) == 1:
        return [(FileTable(original, 0), FileTable(other, 0))], ()
    pairs = [
        (FileTable(original, i), FileTable(other, there.index(name)))
        for i, name in enumerate(here)
        if name in there
    ]
    return pairs, tuple(name for name in here if name not in there)
