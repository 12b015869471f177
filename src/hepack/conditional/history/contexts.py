"""`Context`: which features, and how many of the ranks before, must be the same for a row to look back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError, LimitError, TruncatedFileError
from hepack.conditional.base import Features
from hepack.entropy.packing import read_varint, varint

MAX_CONTEXTS = 6
MAX_COLUMNS = 15
MAX_LAG = 2

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, order=True)
class Context:
    """``columns``: features, ascending; ``lag``: 0, or the rank of the row before, or of the two before."""

    columns: tuple[int, ...] = ()
    lag: int = 0

    def to_bytes(self) -> bytes:
        head = bytes([self.lag << 4 | len(self.columns)])
        return head + b"".join(varint(column) for column in self.columns)

    @classmethod
    def read(cls, data: bytes, at: int, features: int) -> tuple[Context, int]:
        """The context at a byte, for rows of so many features, and where it ends.

        Raises:
            CorruptFileError: there is none.
        """
        if at >= len(data):
            raise TruncatedFileError("a context ends early")
        lag, count = data[at] >> 4, data[at] & 15
        if lag > MAX_LAG:
            raise LimitError(f"a context looks {lag} rows back, the cap is {MAX_LAG}")
        at += 1
        columns: list[int] = []
        for _ in range(count):
            column, at = read_varint(data, at)
            if column >= features or (columns and column <= columns[-1]):
                raise CorruptFileError("a context names a feature that does not exist, or out of order")
            columns.append(column)
        return cls(tuple(columns), lag), at


def hashes_of(contexts: tuple[Context, ...], features: Features) -> NDArray[np.uint64]:
    """A hash of the features of each context, shape ``(row, context)``."""
    hashes = np.empty((len(features), len(contexts)), np.uint64)
    for j, context in enumerate(contexts):
        h = np.full(len(features), j + 1, np.uint64)
        for column in context.columns:
            h = (h ^ features[:, column].astype(np.int64).view(np.uint64)) * _MULTIPLIER
            h ^= h >> _SHIFT
        hashes[:, j] = h
    return hashes
