"""`PackedFile`: read a packed file by event range and by variable, touching nothing else."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hepack._errors import BadRequestError, CorruptFileError
from hepack.archive.ahead import workers
from hepack.archive.models import ModelReader, model_folders
from hepack.codec.blockreader import BlockReader
from hepack.codec.plan import Plan
from hepack.container import MAX_VALUES, ArchiveReader, SectionKind, SectionRef, unpack_json
from hepack.io.location import open_binary
from hepack.learned import TableModel
from hepack.table import EventTable, Schema, join_table
from hepack.table.names import unknown_name
from hepack.table.split import component_names

if TYPE_CHECKING:
    import awkward as ak

_KEPT_HEADERS = 16
BLOCKS_AHEAD = 2
"""Blocks that are decoded, with an executor, while the caller holds one."""


@dataclass(frozen=True)
class BlockRef:
    """Events ``first`` to ``first + n_events`` of a table, and the section that holds them."""

    first: int
    n_events: int
    section: SectionRef


class PackedFile:
    """An open ``.hpk`` file, local or at an fsspec URL; use as a context manager.

    Raises (on opening and reading): BadInputError if it is no packed file, TruncatedFileError,
    CorruptFileError or LimitError if it is damaged, TooNewError if a later version wrote it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._handle = open_binary(self.path)
        try:
            self._lock = threading.Lock()
            self.reader = ArchiveReader(self._handle, self.path)
            self.summary, self.sections = self.reader.index()
            self.plan = self._read_plan()
            self.tables = tuple(
                PackedTable(self, number, schema, refs)
                for number, (schema, refs) in enumerate(zip(self.plan.schemas, self._blocks(), strict=True))
            )
        except BaseException:
            self._handle.close()
            raise

    def _read_plan(self) -> Plan:
        plans = [section for section in self.sections if section.kind == SectionKind.PLAN]
        if not plans:
            raise CorruptFileError(f"'{self.path}' has no plan")
        problem: CorruptFileError | None = None
        for section in plans:
            try:
                return Plan.from_json(unpack_json(self.reader.header(section)[1], "the plan"))
            except CorruptFileError as error:
                problem = error
        assert problem is not None
        raise problem

    def _blocks(self) -> list[list[BlockRef]]:
        found: list[list[BlockRef]] = [[] for _ in self.plan.schemas]
        for section in self.sections:
            if section.kind != SectionKind.BLOCK:
                continue
            match section.label:
                case [int(table), int(first), int(n_events)] if (
                    0 <= table < len(found) and 0 < n_events <= MAX_VALUES
                ):
                    previous = found[table][-1] if found[table] else BlockRef(0, 0, section)
                    if first != previous.first + previous.n_events:
                        raise CorruptFileError(f"the blocks of '{self.path}' do not follow each other")
                    found[table].append(BlockRef(first, n_events, section))
                case _:
                    raise CorruptFileError(f"'{self.path}' indexes a block of no table")
        return found

    def fetch(self, section: SectionRef) -> BlockReader:
        """Open a block: reads its header only."""
        head_header = self._header(section)
        head, value = head_header
        table = value.get("t") if isinstance(value, dict) else None
        if type(table) is not int or table != section.label[0]:
            raise CorruptFileError(f"a block of '{self.path}' belongs to another table than the index says")

        def fetch(start: int, length: int) -> bytes:
            with self._lock:
                return self.reader.body(section, head, start, length)

        return BlockReader(self.plan.coded[table], value, fetch, self.models[table])

    @cached_property
    def models(self) -> list[TableModel]:
        """The learned model of each table, read on first use.

        Raises:
            BadInputError: a model lies in another file, which is not found.
        """
        with self._lock:
            return ModelReader(self.reader, self.plan.coded, model_folders(self.path)).read(self.sections)

    @cached_property
    def _header(self) -> Any:
        @lru_cache(_KEPT_HEADERS)
        def read(section_offset: int) -> Any:
            section = by_offset[section_offset]
            with self._lock:
                head, header = self.reader.header(section)
            return head, unpack_json(header, "the header of a block")

        by_offset = {section.offset: section for section in self.sections}
        return lambda section: read(section.offset)

    @property
    def unbounded(self) -> tuple[str, ...]:
        """The variables that an autoencoder gives back without any bound; of all others every value keeps its own."""
        return self.plan.unbounded

    @property
    def fields(self) -> list[str]:
        """The field names of all tables."""
        return [name for table in self.tables for name in table.fields]

    def __getitem__(self, key: str) -> Any:
        """A table by its name, or a field by its name if just one table has it."""
        for table in self.tables:
            if table.name == key:
                return table
        owners = [table for table in self.tables if key in table.fields]
        if len(owners) == 1:
            return owners[0][key]
        if owners:
            names = ", ".join(f"'{table.name}'" for table in owners)
            raise BadRequestError(f"'{key}' is in the tables {names} of '{self.path}'; choose a table first")
        raise BadRequestError(
            unknown_name(key, [*(table.name for table in self.tables), *self.fields], f"'{self.path}'")
        )

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        tables = ", ".join(f"{table.name!r}: {len(table)} events" for table in self.tables)
        return f"PackedFile({self.path!r}, {tables})"


class PackedTable:
    """One table of a packed file, or a range of its events (``table[a:b]``). Nothing is read until asked."""

    def __init__(
        self, file: PackedFile, number: int, schema: Schema, blocks: Sequence[BlockRef],
        start: int = 0, stop: int | None = None,
    ) -> None:  # fmt: skip
        self._file = file
        self.number = number
        self.schema = schema
        self.blocks = tuple(blocks)
        last = blocks[-1].first + blocks[-1].n_events if blocks else 0
        self.start, self.stop = start, last if stop is None else stop

    @property
    def name(self) -> str:
        """The table's name in the original file."""
        return self.schema.name

    @cached_property
    def fields(self) -> list[str]:
        """What ``table[name]`` takes: columns, records of nested columns, and counters."""
        from hepack.io.arrays import fields

        return fields(self.schema)

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, key: str | slice) -> Any:
        """``table["Jet_pt"]`` gives an awkward array; ``table[a:b]`` the same table with these events."""
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step != 1:
                raise BadRequestError("a range of events has no step; slice the arrays instead")
            stop = max(start, stop)
            return PackedTable(
                self._file, self.number, self.schema, self.blocks, self.start + start, self.start + stop
            )
        return self.array(key)

    def array(self, field: str) -> ak.Array:
        """One field as an awkward array of ``len(self)`` events."""
        from hepack.io.arrays import to_awkward, variables_of

        if field not in self.fields:
            raise BadRequestError(
                unknown_name(field, self.fields, f"table '{self.name}' of '{self._file.path}'")
            )
        return to_awkward(self.read(sorted(variables_of(self.schema, field))), field)

    def read(self, names: Sequence[str] | None = None, *, threads: int | None = None) -> EventTable:
        """The variables ``names`` (None: all) as one `EventTable` in memory, by so many threads (None: all cores).

        Raises:
            BadRequestError: a name is none of the table's variables.
        """
        with workers(threads) as pool:
            parts = list(self.iterate(names, executor=pool))
        if not parts:
            return EventTable.empty(self.schema if names is None else self.schema.select(set(names)))
        return EventTable.concatenate(parts)

    def iterate(
        self, names: Sequence[str] | None = None, *, executor: Executor | None = None
    ) -> Iterator[EventTable]:
        """The same, block by block.

        Raises:
            BadRequestError: a name is none of the table's variables.
        """
        for name in names or ():
            if name not in self.schema.by_name:
                raise BadRequestError(
                    unknown_name(
                        name, list(self.schema.by_name), f"table '{self.name}' of '{self._file.path}'"
                    )
                )
        wanted = [
            block
            for block in self.blocks
            if block.first < self.stop and self.start < block.first + block.n_events
        ]
        if executor is None or len(wanted) == 1:
            for block in wanted:
                yield self._part(block, names, executor)
            return
        # items of a block may wait for each other, blocks never do
        waiting: deque[Future[EventTable]] = deque()
        for block in wanted:
            waiting.append(executor.submit(self._part, block, names, None))
            if len(waiting) > BLOCKS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _part(self, block: BlockRef, names: Sequence[str] | None, executor: Executor | None) -> EventTable:
        """The wanted events of a block."""
        schema = self.schema if names is None else self.schema.select(set(names))
        coded = self._file.plan.coded[self.number].by_name
        wanted = [
            part for v in schema.variables for part in ([v.name] if v.name in coded else component_names(v))
        ]
        reader = self._file.fetch(block.section)
        part = reader.table(None if names is None else wanted, executor=executor)
        part = join_table(part, schema)
        if len(part) != block.n_events:
            raise CorruptFileError(f"a block of '{self._file.path}' has another number of events")
        low, high = max(self.start, block.first), min(self.stop, block.first + block.n_events)
        return part.slice(low - block.first, high - block.first) if high - low < len(part) else part

    def __repr__(self) -> str:
        return f"PackedTable({self.name!r}, {len(self)} events, {len(self.schema.variables)} variables)"
