"""exp, log and log1p."""

from __future__ import annotations

import numpy as np

from hepack.relations.arithmetic.slices import Floats, polynomial, unary

LN2_HIGH = 0.6931471805592082
LN2_LOW = 7.371002565167799e-13
"""ln 2 in two parts; the first has 40 bits, so that its product with an exponent is exact."""

_LOG2_E = 1.4426950408889634

_EXP = (
    1.0,
    1.0,
    0.5,
    0.16666666666666666,
    0.041666666666666664,
    0.008333333333333333,
    0.001388888888888889,
    0.0001984126984126984,
    2.48015873015873e-05,
    2.7557319223985893e-06,
    2.755731922398589e-07,
    2.505210838544172e-08,
    2.08767569878681e-09,
    1.6059043836821613e-10,
)
"""1/k!; on |r| <= ln(2)/2 the remainder is below 1e-17."""

_LOG = (
    2.0,
    0.6666666666666666,
    0.400000000000075,
    0.2857142856881753,
    0.22222222677162273,
    0.18181773719732663,
    0.15387161717062042,
    0.13248745359882563,
    0.13262264293006118,
)
"""log((1+s)/(1-s))/s in powers of s*s: Chebyshev fit up to s = (sqrt(2)-1)/(sqrt(2)+1), error 1.6e-20."""

_MANTISSA = (1 << 52) - 1
_HALF_ROOT = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)


def power_of_two(n: np.typing.NDArray[np.int64]) -> Floats:
    """``2.0**n`` for -1022 <= n <= 1023, by its bits."""
    return ((n + 1023) << 52).view(np.float64)


def exp_slice(x: Floats) -> Floats:
    """exp of one slice: ``x = n ln2 + r``, a polynomial in r, an exact scaling in two halves."""
    clipped = np.minimum(np.maximum(x, -800.0), 800.0)
    missing = np.isnan(clipped)
    if missing.any():
        clipped[missing] = 0.0
    whole = np.rint(clipped * _LOG2_E)
    rest = (clipped - whole * LN2_HIGH) - whole * LN2_LOW
    result = polynomial(rest, _EXP)
    n = whole.astype(np.int64)
    half = n >> 1
    result *= power_of_two(half)
    result *= power_of_two(n - half)
    if missing.any():
        result[missing] = np.nan
    return result


def log_slice(x: Floats) -> Floats:
    """log of one slice: ``x = 2**e m`` with sqrt(1/2) <= m < sqrt(2), a polynomial in (m-1)/(m+1)."""
    small = x < 2.0**-1022
    if small.any():
        x = np.where(small, x * 2.0**64, x)
    bits = x.view(np.int64)
    exponent = (bits - _HALF_ROOT) >> 52
    mantissa = (bits - (exponent << 52)).view(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    e = exponent.astype(np.float64)
    if small.any():
        e -= np.where(small, 64.0, 0.0)
    result = e * LN2_HIGH + (s * polynomial(s * s, _LOG) + e * LN2_LOW)
    odd = ~((x > 0) & (x < np.inf))
    if odd.any():
        result[odd] = np.where(x[odd] == 0, -np.inf, np.where(x[odd] > 0, np.inf, np.nan))
    return result


def log1p_slice(x: Floats) -> Floats:
    """log(1+x) of one slice; what rounding took from 1+x is put back."""
    whole = 1.0 + x
    lost = (x - (whole - 1.0)) / whole
    result = log_slice(whole)
    return np.asarray(np.where(np.isfinite(lost), result + lost, result))


@unary
def exp(x: Floats) -> Floats:
    """e to the power x; 0 or infinity beyond the range of float64."""
    return exp_slice(x)


@unary
def log(x: Floats) -> Floats:
    """Natural logarithm; NaN below zero, -infinity at zero."""
    return log_slice(x)


@unary
def log1p(x: Floats) -> Floats:
    """log(1+x), accurate near zero."""
    return log1p_slice(x)
