"""Symbols in the narrowest integers that hold them, and their bytes in planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.transforms import Symbols


@dataclass(frozen=True)
class Narrowed:
    """Symbols as ``offset + x`` (``mode`` 0) or as ``offset + running sum of unzigzagged x`` (``mode`` 1),
    with the ``x`` in the narrowest unsigned dtype."""

    offset: int
    mode: int
    values: NDArray[Any]

    @classmethod
    def plain(cls, symbols: Symbols) -> Narrowed:
        low, high = int(symbols.min()), int(symbols.max())
        dtype = np.min_scalar_type(high - low)
        low = _natural_offset(low, high, dtype.itemsize)
        # subtraction wraps modulo 2**64, which is what the widest spans need
        shifted = symbols.view(np.uint64) - np.uint64(low & 0xFFFFFFFFFFFFFFFF)
        return cls(low, 0, shifted.astype(dtype))

    @classmethod
    def differences(cls, symbols: Symbols) -> Narrowed:
        step = np.diff(symbols)  # wraps; so does the sum in `restore`
        zigzag = ((step << 1) ^ (step >> 63)).view(np.uint64)
        top = int(zigzag.max()) if len(zigzag) else 0
        return cls(int(symbols[0]), 1, zigzag.astype(np.min_scalar_type(top)))

    @staticmethod
    def restore(offset: int, mode: int, values: NDArray[Any]) -> Symbols:
        wide = values.astype(np.uint64)
        start = np.uint64(offset & 0xFFFFFFFFFFFFFFFF)
        if mode == 0:
            wide += start
            return wide.view(np.int64)
        step = (wide >> np.uint64(1)) ^ (np.uint64(0) - (wide & np.uint64(1)))
        symbols = np.empty(len(step) + 1, np.uint64)
        symbols[0] = start
        symbols[1:] = step
        return np.cumsum(symbols, dtype=np.uint64).view(np.int64)


def _natural_offset(low: int, high: int, width: int) -> int:
    """0 or the middle of the unsigned range where that fits, so that bytes keep their own boundaries."""
    for offset in (0, -(1 << (8 * width - 1))):
        if offset <= low and high - offset < 1 << (8 * width):
            return offset
    return low


def shuffle(values: NDArray[Any]) -> bytes:
    """Byte planes: all first bytes, then all second bytes, and so on."""
    width = values.dtype.itemsize
    if width == 1:
        return values.tobytes()
    return np.ascontiguousarray(values.view(np.uint8).reshape(-1, width).T).tobytes()


def unshuffle(data: bytes, width: int, count: int) -> NDArray[Any]:
    """Undo `shuffle`.

    Raises:
        CorruptFileError: the length is not ``width * count``.
    """
    if len(data) != width * count:
        raise CorruptFileError(f"a byte-shuffled stream has {len(data)} bytes, expected {width * count}")
    planes = np.frombuffer(data, np.uint8).reshape(width, count)
    return np.ascontiguousarray(planes.T).reshape(-1).view(np.dtype(f"u{width}"))
