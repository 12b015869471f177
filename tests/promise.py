"""The promise of a tolerance once more, value by value in exact arithmetic: the slow twin for tests."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import Tolerance


def kept(tolerance: Tolerance, x: Any, y: Any, period: float | None = None) -> bool:
    """Whether numpy scalar ``y`` keeps the promise made for ``x``; both of one dtype."""
    if x.tobytes() == y.tobytes():
        return True
    if tolerance.is_lossless or x.dtype.kind != "f":
        return False
    before, after = float(x), float(y)
    if not (math.isfinite(before) and math.isfinite(after)) or (before == 0 and math.copysign(1, before) < 0):
        return False
    error = abs(Fraction(after) - Fraction(before))
    if period is not None:
        error = min(error, abs(Fraction(period) - error))
    return error <= allowance(tolerance, before)


def allowance(tolerance: Tolerance, before: float) -> Fraction:
    """The largest error allowed at a value."""
    bound = Fraction(tolerance.value)
    if tolerance.mode == "absolute":
        return bound
    if tolerance.mode == "relative":
        return bound * abs(Fraction(before))
    if before == 0:
        return Fraction(0)
    leading = math.frexp(before)[1] - 1
    return Fraction(2) ** (leading - int(tolerance.value) - 1)


def broken(
    tolerance: Tolerance, before: NDArray[Any], after: NDArray[Any], period: float | None = None
) -> list[int]:
    """The places where the promise is broken; the arrays must have the same shape and dtype."""
    assert before.dtype == after.dtype
    assert before.shape == after.shape
    pairs = zip(before.reshape(-1), after.reshape(-1), strict=True)
    return [i for i, (x, y) in enumerate(pairs) if not kept(tolerance, x, y, period)]


def same_bits(before: NDArray[Any], after: NDArray[Any]) -> bool:
    """Whether two arrays agree in dtype, shape and every bit."""
    return (
        before.dtype == after.dtype
        and before.shape == after.shape
        and np.ascontiguousarray(before).tobytes() == np.ascontiguousarray(after).tobytes()
    )
