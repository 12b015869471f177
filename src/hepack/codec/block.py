"""One block of events: its items to chunks, a JSON header, and back, item by item.

Items of a table, in order: for each collection its lengths (or, for text, its strings), then each
variable that is not text. An item is coded as a column, as strings, or as ``["=", i]``: the same
integers or the same bits as item ``i``. Small items share a *bundle*, a chunk compressed as a whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BoundError
from hepack.codec.bundle import BUNDLE_BYTES, SMALL_BYTES, compress_bundle
from hepack.codec.choose import Chooser
from hepack.codec.column import EncodedColumn, decode_column, encode_column
from hepack.codec.text import decode_text, encode_text
from hepack.container import MAX_BLOCK_BYTES, MAX_VALUES, check
from hepack.table import EventTable, Schema, Variable, bits_differ

INT64 = np.dtype(np.int64)


@dataclass(frozen=True)
class Item:
    """What is coded as one: a collection's lengths (``counts``), its strings (``text``), or a variable."""

    role: str
    name: str
    axis: str
    variable: Variable

    @property
    def key(self) -> tuple[str, str]:
        return self.role, self.name


def items_of(schema: Schema) -> tuple[Item, ...]:
    """The items of a table, in the order of the file."""
    found = []
    for collection in schema.collections:
        role = "text" if collection.layout == "text" else "counts"
        lengths = Variable(
            name=f"lengths of {collection.name}", dtype=INT64, axis=collection.parent, kind="integer"
        )
        found.append(Item(role, collection.name, collection.parent, lengths))
    found += [Item("values", v.name, v.axis, v) for v in schema.variables if v.kind != "text"]
    return tuple(found)


@dataclass(frozen=True)
class EncodedBlock:
    """``header`` is JSON, ``body`` the chunks; ``item_bytes``: each item's bytes before and after."""

    header: dict[str, Any]
    body: list[bytes]
    item_bytes: Mapping[tuple[str, str], tuple[int, float]]


def encode_block(table: EventTable, chooser: Chooser, executor: Executor) -> EncodedBlock:
    """Encode a block and check it: every item is decoded and compared before this returns.

    Raises:
        BoundError: a value did not come back as promised (a defect of ours; nothing is written).
        LimitError: a column of the block has more values than the format allows.
    """
    items = items_of(table.schema)
    for item in items:
        size = _entries(table, item) * item.variable.width
        check(size, MAX_VALUES, f"the number of values of '{item.name}' in one block")
    whole = sum(_values(table, item).nbytes for item in items if item.role != "text")
    check(whole + table.nbytes, MAX_BLOCK_BYTES, "the size of a block")
    repeats = _find_repeats(table, items)
    own = [i for i in range(len(items)) if i not in repeats]
    done = dict(zip(own, executor.map(lambda i: _encode_item(table, items[i], chooser), own), strict=True))
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


@dataclass(frozen=True)
class _Done:
    column: EncodedColumn
    data: bytes
    crc: int


def _encode_item(table: EventTable, item: Item, chooser: Chooser) -> _Done:
    if item.role == "text":
        counts, data = table.counts(item.name), table.columns[_text_variable(table.schema, item.name)]
        column = encode_text(counts, data, chooser)
        joined = column.data
        back_counts, back = decode_text(column.description, joined, len(counts))
        if not (np.array_equal(back_counts, counts) and np.array_equal(back, data)):
            raise BoundError(f"the strings '{item.name}' do not decode to what they were")
        return _Done(column, joined, crc_of(back_counts, back))
    values = _values(table, item)
    column = encode_column(values, item.variable, chooser)
    joined = column.data
    decoded = decode_column(column.description, joined, len(values), item.variable)
    if bits_differ(decoded, column.expected).any():
        raise BoundError(f"'{item.name}' does not decode to within its tolerance {item.variable.tolerance}")
    return _Done(column, joined, crc_of(decoded))


def _lay_out(
    done: Mapping[int, _Done], items: Sequence[Item]
) -> tuple[list[list[Any]], list[bytes], dict[tuple[str, str], float]]:
    """Chunks: an item each, small ones bundled.

    A chunk is ``[method, stored bytes, their crc32, crc32 over the items' crc32s, items as steps]``.
    """
    small = [i for i in done if len(done[i].data) <= SMALL_BYTES]
    groups = [[i] for i in done if len(done[i].data) > SMALL_BYTES] + list(_bundles(small, done))
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


def _bundles(small: Sequence[int], done: Mapping[int, _Done]) -> Iterator[list[int]]:
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


def _find_repeats(table: EventTable, items: Sequence[Item]) -> dict[int, int]:
    """Items that hold the same as an earlier one, by a checksum first and then value by value."""
    seen: dict[tuple[Any, ...], int] = {}
    repeats: dict[int, int] = {}
    for i, item in enumerate(items):
        if item.role == "text":
            continue
        values = _comparable(_values(table, item))
        key = (
            values.shape,
            values.dtype.str,
            str(item.variable.tolerance),
            item.variable.period,
            zlib.crc32(_buffer(values)),
        )
        first = seen.setdefault(key, i)
        if first != i and not bits_differ(_comparable(_values(table, items[first])), values).any():
            repeats[i] = first
    return repeats


def _comparable(values: NDArray[Any]) -> NDArray[Any]:
    """Integers of any width as int64, so that a counter can repeat a collection's lengths."""
    if values.dtype.kind in "iub":
        values = values.view(np.int64) if values.dtype == np.uint64 else values.astype(np.int64)
    return np.ascontiguousarray(values)


def _values(table: EventTable, item: Item) -> NDArray[Any]:
    return table.counts(item.name) if item.role == "counts" else table.columns[item.name]


def _raw_bytes(table: EventTable, item: Item) -> int:
    if item.role == "values":
        return table.columns[item.name].nbytes
    text = table.length(item.name) if item.role == "text" else 0
    return 4 * table.length(item.axis) + text


def _entries(table: EventTable, item: Item) -> int:
    return table.length(item.name) if item.role == "text" else table.length(item.axis)


def _text_variable(schema: Schema, collection: str) -> str:
    return schema.on(collection)[0].name


def _buffer(array: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def crc_of(*arrays: NDArray[Any]) -> int:
    """CRC-32 over the bytes of arrays, C order."""
    crc = 0
    for array in arrays:
        crc = zlib.crc32(_buffer(array), crc)
    return crc
