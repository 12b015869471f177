"""`verify`: read every byte of a packed file, decode every block, and compare with the original if given."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from hepack._errors import BadInputError, CorruptFileError, HepackError
from hepack.archive.order import as_stored
from hepack.archive.pack import Progress
from hepack.archive.packed import PackedFile, PackedTable
from hepack.io import GroupingError, ReadOptions, open_source
from hepack.table import EventTable


@dataclass(frozen=True)
class VerifyResult:
    """``problems`` has a sentence for everything that is wrong; none means sound.

    ``worst`` gives, when compared with the original, for each lossy variable its largest error; ``unbounded``
    names those of which nothing is promised.
    """

    path: str
    sections: int
    n_events: int
    problems: tuple[str, ...]
    compared: bool = False
    worst: dict[str, float] = field(default_factory=dict)
    unbounded: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(
    path: str | os.PathLike[str],
    *,
    original: str | None = None,
    read: ReadOptions | None = None,
    progress: Progress | None = None,
) -> VerifyResult:
    """Check a packed file completely. Where it does not keep the original's order, the original is sorted as well.

    Raises:
        HepackError: the file cannot be opened at all (see `PackedFile`).
    """
    with PackedFile(path) as packed:
        problems = [
            f"section {number} (byte {section.offset}) has another digest than the index holds"
            for number, section in enumerate(packed.sections)
            if not packed.reader.verify(section)
        ]
        with contextlib.suppress(
            CorruptFileError
        ):  # the blocks will say so; a missing model file ends it here
            _ = packed.models
        total = sum(len(table) for table in packed.tables)
        done = 0
        for table in packed.tables:
            for block in table.blocks:
                try:
                    decoded = packed.fetch(block.section).table()
                    if len(decoded) != block.n_events:
                        raise BadInputError("it has another number of events")
                except HepackError as error:
                    last = block.first + block.n_events - 1
                    problems.append(f"events {block.first} to {last} of '{table.name}': {error}")
                done += block.n_events
                if progress:
                    progress(done, total)
        worst: dict[str, float] = {}
        if original is not None and not problems:
            problems += _compare(packed, original, read or ReadOptions(), worst)
        return VerifyResult(
            packed.path,
            len(packed.sections),
            total,
            tuple(problems),
            original is not None,
            worst,
            packed.unbounded,
        )


def _compare(packed: PackedFile, original: str, read: ReadOptions, worst: dict[str, float]) -> Iterator[str]:
    while True:
        try:
            found = list(_compare_once(packed, original, read, worst))
        except GroupingError as error:
            read = replace(read, ungrouped=read.ungrouped | {error.collection})
            continue
        yield from found
        return


def _compare_once(
    packed: PackedFile, original: str, read: ReadOptions, worst: dict[str, float]
) -> Iterator[str]:
    with open_source(original, read, format_id=packed.plan.format) as source:
        names = [schema.name for schema in source.contents.schemas]
        if names != [table.name for table in packed.tables]:
            yield f"'{original}' has other tables than the packed file"
            return
        for number, table in enumerate(packed.tables):
            first = 0
            order = packed.plan.order(number)
            try:
                order.check(source.contents.schemas[number])
            except BadInputError as error:
                yield f"'{original}' cannot be sorted as the packed file is: {error}"
                return
            lengths = [block.n_events for block in table.blocks]
            blocks = source.blocks(number, max_bytes=16 << 20)
            for block in as_stored(blocks, lengths, order):
                yield from _compare_block(block, table, first, worst)
                first += len(block)
            if first != len(table):
                yield f"'{original}' has {first} events in '{table.name}', the packed file {len(table)}"


def _compare_block(
    block: EventTable, table: PackedTable, first: int, worst: dict[str, float]
) -> Iterator[str]:
    restored = table[first : first + len(block)].read()
    place = f"from event {first} of '{table.name}'"
    for name, offsets in block.offsets.items():
        if name not in restored.offsets or not np.array_equal(offsets, restored.offsets[name]):
            yield f"the lengths of collection '{name}' differ {place}"
            return
    for name, before in block.columns.items():
        variable = table.schema.by_name.get(name)
        if variable is None:
            yield f"'{name}' is not in the packed file"
            continue
        after = restored.columns[name]
        broken = variable.tolerance.violated(before, after, period=variable.period)
        if broken.any():
            yield f"'{name}': {int(broken.sum())} values are out of tolerance {place}"
        if not variable.tolerance.is_lossless and before.size:
            error = variable.tolerance.largest_error(before, after, period=variable.period)
            worst[name] = max(worst.get(name, 0.0), error)
