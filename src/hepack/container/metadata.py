"""JSON values as small bytes: one tag byte, then zstd or LZMA or the plain text, whichever is smallest."""

from __future__ import annotations

import json
import lzma
from typing import Any

import zstandard

from hepack._errors import CorruptFileError
from hepack.container.limits import MAX_METADATA_BYTES, MAX_RATIO, check

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 4, "lp": 0, "pb": 0, "dict_size": 1 << 24}]
_PLAIN, _ZSTD, _LZMA = b"\x00", b"\x01", b"\x02"


def pack_json(value: Any) -> bytes:
    """Serialise; finite numbers, strings, lists, dicts, bools and None only. Infinity is refused."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    options = [_PLAIN + text]
    if len(text) > 64:
        compressor = zstandard.ZstdCompressor(level=19, write_content_size=False)
        options.append(_ZSTD + compressor.compress(text))
        options.append(_LZMA + lzma.compress(text, format=lzma.FORMAT_RAW, filters=_FILTERS))
    return min(options, key=len)


def unpack_json(data: bytes, what: str) -> Any:
    """Undo `pack_json`.

    Raises:
        CorruptFileError: not such bytes.
        LimitError: it would expand beyond the caps.
    """
    tag, rest = data[:1], data[1:]
    cap = min(MAX_METADATA_BYTES, max(1 << 20, MAX_RATIO * len(rest)))
    try:
        if tag == _PLAIN:
            text = rest
        elif tag == _ZSTD:
            text = zstandard.ZstdDecompressor().stream_reader(rest).read(cap + 1)
        elif tag == _LZMA:
            text = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS).decompress(rest, cap + 1)
        else:
            raise CorruptFileError(f"{what} starts with the unknown tag {tag!r}")
        check(len(text), cap, f"the size of {what}")
        return json.loads(text, parse_constant=_refuse_constant)
    except (zstandard.ZstdError, lzma.LZMAError, EOFError, ValueError, RecursionError) as error:
        raise CorruptFileError(f"{what} does not decode: {str(error)[:200]}") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"the number {name} is not allowed")
