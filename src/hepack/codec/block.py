"""One block of events: its items to chunks, a JSON header, and back, item by item.

Items of a table, in order: for each collection its lengths (or, for text, its strings), then each
variable that is not text. An item is coded as a column, as strings, by the table's learned model, or as
``["=", i]``: the same integers or the same bits as item ``i``. Small items share a *bundle*, a chunk
compressed as a whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.codec.bundle import BUNDLE_BYTES, SMALL_BYTES, compress_bundle
from hepack.codec.choose import Chooser
from hepack.codec.item import Done, Item, buffer_of, encode_item, items_of, values_of
from hepack.codec.learnedblock import LearnedBlock
from hepack.container import MAX_BLOCK_BYTES, MAX_VALUES, check, pack_json
from hepack.learned import TableModel
from hepack.table import EventTable, bits_differ


@dataclass(frozen=True)
class EncodedBlock:
    """``header`` is JSON, ``body`` the chunks; ``item_bytes``: each item's bytes before and after."""

    header: dict[str, Any]
    body: list[bytes]
    item_bytes: Mapping[tuple[str, str], tuple[int, float]]

    @property
    def nbytes(self) -> int:
        """Header and body, as they are stored."""
        return len(pack_json(self.header)) + sum(map(len, self.body))


def encode_block(
    table: EventTable, chooser: Chooser, executor: Executor, model: TableModel | None = None
) -> EncodedBlock:
    """Encode a block and check it: every item is decoded and compared before this returns.

    Raises:
        BoundError: a value did not come back as promised (a defect of ours; nothing is written).
        LimitError: a column of the block has more values than the format allows.
    """
    items = items_of(table.schema)
    for item in items:
        size = _entries(table, item) * item.variable.width
        check(size, MAX_VALUES, f"the number of values of '{item.name}' in one block")
    whole = sum(values_of(table, item).nbytes for item in items if item.role != "text")
    check(whole + table.nbytes, MAX_BLOCK_BYTES, "the size of a block")
    model = model or TableModel(table.schema, ())
    repeats = find_repeats(table, items, model)
    own = [i for i in range(len(items)) if i not in repeats]
    plain = [i for i in own if items[i].key not in model.by_key]
    done = dict(zip(plain, executor.map(lambda i: encode_item(table, items[i], chooser), plain), strict=True))
    if len(plain) < len(own):
        done |= LearnedBlock(table, items, repeats, model, chooser).encode(done, executor)
    chunks, body, costs = _lay_out(done, items)
    descriptions = [
        ["=", repeats[i]] if i in repeats else done[i].column.description for i in range(len(items))
    ]
    header = {
        "n": table.n_events,
        "a": [table.length(collection.name) for collection in table.schema.collections],
        "c": descriptions,
        "k": chunks,
    }
    sizes = {item.key: (_raw_bytes(table, item), costs.get(item.key, 0.0)) for item in items}
    return EncodedBlock(header, body, sizes)


def _lay_out(
    done: Mapping[int, Done], items: Sequence[Item]
) -> tuple[list[list[Any]], list[bytes], dict[tuple[str, str], float]]:
    """Chunks: an item each, small ones bundled.

    A chunk is ``[method, stored bytes, their crc32, crc32 over the items' crc32s, items as steps]``.
    """
    small = [i for i in done if len(done[i].data) <= SMALL_BYTES]
    groups = [[i] for i in done if len(done[i].data) > SMALL_BYTES]
    # plain and learned items apart, so that who asks for a plain one need not decode what it has no use for
    groups += list(_bundles([i for i in small if not done[i].is_learned], done))
    groups += list(_bundles([i for i in small if done[i].is_learned], done))
    chunks: list[list[Any]] = []
    body: list[bytes] = []
    costs: dict[tuple[str, str], float] = {}
    for group in groups:
        raw = b"".join(done[i].data for i in group)
        method, stored = compress_bundle(raw) if len(done[group[0]].data) <= SMALL_BYTES else ("", raw)
        values_crc = 0
        for i in group:
            values_crc = zlib.crc32(done[i].crc.to_bytes(4, "little"), values_crc)
            costs[items[i].key] = len(done[i].data) * len(stored) / max(1, len(raw))
        steps = [here - before for before, here in zip([0, *group[:-1]], group, strict=True)]
        chunks.append([method, len(stored), zlib.crc32(stored), values_crc, steps])
        body.append(stored)
    return chunks, body, costs


def _bundles(small: Sequence[int], done: Mapping[int, Done]) -> Iterator[list[int]]:
    group: list[int] = []
    size = 0
    for i in small:
        group.append(i)
        size += len(done[i].data)
        if size >= BUNDLE_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def find_repeats(table: EventTable, items: Sequence[Item], model: TableModel) -> dict[int, int]:
    """Items that hold the same as an earlier one, by a checksum first and then value by value.

    A learned item may repeat only what is decoded before it, so that decoding never goes in a circle.
    """
    seen: dict[tuple[Any, ...], int] = {}
    repeats: dict[int, int] = {}
    for i, item in enumerate(items):
        if item.role == "text":
            continue
        values = _comparable(values_of(table, item))
        key = (
            values.shape,
            values.dtype.str,
            str(item.variable.tolerance),
            item.variable.period,
            zlib.crc32(buffer_of(values)),
        )
        first = seen.setdefault(key, i)
        late = model.order.get(items[first].key, -1) > model.order.get(item.key, -1)
        if (
            first != i
            and not late
            and not bits_differ(_comparable(values_of(table, items[first])), values).any()
        ):
            repeats[i] = first
    return repeats


def _comparable(values: NDArray[Any]) -> NDArray[Any]:
    """Integers of any width as int64, so that a counter can repeat a collection's lengths."""
    if values.dtype.kind in "iub":
        values = values.view(np.int64) if values.dtype == np.uint64 else values.astype(np.int64)
    return np.ascontiguousarray(values)


def _raw_bytes(table: EventTable, item: Item) -> int:
    if item.role == "values":
        return table.columns[item.name].nbytes
    text = table.length(item.name) if item.role == "text" else 0
    return 4 * table.length(item.axis) + text


def _entries(table: EventTable, item: Item) -> int:
    return table.length(item.name) if item.role == "text" else table.length(item.axis)
