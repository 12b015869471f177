"""JSON values as small bytes: one tag byte, then zstd or LZMA or the plain text, whichever is smallest."""

from __future__ import annotations

import json
import lzma
import math
import re
from typing import Any

import zstandard

from hepack._errors import CorruptFileError
from hepack.container.limits import (
    MAX_METADATA_BYTES,
    MAX_METADATA_DEPTH,
    MAX_METADATA_ITEMS,
    MAX_RATIO,
    check,
)

MAX_DICTIONARY = 1 << 24
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_PLAIN, _ZSTD, _LZMA = b"\x00", b"\x01", b"\x02"


def pack_json(value: Any) -> bytes:
    """Serialise; finite numbers, strings, lists, dicts, bools and None only. Infinity is refused.

    Raises:
        LimitError: it is more than a reader accepts.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    check(len(text), MAX_METADATA_BYTES, "the size of metadata")
    _check_form(text, "metadata")
    options = [_PLAIN + text]
    if len(text) > 64:
        compressor = zstandard.ZstdCompressor(level=19, write_content_size=False)
        options.append(_ZSTD + compressor.compress(text))
        options.append(_LZMA + lzma.compress(text, format=lzma.FORMAT_RAW, filters=_filters(len(text))))
    return min((option for option in options if len(text) <= _cap(len(option) - 1)), key=len)


def unpack_json(data: bytes, what: str) -> Any:
    """Undo `pack_json`.

    Raises:
        CorruptFileError: not such bytes.
        LimitError: it would expand beyond the caps.
    """
    tag, rest = data[:1], data[1:]
    cap = _cap(len(rest))
    try:
        if tag == _PLAIN:
            text = rest
        elif tag == _ZSTD:
            text = zstandard.ZstdDecompressor().stream_reader(rest).read(cap + 1)
        elif tag == _LZMA:
            text = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_filters(MAX_DICTIONARY)).decompress(
                rest, cap + 1
            )
        else:
            raise CorruptFileError(f"{what} starts with the unknown tag {tag!r}")
        check(len(text), cap, f"the size of {what}")
        _check_form(text, what)
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (zstandard.ZstdError, lzma.LZMAError, EOFError, ValueError, RecursionError) as error:
        raise CorruptFileError(f"{what} does not decode: {str(error)[:200]}") from None


def _cap(stored: int) -> int:
    return min(MAX_METADATA_BYTES, max(1 << 20, MAX_RATIO * stored))


def _filters(size: int) -> list[dict[str, Any]]:
    """A writer needs no larger dictionary than the text, a reader takes the largest allowed."""
    dictionary = min(max(size, 1 << 12), MAX_DICTIONARY)
    return [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 4, "lp": 0, "pb": 0, "dict_size": dictionary}]


def _check_form(text: bytes, what: str) -> None:
    """Bound the depth and number of values before anything is built from ``text``."""
    check(sum(map(text.count, (b",", b"[", b"{"))), MAX_METADATA_ITEMS, f"the number of values in {what}")
    depth = deepest = 0
    for bracket in _STRINGS.sub(b"", text).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    check(deepest, MAX_METADATA_DEPTH, f"the depth of {what}")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is not finite")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"the number {name} is not allowed")
