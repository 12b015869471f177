"""sinh, cosh, tanh and asinh."""

from __future__ import annotations

import numpy as np

from hepack.relations.arithmetic.exponential import LN2_HIGH, LN2_LOW, exp_slice, log1p_slice, log_slice
from hepack.relations.arithmetic.slices import Floats, polynomial, unary

_SINH = (
    1.0,
    0.16666666666666666,
    0.008333333333333333,
    0.0001984126984126984,
    2.7557319223985893e-06,
    2.505210838544172e-08,
    1.6059043836821613e-10,
    7.647163731819816e-13,
    2.8114572543455206e-15,
    8.22063524662433e-18,
)
"""sinh(x)/x in powers of x*x; for |x| < 1 the remainder is below 3e-20."""

_LARGE = 2.0**28


def _sinh(x: Floats) -> Floats:
    small = np.abs(x) < 1.0
    power = exp_slice(np.abs(x))
    result = np.copysign(0.5 * power - 0.5 / power, x)
    if small.any():
        near = np.where(small, x, 0.0)
        result = np.where(small, near * polynomial(near * near, _SINH), result)
    return result


def _cosh(x: Floats) -> Floats:
    power = exp_slice(np.abs(x))
    return np.asarray(0.5 * power + 0.5 / power)


@unary
def sinh(x: Floats) -> Floats:
    """Hyperbolic sine."""
    return _sinh(x)


@unary
def cosh(x: Floats) -> Floats:
    """Hyperbolic cosine."""
    return _cosh(x)


@unary
def tanh(x: Floats) -> Floats:
    """Hyperbolic tangent."""
    inside = np.minimum(np.maximum(x, -40.0), 40.0)
    return np.asarray(_sinh(inside) / _cosh(inside))


@unary
def asinh(x: Floats) -> Floats:
    """The x whose hyperbolic sine is given: ``log1p(a + a a / (1 + sqrt(1 + a a)))`` with ``a = |x|``."""
    a = np.abs(x)
    square = a * a
    result = log1p_slice(a + square / (1.0 + np.sqrt(1.0 + square)))
    large = a > _LARGE
    if large.any():
        result[large] = (log_slice(a[large]) + LN2_LOW) + LN2_HIGH
    return np.copysign(result, x)
