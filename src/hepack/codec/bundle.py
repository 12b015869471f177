"""Bundles: small items compressed together, because a header each would cost more than they hold."""

from __future__ import annotations

from hepack._errors import CorruptFileError
from hepack.codec import lz
from hepack.container import check

SMALL_BYTES = 4096
"""An item whose streams take no more than this goes into a bundle."""

BUNDLE_BYTES = 1 << 18
"""A bundle is closed when it has grown to this; a reader decompresses it whole for any of its items."""


def compress_bundle(raw: bytes) -> tuple[str, bytes]:
    """Method (empty: as it is) and bytes, the smallest."""
    options = [("", raw)]
    if len(raw) > 16:
        options += [(method, lz.compress(method, raw)) for method in (lz.ZSTD, lz.LZMA)]
    return min(options, key=lambda option: len(option[1]))


def decompress_bundle(method: str, stored: bytes, size: int) -> bytes:
    """Undo `compress_bundle`; ``size`` is what the items' descriptions add up to.

    Raises:
        CorruptFileError, LimitError: the bytes are not such a bundle.
    """
    check(size, BUNDLE_BYTES + SMALL_BYTES, "the size of a bundle")
    if method:
        return lz.decompress(method, stored, size)
    if len(stored) != size:
        raise CorruptFileError(f"a bundle has {len(stored)} bytes, expected {size}")
    return stored
