"""Maps onto grids of floats: multiples of a step, decimals, and levels in constant ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hepack.transforms.base import Symbols
from hepack.transforms.power import levels_exp2

POWERS_OF_TEN = np.array([float(10**k) for k in range(23)])
"""1 to 1e22: the powers of ten that a float64 holds exactly."""


@dataclass(frozen=True)
class Steps:
    """``x = k * numerator / denominator``, kept within ``[low, high]``, then rounded to the dtype.

    With ``denominator = 10**d`` these are decimals with d digits: the quotient of two exact numbers is
    rounded once, as a correct text parser does. Keeping within the range of the original values means
    that a fraction stays a fraction and no azimuth goes beyond pi.
    """

    numerator: float
    denominator: float = 1.0
    low: float = -math.inf
    high: float = math.inf
    tag: ClassVar[str] = "step"

    def forward(self, values: NDArray[Any]) -> Symbols:
        with np.errstate(all="ignore"):
            scaled = np.rint(values.astype(np.float64) * (self.denominator / self.numerator))
            scaled[~(np.abs(scaled) < 2.0**53)] = 0.0
        return scaled.astype(np.int64)

    def inverse(self, symbols: Symbols, dtype: np.dtype[Any]) -> NDArray[Any]:
        with np.errstate(over="ignore", invalid="ignore"):
            values = symbols.astype(np.float64)
            if self.numerator != 1.0:
                values *= self.numerator
            if self.denominator != 1.0:
                values /= self.denominator
            if math.isfinite(self.low):
                np.maximum(values, self.low, out=values)
            if math.isfinite(self.high):
                np.minimum(values, self.high, out=values)
            return values.astype(dtype)

    def settings(self) -> list[Any]:
        bounds = [self.low, self.high] if math.isfinite(self.low) else []
        return [self.numerator, self.denominator, *bounds]

    def tables(self) -> list[Symbols]:
        return []


@dataclass(frozen=True)
class Digits:
    """Decimals with ``digits`` significant digits, as C++ streams print them (``%.6g``).

    ``|x| = m * 10**e`` with ``10**(digits-1) <= m < 10**digits``; the symbol counts such numbers upwards
    from the smallest one of exponent ``lowest``. Zero is 0, negative values mirror the positive ones.
    """

    digits: int
    lowest: int
    tag: ClassVar[str] = "digits"

    def forward(self, values: NDArray[Any]) -> Symbols:
        magnitude = np.abs(values.astype(np.float64))
        zero = magnitude == 0
        magnitude[zero] = 1.0
        exponent = decimal_exponent(magnitude) - (self.digits - 1)
        with np.errstate(over="ignore"):
            mantissa = np.rint(_shift_decimal(magnitude, -exponent))
        carried = mantissa >= 10.0**self.digits
        exponent += carried
        mantissa[carried] = 10.0 ** (self.digits - 1)
        base = 10 ** (self.digits - 1)
        symbols = (exponent - self.lowest) * (9 * base) + mantissa.astype(np.int64) - base + 1
        return np.where(zero, 0, np.where(values < 0, -symbols, symbols))

    def inverse(self, symbols: Symbols, dtype: np.dtype[Any]) -> NDArray[Any]:
        base = 10 ** (self.digits - 1)
        decade, rest = np.divmod(np.maximum(np.abs(symbols) - 1, 0), 9 * base)
        with np.errstate(over="ignore"):
            values = _shift_decimal((rest + base).astype(np.float64), decade + self.lowest)
            values[symbols == 0] = 0.0
            return np.where(symbols < 0, -values, values).astype(dtype)

    def settings(self) -> list[Any]:
        return [self.digits, self.lowest]

    def tables(self) -> list[Symbols]:
        return []


@dataclass(frozen=True)
class Ratio:
    """Levels in constant ratio, for a relative bound: ``|x| = 2**(width * (lowest + |symbol| - 1))``.

    With ``width = log2((1+r)/(1-r))`` the cell of a level ``y`` reaches from ``y/(1+r)`` to ``y/(1-r)``, so
    every value in it is within ``r`` of ``y`` relative to itself. Zero is 0; negative values mirror.
    """

    width: float
    lowest: int
    tag: ClassVar[str] = "ratio"

    @staticmethod
    def width_for(bound: float) -> float:
        """The widest cell, in binary octaves, that keeps the relative ``bound``."""
        return (math.log1p(bound) - math.log1p(-bound)) / math.log(2)

    @classmethod
    def spanning(cls, bound: float, magnitude: NDArray[Any]) -> Ratio:
        """The grid for a relative ``bound`` that starts at the smallest of ``magnitude`` (all > 0)."""
        width = cls.width_for(bound)
        start = cls(width, 0)
        return cls(width, int(start._level(np.array([magnitude.min()], np.float64))[0]))

    def _level(self, magnitude: NDArray[np.float64]) -> Symbols:
        # 1 + r = 2 rho / (rho + 1) for the ratio rho of neighbouring levels
        rho = 2.0**self.width
        edge = math.log2(2 * rho / (rho + 1))
        return np.floor((np.log2(magnitude) + edge) / self.width).astype(np.int64)

    def forward(self, values: NDArray[Any]) -> Symbols:
        magnitude = np.abs(values.astype(np.float64))
        zero = magnitude == 0
        if zero.any():
            magnitude[zero] = 1.0
        symbols = self._level(magnitude) - (self.lowest - 1)
        if zero.any():
            symbols[zero] = 0
        negative = values < 0
        return np.where(negative, -symbols, symbols) if negative.any() else symbols

    def inverse(self, symbols: Symbols, dtype: np.dtype[Any]) -> NDArray[Any]:
        with np.errstate(over="ignore"):
            values = levels_exp2(np.abs(symbols) + (self.lowest - 1), self.width)
            values[symbols == 0] = 0.0
            return np.where(symbols < 0, -values, values).astype(dtype)

    def settings(self) -> list[Any]:
        return [self.width, self.lowest]

    def tables(self) -> list[Symbols]:
        return []


_DECADES = np.array([float(f"1e{k}") for k in range(-307, 309)])


def decimal_exponent(magnitude: NDArray[np.float64]) -> NDArray[np.int64]:
    """``floor(log10(x))`` for x >= 1e-307, by comparison with the powers of ten: the same on every machine."""
    return np.searchsorted(_DECADES, magnitude, side="right").astype(np.int64) - 308


def _shift_decimal(values: NDArray[np.float64], exponent: NDArray[np.int64]) -> NDArray[np.float64]:
    """``values * 10**exponent`` with a single rounding while ``|exponent| <= 22``."""
    power = POWERS_OF_TEN[np.minimum(np.abs(exponent), 22)]
    rest = POWERS_OF_TEN[np.clip(np.abs(exponent) - 22, 0, 22)]
    return np.asarray(np.where(exponent >= 0, values * power * rest, values / power / rest))
