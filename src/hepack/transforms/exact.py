"""Lossless maps: integers as they are, and the bits of a float in the order of its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hepack.transforms.base import Symbols


@dataclass(frozen=True)
class Identity:
    """Integers and bools; uint64 above 2**63 wraps to negative symbols and back."""

    tag: ClassVar[str] = "int"

    def forward(self, values: NDArray[Any]) -> Symbols:
        if values.dtype == np.uint64:
            return values.view(np.int64)
        return values.astype(np.int64)

    def inverse(self, symbols: Symbols, dtype: np.dtype[Any]) -> NDArray[Any]:
        if dtype == np.uint64:
            return symbols.view(np.uint64)
        return symbols.astype(dtype)

    def settings(self) -> list[Any]:
        return []

    def tables(self) -> list[Symbols]:
        return []


@dataclass(frozen=True)
class OrderedBits:
    """A float's bits as an integer that grows with the value: 0.0 is 0, -0.0 is -1.

    ``shift`` low mantissa bits are dropped, rounding to nearest with ties away from zero. Where all of
    them are zero (NanoAOD's truncated mantissas) nothing is lost.
    """

    shift: int = 0
    tag: ClassVar[str] = "bits"

    def forward(self, values: NDArray[Any]) -> Symbols:
        size = values.dtype.itemsize
        signed = values.view(np.dtype(f"i{size}")).astype(np.int64)
        magnitude = signed & ((1 << (8 * size - 1)) - 1)
        if self.shift:
            magnitude = (magnitude + (1 << (self.shift - 1))) >> self.shift
        return np.where(signed < 0, -1 - magnitude, magnitude)

    def inverse(self, symbols: Symbols, dtype: np.dtype[Any]) -> NDArray[Any]:
        size = dtype.itemsize
        sign = symbols >> 63  # all ones for a negative value
        bits = ((symbols ^ sign) << self.shift) | (sign & (-1 << (8 * size - 1)))
        return bits.astype(np.dtype(f"i{size}")).view(dtype)

    def settings(self) -> list[Any]:
        return [self.shift]

    def tables(self) -> list[Symbols]:
        return []


@dataclass(frozen=True, eq=False)
class Dictionary:
    """A short list of distinct values; the symbol is the place in the list.

    ``entries`` are `OrderedBits` symbols (or the integers themselves), ascending.
    """

    entries: Symbols
    tag: ClassVar[str] = "dict"

    @classmethod
    def of(cls, values: NDArray[Any]) -> Dictionary:
        """The dictionary of all distinct values."""
        return cls(np.unique(exact_transform(values.dtype).forward(values)))

    def forward(self, values: NDArray[Any]) -> Symbols:
        place = np.searchsorted(self.entries, exact_transform(values.dtype).forward(values))
        return np.minimum(place, len(self.entries) - 1)

    def inverse(self, symbols: Symbols, dtype: np.dtype[Any]) -> NDArray[Any]:
        return exact_transform(dtype).inverse(self.entries, dtype)[symbols]

    def settings(self) -> list[Any]:
        return [len(self.entries)]

    def tables(self) -> list[Symbols]:
        return [self.entries]


def exact_transform(dtype: np.dtype[Any]) -> Identity | OrderedBits:
    """The transform that gives any value of a dtype back bit for bit."""
    return OrderedBits() if dtype.kind == "f" else Identity()
