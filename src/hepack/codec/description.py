"""How a column is coded, as the JSON list that a block's header holds.

The list is ``[transform, streams, exceptions, order]``, trailing zeros left out:

* ``transform``: ``[tag, *settings]``;
* ``streams``: one list ``[length, tag, *settings]`` per stream, in the order symbols, tables of the
  transform, then, if there are exceptions, patterns, places, classes, raw values;
* ``exceptions``: 0, or ``[form, exceptions, patterns, raw values]``;
* ``order``: 1 when entries of a fixed shape are stored component by component.

Or it is ``["split", descriptions]``: each component of the entries is a column of its own. Strings have
``["text", sizes, streams]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.codec.streams import Stream, decode_bytes, decode_stream
from hepack.transforms import Symbols, Transform

PLACES, MASK = 1, 2
"""Forms of exceptions: their places, or a class for every value."""

MAX_PATTERNS = 64


def describe(transform: Transform, streams: list[Stream], form: Any, order: int) -> list[Any]:
    """The description of a column; trailing zeros are left out."""
    parts = [[len(stream.data), *stream.settings] for stream in streams]
    description: list[Any] = [[transform.tag, *transform.settings()], parts, form, order]
    while description[-1] == 0:
        description.pop()
    return description


def parse_description(description: list[Any]) -> tuple[list[Any], list[list[Any]], list[int] | None, int]:
    """Transform, streams, exceptions and order of a column's description.

    Raises:
        CorruptFileError: it has another form.
    """
    match description:
        case [[str(), *_] as transform, [*streams], *rest] if len(rest) <= 2:
            form, order = (*rest, 0, 0)[:2]
        case _:
            raise CorruptFileError(f"a column has the impossible description {str(description)[:80]}")
    if form == 0:
        form = None
    elif not (
        isinstance(form, list)
        and len(form) == 4
        and all(type(number) is int and number >= 0 for number in form)
        and form[0] in (PLACES, MASK)
        and form[2] <= MAX_PATTERNS
    ):
        raise CorruptFileError(f"a column has the impossible exceptions {str(form)[:80]}")
    if order not in (0, 1) or not all(isinstance(s, list) and s and type(s[0]) is int for s in streams):
        raise CorruptFileError("a column has an impossible list of streams")
    return transform, streams, form, order


def data_size(description: list[Any]) -> int:
    """Bytes of the data that a column's description stands for.

    Raises:
        CorruptFileError: it has an impossible form.
    """
    match description:
        case ["split", [*parts]] if all(isinstance(part, list) and part for part in parts):
            return sum(data_size(part) for part in parts if part[0] != "split")
        case ["text", _, [*streams]] | ["m", [*streams]] | [list(), [*streams], *_]:
            sizes = [stream[0] if isinstance(stream, list) and stream else -1 for stream in streams]
            if all(type(size) is int and size >= 0 for size in sizes):
                return sum(sizes)
    raise CorruptFileError(f"an item has the impossible description {str(description)[:80]}")


class StreamReader:
    """Hands out the streams of a column one by one."""

    def __init__(self, parts: list[list[Any]], data: bytes | memoryview) -> None:
        self._parts = iter(parts)
        self._data = data
        self._position = 0

    def next(self, count: int) -> Symbols:
        """Decode the next stream, of ``count`` integers."""
        settings, piece = self._take()
        return decode_stream(settings, piece, count)

    def next_bytes(self, count: int) -> NDArray[np.uint8]:
        """Decode the next stream, of ``count`` bytes of text."""
        settings, piece = self._take()
        return decode_bytes(settings, piece, count)

    def next_raw(self) -> bytes:
        """The bytes of the next stream, as they are."""
        return self._take()[1]

    def _take(self) -> tuple[list[Any], bytes]:
        part = next(self._parts, None)
        if part is None:
            raise CorruptFileError("a column has too few streams")
        length, *settings = part
        end = self._position + length if type(length) is int else -1
        if end < self._position or end > len(self._data):
            raise CorruptFileError("a stream reaches beyond its column")
        piece = bytes(self._data[self._position : end])
        self._position = end
        return settings, piece

    def finish(self, name: str) -> None:
        """Check that nothing is left over."""
        if self._position != len(self._data) or next(self._parts, None) is not None:
            raise CorruptFileError(f"column '{name}' has bytes or streams left over")
