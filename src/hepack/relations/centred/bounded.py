"""Steps away from an unrounded prediction, as wide as a tolerance allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hepack.relations.centred.base import finite
from hepack.transforms import Ratio, Symbols
from hepack.transforms.power import levels_exp2


@dataclass(frozen=True)
class Absolute:
    """``y = predicted + k cell``, kept within ``[low, high]``; for an angle brought there by a period first.

    With ``cell`` twice the bound, a prediction within the bound is k = 0. Without one, y = k cell.
    """

    cell: float
    low: float
    high: float
    period: float = 0.0
    tag: ClassVar[str] = "abs"

    def forward(self, values: NDArray[Any], predicted: NDArray[Any]) -> Symbols:
        with np.errstate(all="ignore"):
            away = values.astype(np.float64) - finite(predicted)
            if self.period:
                away -= self.period * np.rint(away / self.period)
            steps = np.rint(away / self.cell)
        return np.where(np.abs(steps) < 2.0**53, steps, 0.0).astype(np.int64)

    def inverse(self, symbols: Symbols, predicted: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        with np.errstate(all="ignore"):
            values = finite(predicted) + symbols.astype(np.float64) * self.cell
            if self.period:
                over, under = values - self.period, values + self.period
                values = np.where((values > self.high) & (over >= self.low), over, values)
                values = np.where((values < self.low) & (under <= self.high), under, values)
            return np.minimum(np.maximum(values, self.low), self.high).astype(dtype)

    def settings(self) -> list[Any]:
        return [self.cell, self.low, self.high, *([self.period] if self.period else [])]


@dataclass(frozen=True)
class Relative:
    """``y = predicted * 2**(width k)``; one reserved symbol is exact zero.

    With ``width = log2((1+r)/(1-r))`` every y of the prediction's sign is within r of some step, and a
    prediction within r of it is k = 0. Where there is no prediction, or zero, the steps are those of
    `Ratio` with ``lowest``.
    """

    width: float
    lowest: int
    tag: ClassVar[str] = "rel"

    @property
    def zero(self) -> int:
        """The symbol of zero: below every step that float64 has."""
        return -math.ceil(2200 / self.width) - 1

    def forward(self, values: NDArray[Any], predicted: NDArray[Any]) -> Symbols:
        centre = finite(predicted)
        rho = 2.0**self.width
        bound = (rho - 1) / (rho + 1)
        shift = 0.5 * (math.log1p(bound) + math.log1p(-bound)) / math.log(2)
        with np.errstate(all="ignore"):
            ratio = values.astype(np.float64) / centre
            steps = np.rint((np.log2(ratio) + shift) / self.width)
            steps[np.abs(1.0 / ratio - 1.0) <= bound] = 0.0
            symbols = np.where(np.isfinite(steps), steps, 0.0).astype(np.int64)
        symbols[values == 0] = self.zero
        plain = centre == 0
        if plain.any():
            symbols[plain] = Ratio(self.width, self.lowest).forward(values[plain])
        return symbols

    def inverse(self, symbols: Symbols, predicted: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        centre = finite(predicted)
        with np.errstate(all="ignore"):
            zero = symbols == self.zero
            values = centre * levels_exp2(np.where(zero, 0, symbols), self.width)
            values[zero] = 0.0
            result = values.astype(dtype)
        plain = centre == 0
        if plain.any():
            result[plain] = Ratio(self.width, self.lowest).inverse(symbols[plain], dtype)
        return result

    def settings(self) -> list[Any]:
        return [self.width, self.lowest]
