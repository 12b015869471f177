"""Differences in units of the column's own lattice: lossless, or on a lattice that a tolerance allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hepack.relations.centred.base import finite
from hepack.relations.kinds import NOTHING
from hepack.transforms import Digits, Identity, OrderedBits, Steps, Symbols


@dataclass(frozen=True)
class Difference:
    """Integers and flags: the value less the prediction, modulo 2**64; without a prediction, the value."""

    tag: ClassVar[str] = "diff"

    def forward(self, values: NDArray[Any], predicted: NDArray[Any]) -> Symbols:
        return Identity().forward(values) - _known(predicted)

    def inverse(self, symbols: Symbols, predicted: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        return Identity().inverse(symbols + _known(predicted), dtype)

    def settings(self) -> list[Any]:
        return []


def _known(predicted: NDArray[Any]) -> Symbols:
    return np.where(predicted == NOTHING, 0, predicted)


@dataclass(frozen=True)
class Ulps:
    """Floats by their ordered bits, ``shift`` low ones dropped: lossless where those are always zero."""

    shift: int = 0
    tag: ClassVar[str] = "ulps"

    def forward(self, values: NDArray[Any], predicted: NDArray[Any]) -> Symbols:
        return OrderedBits(self.shift).forward(values) - self._centre(predicted, values.dtype)

    def inverse(self, symbols: Symbols, predicted: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        return OrderedBits(self.shift).inverse(symbols + self._centre(predicted, dtype), dtype)

    def _centre(self, predicted: NDArray[Any], dtype: np.dtype[Any]) -> Symbols:
        with np.errstate(over="ignore"):
            return OrderedBits(self.shift).forward((finite(predicted) + 0.0).astype(dtype))

    def settings(self) -> list[Any]:
        return [self.shift]


@dataclass(frozen=True)
class Mantissa:
    """Floats whose ordered bits may move by half of ``2**shift``: the prediction itself, plus steps of that."""

    shift: int
    tag: ClassVar[str] = "mantissa"

    def forward(self, values: NDArray[Any], predicted: NDArray[Any]) -> Symbols:
        away = OrderedBits().forward(values) - self._centre(predicted, values.dtype)
        return (away + ((1 << self.shift) >> 1)) >> self.shift

    def inverse(self, symbols: Symbols, predicted: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        return OrderedBits().inverse((symbols << self.shift) + self._centre(predicted, dtype), dtype)

    def _centre(self, predicted: NDArray[Any], dtype: np.dtype[Any]) -> Symbols:
        return Ulps()._centre(predicted, dtype)

    def settings(self) -> list[Any]:
        return [self.shift]


@dataclass(frozen=True)
class Lattice:
    """Multiples of a step, or decimals: the value's place on the grid less the prediction's."""

    grid: Steps | Digits
    tag: ClassVar[str] = "lattice"

    def forward(self, values: NDArray[Any], predicted: NDArray[Any]) -> Symbols:
        return self.grid.forward(values) - self.grid.forward(finite(predicted))

    def inverse(self, symbols: Symbols, predicted: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        return self.grid.inverse(symbols + self.grid.forward(finite(predicted)), dtype)

    def settings(self) -> list[Any]:
        return [self.grid.tag, *self.grid.settings()]
