"""zstd and raw LZMA2, decompressed to an exact size that the caller knows."""

from __future__ import annotations

import lzma
from typing import Any

import zstandard

from hepack._errors import CorruptFileError

ZSTD, LZMA = "z", "x"

_MIN_DICTIONARY, _MAX_DICTIONARY = 1 << 12, 1 << 24


def compress(method: str, data: bytes, *, level: int = 19, width: int = 1) -> bytes:
    """Compress by ``z`` (a zstd frame, ``level`` 1 to 22) or ``x`` (raw LZMA2 for fields of ``width`` bytes)."""
    if method == ZSTD:
        return zstandard.ZstdCompressor(level=level, write_content_size=False).compress(data)
    return lzma.compress(data, format=lzma.FORMAT_RAW, filters=_filters(len(data), width))


def decompress(method: str, data: bytes, size: int, *, width: int = 1) -> bytes:
    """Undo `compress`; allocates no more than ``size`` bytes for the result.

    Raises:
        CorruptFileError: unknown method, not such bytes, or not exactly ``size`` of them.
    """
    try:
        if method == ZSTD:
            out = zstandard.ZstdDecompressor().stream_reader(data).read(size + 1)
        elif method == LZMA:
            out = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_filters(size, width)).decompress(
                data, size + 1
            )
        else:
            raise CorruptFileError(f"there is no compression method {method!r}")
    except (zstandard.ZstdError, lzma.LZMAError, EOFError) as error:
        raise CorruptFileError(f"compressed data do not decode: {error}") from None
    if len(out) != size:
        raise CorruptFileError(f"compressed data give {len(out)} bytes or more, expected {size}")
    return out


def _filters(size: int, width: int) -> list[dict[str, Any]]:
    """For fields of more than one byte, positions count within a field: lp = pb = log2(width), lc = 1.

    The dictionary is the least power of two that holds all, within 4 KiB and 16 MiB: a larger one would
    only cost time and memory.
    """
    dictionary = 1 << max(0, size - 1).bit_length()
    return [
        {
            "id": lzma.FILTER_LZMA2,
            "preset": 9,
            "lc": int(width > 1),
            "lp": width.bit_length() - 1,
            "pb": width.bit_length() - 1,
            "dict_size": min(max(dictionary, _MIN_DICTIONARY), _MAX_DICTIONARY),
        }
    ]
