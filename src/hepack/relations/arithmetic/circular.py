"""sin, cos, tan, atan and atan2 (radians)."""

from __future__ import annotations

import numpy as np

from hepack.relations.arithmetic.slices import Floats, binary, polynomial, unary

PI = 3.141592653589793
_PI_LOW = 1.2246467991473532e-16
"""pi less its nearest float64."""

_PI_PARTS = (3.1415926534682512, 1.2154201012607932e-10, 4.044532497591901e-21)
"""pi in three parts; the first two have 33 bits, so that products with small integers are exact."""

_OVER_PI = 0.3183098861837907
LARGEST_ANGLE = 1e6
"""Beyond, the reduction would lose digits: the result is NaN."""

_SIN = (
    1.0,
    -0.16666666666666666,
    0.008333333333333333,
    -0.0001984126984126984,
    2.7557319223985893e-06,
    -2.505210838544172e-08,
    1.6059043836821613e-10,
    -7.647163731819816e-13,
    2.8114572543455206e-15,
    -8.22063524662433e-18,
    1.9572941063391263e-20,
)
"""sin(r)/r, Taylor series in r*r; on |r| <= pi/2 the remainder is below 2e-18."""

_ATAN = (
    1.0,
    -0.33333333333333326,
    0.19999999999997012,
    -0.1428571428532936,
    0.11111111085301238,
    -0.0909090805829841,
    0.07692281083678901,
    -0.06666205023178091,
    0.058768317098427496,
    -0.05217297919655059,
    0.044994415067496046,
    -0.03338645225903317,
    0.01511237643149517,
)
"""atan(u)/u in powers of u*u: Chebyshev fit up to u = sqrt(2) - 1, error 5e-20."""

_SPLIT = 0.41421356237309503
_HUGE = 1e300
_TINY = 5e-324


def _sine_of(x: Floats, turns: Floats) -> Floats:
    """``sin(x - turns pi)`` for a result within +-pi/2 of 0, with the sign of an even or odd ``floor(turns)``."""
    rest = x - turns * _PI_PARTS[0]
    rest -= turns * _PI_PARTS[1]
    rest -= turns * _PI_PARTS[2]
    whole = np.floor(turns)
    odd = whole - 2.0 * np.floor(whole * 0.5)
    rest *= 1.0 - 2.0 * odd
    result = rest * polynomial(rest * rest, _SIN)
    beyond = ~(np.abs(x) <= LARGEST_ANGLE)
    if beyond.any():
        result[beyond] = np.nan
    return result


def _sin(x: Floats) -> Floats:
    return _sine_of(x, np.rint(x * _OVER_PI))


def _cos(x: Floats) -> Floats:
    """``cos(x) = -sin(x - pi/2)``."""
    return -_sine_of(x, np.rint(x * _OVER_PI - 0.5) + 0.5)


@unary
def sin(x: Floats) -> Floats:
    """Sine; NaN beyond a million."""
    return _sin(x)


@unary
def cos(x: Floats) -> Floats:
    """Cosine; NaN beyond a million."""
    return _cos(x)


@unary
def tan(x: Floats) -> Floats:
    """Tangent; NaN beyond a million."""
    return _sin(x) / _cos(x)


@binary
def atan2(y: Floats, x: Floats) -> Floats:
    """The angle of the point (x, y), in [-pi, pi]; 0 at the origin, the sign of a zero is ignored."""
    across, along = np.abs(y), np.abs(x)
    large = np.minimum(np.maximum(across, along), _HUGE)
    small = np.minimum(np.minimum(across, along), _HUGE)
    beyond = (small > _SPLIT * large).astype(np.float64)
    # atan(t) = pi/4 + atan((t-1)/(t+1)) for the ratio t = small/large
    u = (small - beyond * large) / np.maximum(large + beyond * small, _TINY)
    angle = u * polynomial(u * u, _ATAN)
    angle += beyond * (_PI_LOW / 4)
    angle += beyond * (PI / 4)
    angle = np.where(across > along, PI / 2 - (angle - _PI_LOW / 2), angle)
    angle = np.where(x < 0, PI - (angle - _PI_LOW), angle)
    return np.copysign(angle, y + 0.0)


def atan(x: Floats) -> Floats:
    """The angle whose tangent is x, in [-pi/2, pi/2]."""
    return atan2(x, 1.0)
