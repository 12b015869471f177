"""A collection of strings to bytes and back: a dictionary where strings repeat, else their bytes.

The description is ``["text", sizes, streams]`` with streams as in a column's description:

* ``sizes = [bytes]``: the streams are the lengths (one per string) and the bytes;
* ``sizes = [bytes, n]``: lengths and bytes of ``n`` distinct strings, then each string's number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.codec.choose import Chooser
from hepack.codec.column import EncodedColumn
from hepack.codec.description import StreamReader
from hepack.codec.streams import encode_bytes
from hepack.container import MAX_VALUES, check
from hepack.table import offsets_from_counts

MAX_WIDTH = 256
"""Longer strings are not looked up in a dictionary."""

MAX_TABLE_BYTES = 1 << 28
"""The padded strings to sort; one long string among many short ones would take far more memory than all."""


def encode_text(counts: NDArray[np.int64], data: NDArray[np.uint8], chooser: Chooser) -> EncodedColumn:
    """Encode strings given by their lengths ``(n,)`` and their bytes on end."""
    if not len(counts):
        return EncodedColumn(["text", [0], []], [], data)
    found = _distinct(counts, data)
    if found is None:
        streams = [chooser.stream(counts, ""), encode_bytes(data)]
        sizes = [len(data)]
    else:
        lengths, text, numbers = found
        streams = [chooser.stream(lengths, ""), encode_bytes(text), chooser.stream(numbers, "")]
        sizes = [len(text), len(lengths)]
    parts = [[len(stream.data), *stream.settings] for stream in streams]
    return EncodedColumn(["text", sizes, parts], streams, data)


def decode_text(
    description: list[Any], data: bytes | memoryview, entries: int, *, limit: int = MAX_VALUES
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Lengths and bytes of ``entries`` strings, ``limit`` bytes in all at most.

    Raises:
        CorruptFileError: the description or the data contradict the format.
    """
    match description:
        case ["text", [int(), *rest] as sizes, [*parts]] if len(rest) <= 1 and all(
            type(size) is int and 0 <= size <= MAX_VALUES for size in sizes
        ):
            reader = StreamReader(parts, data)
        case _:
            raise CorruptFileError(f"strings have the impossible description {str(description)[:80]}")
    if not entries:
        return np.zeros(0, np.int64), np.zeros(0, np.uint8)
    lengths = reader.next(sizes[1] if rest else entries)
    if (lengths < 0).any() or (lengths > sizes[0]).any() or int(lengths.sum()) != sizes[0]:
        raise CorruptFileError("the lengths of strings do not add up")
    text = reader.next_bytes(sizes[0])
    if rest:
        numbers = reader.next(entries)
        if (numbers < 0).any() or (numbers >= len(lengths)).any():
            raise CorruptFileError("a string's number is outside its dictionary")
        check(int(lengths[numbers].sum()), limit, "the length of all strings")
        lengths, text = _look_up(lengths, text, numbers)
    reader.finish("of strings")
    return lengths, text


def _distinct(
    counts: NDArray[np.int64], data: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]] | None:
    """Lengths and bytes of the distinct strings, and each string's number; None if they hardly repeat."""
    width = int(counts.max())
    if width > MAX_WIDTH or len(counts) < 4 or len(counts) * (width + 2) > MAX_TABLE_BYTES:
        return None
    offsets = offsets_from_counts(counts)
    step = max(1, len(counts) // 256)
    probe = {data[offsets[i] : offsets[i + 1]].tobytes() for i in range(0, len(counts), step)}
    if len(probe) * 2 > len(range(0, len(counts), step)) + 2:
        return None
    padded = np.zeros((len(counts), width + 2), np.uint8)
    padded[:, 0], padded[:, 1] = counts & 255, counts >> 8  # the length tells "a" from "a\0"
    row = np.repeat(np.arange(len(counts)), counts)
    padded[row, 2 + np.arange(len(data)) - offsets[row]] = data
    keys = padded.view(np.dtype((np.void, width + 2))).reshape(-1)
    _, first, numbers = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) * 2 > len(counts):
        return None
    lengths = counts[first]
    pieces = [data[offsets[i] : offsets[i + 1]] for i in first]
    return lengths, np.concatenate(pieces), numbers.astype(np.int64)


def _look_up(
    lengths: NDArray[np.int64], text: NDArray[np.uint8], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    starts = offsets_from_counts(lengths)
    counts = lengths[numbers]
    offsets = offsets_from_counts(counts)
    source = np.arange(offsets[-1]) + np.repeat(starts[numbers] - offsets[:-1], counts)
    return counts, text[source]
