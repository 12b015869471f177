"""Events out of any file that hepack reads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hepack._errors import BadInputError
from hepack.archive.readable import EventFile, FileTable
from hepack.io import ReadOptions
from hepack.io.challenge import Recast, is_frame, recast_of
from hepack.table import EventTable, Schema

MAX_REFERENCE = 1 << 20
"""Reference events that are kept in memory, unless another number is asked for."""


@dataclass(frozen=True, eq=False)
class Events:
    """The events of a file, those of a challenge with their objects named (`hepack.io.challenge`)."""

    source: FileTable
    recast: Recast | None

    @property
    def total(self) -> int:
        return self.source.file.n_events[self.source.number]

    def blocks(self) -> Iterator[EventTable]:
        """All events in order."""
        for block in self.source.blocks():
            yield block if self.recast is None else self.recast(block)


def events_in(file: EventFile, name: str | None = None) -> Events:
    """The table of that name, or the values of a pandas frame, or the first table that holds events.

    Raises:
        BadInputError: there is none.
    """
    numbers = sorted(range(len(file.schemas)), key=lambda number: not is_frame(file.schemas[number]))
    for number in numbers:
        schema = file.schemas[number]
        if (schema.name == name) if name is not None else file.n_events[number] > 0:
            return Events(FileTable(file, number), recast_of(file.path, file.format, schema))
    names = ", ".join(schema.name for schema in file.schemas) or "none"
    what = f"no table '{name}'" if name is not None else "no events"
    raise BadInputError(f"'{file.path}' has {what}; its tables are {names}")


def read_events(
    paths: Sequence[str | os.PathLike[str]], *, table: str | None = None, most: int = MAX_REFERENCE,
    read: ReadOptions | None = None, format_id: str | None = None,
) -> EventTable:  # fmt: skip
    """The first ``most`` events of some files with the same variables, as one table; of packed files too.

    Raises:
        BadInputError: a file has no events, or other variables than the first.
    """
    blocks: list[EventTable] = []
    left = most
    for path in paths:
        for block in events_in(EventFile(path, read, format_id), table).blocks():
            if blocks and _layout(block.schema) != _layout(blocks[0].schema):
                raise BadInputError(f"'{os.fspath(path)}' has other variables than '{os.fspath(paths[0])}'")
            kept = block.slice(0, left)
            first = blocks[0].schema if blocks else kept.schema
            blocks.append(EventTable(first, len(kept), kept.offsets, kept.columns))
            left -= len(kept)
            if left <= 0:
                break
        if left <= 0:
            break
    return EventTable.concatenate(blocks)


def _layout(schema: Schema) -> object:
    return [(v.name, v.dtype, v.axis, v.shape) for v in schema.variables], schema.collections


def event_at(
    path: str | os.PathLike[str], event: int, *, table: str | None = None, read: ReadOptions | None = None,
    format_id: str | None = None,
) -> EventTable:  # fmt: skip
    """One event of a file, as a table of its own."""
    start = 0
    for block in events_in(EventFile(path, read, format_id), table).blocks():
        if event < start + len(block):
            return block.slice(event - start, event - start + 1)
        start += len(block)
    raise BadInputError(f"'{os.fspath(path)}' has no event {event}")
