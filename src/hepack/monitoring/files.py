"""Read the table that is watched from a file of any format."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from hepack._errors import BadInputError
from hepack.archive.readable import EventFile, FileTable
from hepack.io import ReadOptions
from hepack.table import EventTable


def read_table(
    path: str | os.PathLike[str],
    *,
    table: str | None = None,
    events: int | None = None,
    read: ReadOptions | None = None,
) -> EventTable:
    """The table named ``table``, or the one with most events; of these the first ``events``.

    Raises:
        BadInputError: the file is damaged, of no known format, has no such table, or no events in it.
    """
    file = EventFile(path, read)
    names = [schema.name for schema in file.schemas]
    if table is not None and table not in names:
        raise BadInputError(
            f"'{os.fspath(path)}' has no table '{table}'; it has {', '.join(names) or 'none'}"
        )
    if not names or max(file.n_events) == 0:
        raise BadInputError(f"'{os.fspath(path)}' holds no events; give a file with some")
    number = (
        names.index(table) if table is not None else max(range(len(names)), key=lambda i: file.n_events[i])
    )
    parts, held = [], 0
    for block in FileTable(file, number).blocks():
        parts.append(block if events is None else block.slice(0, events - held))
        held += len(parts[-1])
        if events is not None and held >= events:
            break
    if not held:
        raise BadInputError(
            f"table '{names[number]}' of '{os.fspath(path)}' holds no events; give one with some"
        )
    return EventTable.concatenate(parts)


def short(path: str | os.PathLike[str]) -> str:
    """A file's name without its folders."""
    return PurePosixPath(os.fspath(path)).name
