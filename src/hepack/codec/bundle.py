"""Bundles: small items compressed together, because a header each would cost more than they hold."""

from __future__ import annotations

import lzma

import zstandard

from hepack._errors import CorruptFileError
from hepack.container import check

SMALL_BYTES = 4096
"""An item whose streams take no more than this goes into a bundle."""

BUNDLE_BYTES = 1 << 18
"""A bundle is closed when it has grown to this; a reader decompresses it whole for any of its items."""

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 0, "pb": 0, "dict_size": 1 << 20}]


def compress_bundle(raw: bytes) -> tuple[str, bytes]:
    """Method (empty: as it is, ``z``: zstd, ``x``: raw LZMA) and bytes, the smallest."""
    options = [("", raw)]
    if len(raw) > 16:
        options.append(("z", zstandard.ZstdCompressor(level=19, write_content_size=False).compress(raw)))
        options.append(("x", lzma.compress(raw, format=lzma.FORMAT_RAW, filters=_FILTERS)))
    return min(options, key=lambda option: len(option[1]))


def decompress_bundle(method: str, stored: bytes, size: int) -> bytes:
    """Undo `compress_bundle`; allocates no more than ``size``, which the items' descriptions add up to.

    Raises:
        CorruptFileError: the bytes are not such a bundle.
    """
    check(size, 2 * BUNDLE_BYTES + SMALL_BYTES, "the size of a bundle")
    try:
        if method == "z":
            raw = zstandard.ZstdDecompressor().stream_reader(stored).read(size + 1)
        elif method == "x":
            raw = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS).decompress(stored, size + 1)
        elif not method:
            raw = stored
        else:
            raise CorruptFileError(f"a bundle has the unknown method {method!r}")
    except (zstandard.ZstdError, lzma.LZMAError, EOFError) as error:
        raise CorruptFileError(f"a bundle does not decode: {error}") from None
    if len(raw) != size:
        raise CorruptFileError(f"a bundle is longer or shorter than the {size} bytes promised")
    return raw
