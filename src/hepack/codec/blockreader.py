"""`BlockReader`: decode single items of a block, fetching only the chunks they need."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.codec.bundle import SMALL_BYTES, decompress_bundle
from hepack.codec.column import decode_column
from hepack.codec.description import data_size
from hepack.codec.item import LEARNED, Item, crc_of, items_of
from hepack.codec.learned import decode_learned
from hepack.codec.text import decode_text
from hepack.container import MAX_BLOCK_BYTES, MAX_VALUES, check
from hepack.learned import TableModel
from hepack.table import EVENTS, EventTable, Schema, offsets_from_counts

Fetch = Callable[[int, int], bytes]
"""``fetch(start, length)`` reads a piece of the block's body."""

Decoded = tuple[NDArray[Any], NDArray[np.uint8] | None]


class BlockReader:
    """Decodes a block, item by item; what was decoded is kept until the reader is dropped.

    Raises (from any method): CorruptFileError or LimitError where header or data contradict the format.
    """

    def __init__(self, schema: Schema, header: Any, fetch: Fetch, model: TableModel | None = None) -> None:
        self.schema = schema
        self.model = model or TableModel(schema, ())
        self._items = items_of(schema)
        self._place = {item.key: i for i, item in enumerate(self._items)}
        self._fetch = fetch
        self._decoded: dict[int, Decoded] = {}
        self._offsets: dict[str, NDArray[np.int64]] = {}
        self._fetched: dict[int, dict[int, memoryview]] = {}
        self.n_events, self._lengths, self.descriptions, self.chunks = _check_header(
            header, schema, len(self._items)
        )
        self._check_size()
        self._chunk_of = {i: chunk for chunk in self.chunks for i in chunk.items}
        for i, description in enumerate(self.descriptions):
            self._check_place(i, _repeated(description))
        # a chunk of plain items is decoded as a whole, since its checksum is over all of them
        self._mixed = {id(self._chunk_of[i]) for i in self._chunk_of if self._is_learned(i)}

    def _check_place(self, i: int, target: int | None) -> None:
        """Each item is in one chunk, or repeats an earlier one that is, and that is decoded before it."""
        good = (target is None) == (i in self._chunk_of)
        if target is not None and (good := good and 0 <= target < i and target in self._chunk_of):
            place, other = (self.model.order.get(self._items[j].key, -1) for j in (i, target))
            good = other <= place
        if not good:
            raise CorruptFileError(f"'{self._items[i].name}' is stored in no chunk of its block, or in two")
        if self._is_learned(i) and self._items[i].key not in self.model.by_key:
            raise CorruptFileError(f"'{self._items[i].name}' is coded by a model that the file does not hold")

    def _is_learned(self, i: int) -> bool:
        return bool(self.descriptions[i][0] == LEARNED)

    def _check_size(self) -> None:
        widths = [(item.axis, item.variable.width * item.variable.dtype.itemsize) for item in self._items]
        total = sum(self.length(axis) * width for axis, width in widths)
        total += sum(self._lengths.values())  # of text, the bytes
        check(total, MAX_BLOCK_BYTES, "the size of a decoded block")

    @property
    def stored_bytes(self) -> int:
        """Bytes of the body."""
        return sum(chunk.stored for chunk in self.chunks)

    def item_bytes(self) -> dict[tuple[str, str], float]:
        """What each item costs in the body; items of a bundle share its bytes by their size."""
        costs = {item.key: 0.0 for item in self._items}
        for chunk in self.chunks:
            sizes = [data_size(self.descriptions[i]) for i in chunk.items]
            for i, size in zip(chunk.items, sizes, strict=True):
                costs[self._items[i].key] = chunk.stored * size / max(1, sum(sizes))
        return costs

    def value_count(self, name: str) -> int:
        """Numbers in a variable's column of this block."""
        variable = self.schema.by_name[name]
        return self.length(variable.axis) * variable.width

    def description(self, role: str, name: str) -> list[Any]:
        """How an item is coded."""
        return self.descriptions[self._place[role, name]]

    def table(self, names: Iterable[str] | None = None, *, executor: Executor | None = None) -> EventTable:
        """The block, or the named variables of it with the collections they need."""
        schema = self.schema if names is None else self.schema.select(set(names))
        wanted = self._closure([self._place[item.key] for item in items_of(schema)])
        if executor is not None:
            chunks = {id(chunk): (chunk, i) for i in wanted if (chunk := self._plain_chunk(i)) is not None}
            list(executor.map(lambda pair: self._decode_chunk(*pair), chunks.values()))
        for i in wanted:  # in the order of decoding
            if i not in self._decoded:
                self._decode(i)
        offsets = {c.name: self.offsets(c.name) for c in schema.collections}
        columns = {v.name: self.column(v.name) for v in schema.variables}
        return EventTable(schema, self.n_events, offsets, columns)

    def offsets(self, collection: str) -> NDArray[np.int64]:
        """The offsets of a collection."""
        if collection not in self._offsets:
            self._offsets[collection] = self._make_offsets(collection)
        return self._offsets[collection]

    def _make_offsets(self, collection: str) -> NDArray[np.int64]:
        role = "text" if self.schema.collection_by_name[collection].layout == "text" else "counts"
        counts, _ = self._item(self._place[role, collection])
        option = self.schema.collection_by_name[collection].layout == "option"
        longest = min(1, self.length(collection)) if option else self.length(collection)
        if len(counts) and not 0 <= int(counts.min()) <= int(counts.max()) <= longest:
            raise CorruptFileError(f"collection '{collection}' has impossible lengths")
        offsets = offsets_from_counts(counts)
        if offsets[-1] != self.length(collection):
            raise CorruptFileError(f"the lengths of collection '{collection}' do not add up to its size")
        return offsets

    def column(self, name: str) -> NDArray[Any]:
        """The values of a variable in this block."""
        variable = self.schema.by_name[name]
        if variable.kind == "text":
            data = self._item(self._place["text", variable.axis])[1]
            assert data is not None
            return data
        return self._item(self._place["values", name])[0]

    def _closure(self, wanted: Iterable[int]) -> list[int]:
        """The items and all that decoding them needs, in the order of decoding."""
        found: set[int] = set()
        waiting = list(wanted)
        while waiting:
            i = waiting.pop()
            if i not in found:
                found.add(i)
                waiting += self._needs(i)
        order = self.model.order
        return sorted(found, key=lambda i: (order.get(self._items[i].key, -1), i))

    def _needs(self, i: int) -> list[int]:
        target = _repeated(self.descriptions[i])
        if target is not None:
            return [target]
        if not self._is_learned(i):
            return []
        keys = self.model.by_key[self._items[i].key].dependencies(self.schema)
        return [self._place[key] for key in keys]

    def _plain_chunk(self, i: int) -> _Chunk | None:
        """The chunk of an item, if no item of it needs another."""
        chunk = self._chunk_of.get(i)
        return None if chunk is None or id(chunk) in self._mixed else chunk

    def length(self, axis: str) -> int:
        """Entries of an axis in this block."""
        return self.n_events if axis == EVENTS else self._lengths[axis]

    def _item(self, i: int) -> Decoded:
        if i not in self._decoded:
            for j in self._closure([i]):  # not by recursion: chains of learned items may be long
                if j not in self._decoded:
                    self._decode(j)
        return self._decoded[i]

    def _decode(self, i: int) -> None:
        target = _repeated(self.descriptions[i])
        if target is not None:
            first = self._items[target]
            self._decoded[i] = self._repeat(first, self._items[i], self._decoded[target][0])
        elif (chunk := self._plain_chunk(i)) is not None:
            self._decode_chunk(chunk, i)
        else:
            chunk = self._chunk_of[i]
            self._decoded[i] = self._decode_item(i, self._pieces(chunk, i)[i])
            if all(j in self._decoded for j in chunk.items):
                self._check_values(chunk, i)

    def _repeat(self, first: Item, item: Item, values: NDArray[Any]) -> Decoded:
        one, other = first.variable, item.variable
        exact = one.dtype == other.dtype or (one.dtype.kind in "iub" and other.dtype.kind in "iub")
        if not exact or first.role == "text" or values.shape != (self.length(item.axis), *other.shape):
            raise CorruptFileError(f"'{item.name}' cannot be a repeat of '{first.name}'")
        return values.astype(other.dtype), None

    def _decode_chunk(self, chunk: _Chunk, wanted: int) -> None:
        """Decode the whole chunk: its checksum is over all of its items."""
        for i, piece in self._pieces(chunk, wanted).items():
            self._decoded[i] = self._decode_item(i, piece)
        self._check_values(chunk, wanted)

    def _pieces(self, chunk: _Chunk, wanted: int) -> dict[int, memoryview]:
        """The data of each item of a chunk."""
        if id(chunk) in self._fetched:
            return self._fetched[id(chunk)]
        stored = self._fetch(chunk.start, chunk.stored)
        if zlib.crc32(stored) != chunk.crc:
            raise CorruptFileError(f"the data of '{self._items[wanted].name}' are damaged")
        sizes = [data_size(self.descriptions[i]) for i in chunk.items]
        data = stored
        if chunk.method or len(sizes) > 1:
            check(max(sizes), SMALL_BYTES, "the size of an item in a bundle")
            data = decompress_bundle(chunk.method, stored, sum(sizes))
        if sum(sizes) != len(data):
            raise CorruptFileError(f"'{self._items[wanted].name}' does not decode to what was packed")
        ends = np.cumsum(sizes).tolist()
        pieces = {
            i: memoryview(data)[end - size : end]
            for i, size, end in zip(chunk.items, sizes, ends, strict=True)
        }
        if id(chunk) in self._mixed:
            self._fetched[id(chunk)] = pieces
        return pieces

    def _check_values(self, chunk: _Chunk, wanted: int) -> None:
        crc = 0
        for i in chunk.items:
            own = crc_of(*(array for array in self._decoded[i] if array is not None))
            crc = zlib.crc32(own.to_bytes(4, "little"), crc)
        if crc != chunk.values_crc:
            raise CorruptFileError(f"'{self._items[wanted].name}' does not decode to what was packed")

    def _decode_item(self, i: int, data: memoryview) -> Decoded:
        item = self._items[i]
        entries = self.length(item.axis)
        check(entries * item.variable.width, MAX_VALUES, f"the number of values of '{item.name}'")
        if item.role == "text":
            return decode_text(self.descriptions[i], data, entries, limit=self.length(item.name))
        if self._is_learned(i):
            learned = self.model.by_key[item.key]
            return decode_learned(self.descriptions[i], data, entries, learned, self), None
        return decode_column(self.descriptions[i], data, entries, item.variable), None


class _Chunk:
    """A checked row of the header's list of chunks."""

    def __init__(self, row: Any, start: int) -> None:
        match row:
            case [("" | "z" | "x") as method, int(stored), int(crc), int(values_crc), [int(), *_] as steps]:
                pass
            case _:
                raise CorruptFileError(f"a block lists the impossible chunk {str(row)[:80]}")
        if stored < 0 or not all(type(step) is int for step in steps):
            raise CorruptFileError(f"a block lists the impossible chunk {str(row)[:80]}")
        self.method, self.stored, self.crc, self.values_crc, self.start = (
            method,
            stored,
            crc,
            values_crc,
            start,
        )
        self.items = [int(i) for i in np.cumsum(np.array(steps, dtype=np.int64))]


_HEADER_KEYS = {"t", "i", "n", "a", "c", "k"}


def _check_header(
    header: Any, schema: Schema, n_items: int
) -> tuple[int, dict[str, int], list[list[Any]], list[_Chunk]]:
    try:
        n_events, lengths, descriptions, rows = (header[key] for key in ("n", "a", "c", "k"))
        start, chunks = 0, []
        for row in rows:
            chunks.append(_Chunk(row, start))
            start += chunks[-1].stored
        items = [i for chunk in chunks for i in chunk.items]
        good = len(descriptions) == n_items and len(lengths) == len(schema.collections)
        good = good and len(set(items)) == len(items) and all(0 <= i < n_items for i in items)
        good = good and all(isinstance(description, list) and description for description in descriptions)
        good = good and not set(header) - _HEADER_KEYS
    except (TypeError, KeyError, ValueError, OverflowError):
        good = False
    if not good:
        raise CorruptFileError("the header of a block has a wrong form")
    names = [collection.name for collection in schema.collections]
    for size in (n_events, *lengths):
        if type(size) is not int:
            raise CorruptFileError("the header of a block has a wrong form")
        check(size, MAX_VALUES, "the length of an axis in a block")
    return n_events, dict(zip(names, lengths, strict=True)), descriptions, chunks


def _repeated(description: list[Any]) -> int | None:
    if description[0] == "=":
        if len(description) != 2 or type(description[1]) is not int:
            raise CorruptFileError("a repeated column has an impossible description")
        return description[1]
    return None
