"""Bits in bytes: packed unsigned integers of any widths, prefix codes, and variable-length integers.

Bits fill each byte from its lowest bit up; the last byte is padded with zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, TruncatedFileError
from hepack.entropy.engine import loops

UInt64s = NDArray[np.uint64]

_WIDTHS = np.arange(65, dtype=np.uint64)
_ZERO = np.zeros(65, np.uint64)
_POWERS = np.uint64(1) << np.arange(64, dtype=np.uint64)
# bits of a prefix code, by its order and the bit length of the value
_ORDER, _LENGTH = np.arange(64)[:, None], np.arange(65)
_CODE_BITS = np.where(_LENGTH > _ORDER, 2 * _LENGTH - _ORDER, _ORDER + 1)


def bit_lengths(values: UInt64s) -> NDArray[np.int64]:
    """The number of bits of each value, 0 for zero."""
    return np.searchsorted(_POWERS, values, side="right").astype(np.int64)


def pack_classes(values: UInt64s, classes: NDArray[np.uint16], lowers: UInt64s, widths: UInt64s) -> bytes:
    """``values[i] - lowers[c]`` in ``widths[c]`` bits, where ``c = classes[i]``; the caller vouches that it fits."""
    counts = np.bincount(classes, minlength=len(widths))
    bits = int((counts * widths.astype(np.int64)).sum())
    words = np.zeros(bits // 64 + 1, np.uint64)
    loops().pack(values, classes, lowers, widths, words)
    return words.astype("<u8", copy=False).tobytes()[: (bits + 7) // 8]


def as_words(data: bytes | memoryview) -> UInt64s:
    """The bytes as little-endian words, with two words of zeros after them."""
    padded = np.zeros((len(data) + 7) // 8 + 2, "<u8")
    padded.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    return padded.astype(np.uint64, copy=False)


def unpack_classes(
    data: bytes | memoryview, classes: NDArray[np.uint16], lowers: UInt64s, widths: UInt64s, *, step: int = 1
) -> UInt64s:
    """Undo `pack_classes`: ``lowers[c] + step * bits``, modulo 2**64.

    Raises:
        CorruptFileError: ``data`` has another length, or padding that is not zero.
    """
    words = as_words(data)
    values = np.empty(len(classes), np.uint64)
    bits = loops().unpack(words, np.uint64(8 * len(data)), classes, lowers, widths, np.uint64(step), values)
    if bits < 0:
        raise TruncatedFileError(f"packed bits end early: {len(data)} bytes for {len(classes)} values")
    if (bits + 7) // 8 != len(data):
        raise CorruptFileError(f"packed bits take {(bits + 7) // 8} bytes, but {len(data)} are stored")
    if bits % 8 and data[-1] >> (bits % 8):
        raise CorruptFileError("packed bits are followed by padding that is not zero")
    return values


def pack(values: UInt64s, widths: NDArray[Any]) -> bytes:
    """Each value in its own number of bits (0 to 64).

    Raises:
        BadRequestError: the lengths differ, or a value needs more bits than its width.
    """
    values = np.ascontiguousarray(values, np.uint64)
    sizes = np.ascontiguousarray(widths, np.uint16)
    if values.shape != sizes.shape or (sizes > 64).any():
        raise BadRequestError(f"{len(values)} values need as many widths of 0 to 64 bits, got {len(sizes)}")
    if (bit_lengths(values) > sizes).any():
        raise BadRequestError("a value needs more bits than its width")
    return pack_classes(values, sizes, _ZERO, _WIDTHS)


def unpack(data: bytes | memoryview, widths: NDArray[Any]) -> UInt64s:
    """Undo `pack`.

    Raises:
        CorruptFileError: ``data`` has another length than the widths ask for, or padding that is not zero.
        BadRequestError: a width is over 64.
    """
    sizes = np.ascontiguousarray(widths, np.uint16)
    if (sizes > 64).any():
        raise BadRequestError("widths go from 0 to 64 bits")
    return unpack_classes(data, sizes, _ZERO, _WIDTHS)


def zigzag(values: NDArray[np.int64]) -> UInt64s:
    """0, -1, 1, -2, ... as 0, 1, 2, 3, ..."""
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def unzigzag(values: UInt64s) -> NDArray[np.int64]:
    """Undo `zigzag`."""
    return ((values >> np.uint64(1)) ^ (np.uint64(0) - (values & np.uint64(1)))).view(np.int64)


def best_order(values: UInt64s, limit: int) -> int:
    """The order ``k <= limit`` whose prefix codes for ``values`` are shortest."""
    counts = np.bincount(bit_lengths(values), minlength=65)
    costs = _CODE_BITS[: limit + 1] @ counts
    # for 64 bits order 0 would need a run of zeros that no field holds
    first = 1 if counts[64] else 0
    return first + int(np.argmin(costs[first:]))


class BitWriter:
    """Collects fields, then packs them all."""

    def __init__(self) -> None:
        self._values: list[UInt64s] = []
        self._widths: list[NDArray[np.int64]] = []

    def number(self, value: int, width: int) -> None:
        self._values.append(np.array([value], np.uint64))
        self._widths.append(np.array([width], np.int64))

    def codes(self, values: UInt64s, k: int) -> None:
        """Prefix codes of order ``k`` (1 or more for values over 63 bits).

        A value under 2**k is a 1 and its ``k`` bits. Else, with ``c`` the bits it has beyond ``k``: ``c`` zeros,
        a 1, and the value's bits below its top one.
        """
        lengths = bit_lengths(values)
        extra = np.maximum(lengths - k, 0)
        width = np.where(extra > 0, lengths - 1, k)
        top = np.where(extra > 0, _POWERS[np.maximum(lengths - 1, 0)], np.uint64(0))
        fields = np.stack([_POWERS[extra], values - top], axis=1)
        self._values.append(fields.reshape(-1))
        self._widths.append(np.stack([extra + 1, width], axis=1).reshape(-1))

    def to_bytes(self) -> bytes:
        return pack(np.concatenate(self._values), np.concatenate(self._widths))


class BitReader:
    """Reads the fields of a `BitWriter` from the head of ``data``.

    Raises (every method):
        TruncatedFileError: the data ends early, or a code is longer than any that is written.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._words = as_words(data)
        self._bits = 8 * len(data)
        self._position = 0

    def number(self, width: int) -> int:
        value = 0
        if self._position + width > self._bits:
            raise TruncatedFileError("a table ends early")
        for i in range(width):
            at = self._position + i
            value |= (int(self._words[at >> 6]) >> (at & 63) & 1) << i
        self._position += width
        return value

    def codes(self, count: int, k: int) -> UInt64s:
        if count > self._bits - self._position:
            raise TruncatedFileError(
                f"a table ends early: {count} entries in {self._bits - self._position} bits"
            )
        values = np.empty(count, np.uint64)
        self._position = loops().read_codes(self._words, self._bits, self._position, k, values)
        if self._position < 0:
            raise TruncatedFileError("a table ends early or holds an impossible code")
        return values

    def used(self) -> int:
        """Bytes read, the last one counted whole; its padding must be zero."""
        if any(
            int(self._words[at >> 6]) >> (at & 63) & 1
            for at in range(self._position, -(-self._position // 8) * 8)
        ):
            raise CorruptFileError("a table is followed by padding that is not zero")
        return -(-self._position // 8)


def varint(value: int) -> bytes:
    """``value >= 0`` in groups of 7 bits, low ones first; the top bit says that more follow."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """The number at byte ``at`` (below 2**64) and the position after it.

    Raises:
        TruncatedFileError: the data ends early.
        CorruptFileError: the number does not fit 64 bits.
    """
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise TruncatedFileError("a number ends early")
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            break
    if value >> 64 or data[at - 1] >= 128:
        raise CorruptFileError("a number does not fit 64 bits")
    return value, at
