"""`Pieces`: arrays behind each other in the body of a section, read with every count checked beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.autocoder.integers import pack_integers, unpack_integers
from hepack.container import MAX_VALUES, check

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

ints_piece = pack_integers
"""Integers as bytes, entropy coded."""


def floats_piece(values: Floats) -> bytes:
    """Numbers of any shape as little-endian binary64, row by row."""
    return values.astype("<f8").tobytes()


def singles_piece(values: Singles) -> bytes:
    """The same as binary32."""
    return values.astype("<f4").tobytes()


class Pieces:
    """Reads one piece after the other; each method says how many numbers it wants, and gets them or an error.

    Raises (from any method): CorruptFileError, LimitError.
    """

    def __init__(self, body: bytes, lengths: Any) -> None:
        good = isinstance(lengths, list) and all(type(one) is int and one >= 0 for one in lengths)
        if not good or sum(lengths) != len(body):
            raise CorruptFileError("the arrays of a detector do not fill their section")
        self._parts = _cut(body, lengths)

    def ints(self, count: int, low: int, high: int) -> Ints:
        """Integers from ``low`` to ``high``, shape ``(count,)``."""
        values = unpack_integers(self._next(), check(count, MAX_VALUES, "the length of an array"))
        if len(values) and not low <= int(values.min()) <= int(values.max()) <= high:
            raise CorruptFileError(f"an array of a detector holds integers outside {low} to {high}")
        return values

    def floats(self, *shape: int) -> Floats:
        """Finite numbers of a shape."""
        return self._numbers(np.dtype("<f8"), shape).astype(np.float64)

    def singles(self, *shape: int) -> Singles:
        """Finite numbers of a shape that were stored as binary32."""
        return self._numbers(np.dtype("<f4"), shape).astype(np.float32)

    def vector(self, most: int, *, finite: bool = True) -> Floats:
        """Numbers, as many as there are up to ``most``."""
        data = self._next()
        check(len(data) // 8, most, "the length of an array")
        return _shaped(data, np.dtype("<f8"), (len(data) // 8,), finite=finite).astype(np.float64)

    def finish(self) -> None:
        """Nothing may be left."""
        if next(self._parts, None) is not None:
            raise CorruptFileError("a detector has more arrays than its header explains")

    def _numbers(self, dtype: np.dtype[Any], shape: Sequence[int]) -> NDArray[Any]:
        return _shaped(self._next(), dtype, shape, finite=True)

    def _next(self) -> bytes:
        data = next(self._parts, None)
        if data is None:
            raise CorruptFileError("a detector has fewer arrays than its header explains")
        return data


def _shaped(data: bytes, dtype: np.dtype[Any], shape: Sequence[int], *, finite: bool) -> NDArray[Any]:
    count = 1
    for size in shape:
        count *= check(size, MAX_VALUES, "the length of an array")
    if count * dtype.itemsize != len(data):
        raise CorruptFileError(f"an array of a detector has {len(data)} bytes, not {count} numbers")
    values = np.frombuffer(data, dtype).reshape(tuple(shape))
    if finite and not np.isfinite(values).all():
        raise CorruptFileError("an array of a detector holds numbers that are not finite")
    return values


def _cut(body: bytes, lengths: Sequence[int]) -> Iterator[bytes]:
    at = 0
    for length in lengths:
        yield body[at : at + length]
        at += length
