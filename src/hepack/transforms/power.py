"""2**x from additions and multiplications alone, so that every machine gets the same bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_COEFFICIENTS = (
    1.0,
    0.6931471805599453,
    0.24022650695910072,
    0.05550410866482158,
    0.009618129107628477,
    0.0013333558146428443,
    0.0001540353039338161,
    1.5252733804059841e-05,
    1.321548679014431e-06,
    1.01780860092397e-07,
    7.054911620801123e-09,
    4.4455382718708116e-10,
    2.5678435993488206e-11,
)
"""ln(2)**k / k!, the Taylor series of 2**f; on |f| <= 1/2 the remainder is below 1e-16."""


def exp2(exponent: NDArray[np.float64]) -> NDArray[np.float64]:
    """``2**exponent``, accurate to a few ulp, 0 or inf beyond the range of float64.

    ``exponent = n + f`` with integer n and |f| <= 1/2; Horner's rule for 2**f; then an exact scaling by
    2**n in two halves, so that denormal results are rounded once by the last multiplication.
    """
    clipped = np.minimum(np.maximum(exponent, -1200.0), 1200.0)
    whole = np.floor(clipped + 0.5)
    fraction = clipped - whole
    result = np.full_like(fraction, _COEFFICIENTS[-1])
    for coefficient in reversed(_COEFFICIENTS[:-1]):
        result *= fraction
        result += coefficient
    n = whole.astype(np.int64)
    half = n >> 1
    result *= _power_of_two(half)
    result *= _power_of_two(n - half)
    return result


FEW = 1 << 10
"""Fewer levels are not looked up."""


def levels_exp2(levels: NDArray[np.int64], width: float) -> NDArray[np.float64]:
    """``exp2(width * levels)``; levels that lie close together are looked up, with the same result."""
    if len(levels) >= FEW:
        low, high = int(levels.min()), int(levels.max())
        if high - low < len(levels) // 2:
            return exp2(np.arange(low, high + 1).astype(np.float64) * width).take(levels - low)
    return exp2(levels.astype(np.float64) * width)


def _power_of_two(n: NDArray[np.int64]) -> NDArray[np.float64]:
    return ((n + 1023) << 52).view(np.float64)
