"""One run of integers as bytes: nothing, a constant, bins + rANS, or pcodec, whichever is smallest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.codec.streams import decode_pcodec
from hepack.entropy import decode_integers, encode_integers

Ints = NDArray[np.int64]
CONSTANT, BINS, PCODEC = 0, 1, 2


def pack_integers(values: Ints) -> bytes:
    """Any int64 values, shape ``(n,)``, to bytes; no values to no bytes."""
    if not len(values):
        return b""
    if (values == values[0]).all():
        return bytes([CONSTANT]) + int(values[0]).to_bytes(8, "little", signed=True)
    options = [bytes([BINS]) + encode_integers(values)]
    if int(values.max()) - int(values.min()) < 2**31:
        options.append(bytes([PCODEC]) + _pcodec(values))
    return min(options, key=len)


def _pcodec(values: Ints) -> bytes:
    from pcodec import ChunkConfig, standalone

    low = int(values.min())
    narrow = (values - low).astype(np.uint32)
    head = low.to_bytes(8, "little", signed=True)
    return head + bytes(standalone.simple_compress(narrow, ChunkConfig(compression_level=8)))


def unpack_integers(data: bytes, count: int) -> Ints:
    """Undo `pack_integers`; the caller has capped ``count``.

    Raises:
        CorruptFileError: the bytes do not hold ``count`` integers.
    """
    if not count:
        if data:
            raise CorruptFileError("a stream of no integers has bytes")
        return np.zeros(0, np.int64)
    tag, body = data[:1], data[1:]
    if tag == bytes([CONSTANT]) and len(body) == 8:
        return np.full(count, int.from_bytes(body, "little", signed=True), np.int64)
    if tag == bytes([BINS]):
        return decode_integers(body, count)
    if tag == bytes([PCODEC]) and len(body) > 8:
        low = int.from_bytes(body[:8], "little", signed=True)
        return decode_pcodec(["p", low, 4], body[8:], count)
    raise CorruptFileError("a stream of integers has an unknown coder")
