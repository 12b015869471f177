"""sin, cos, tan, atan and atan2 (radians)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack.relations.arithmetic.slices import Floats, binary, polynomial, unary

PI = 3.141592653589793
_PI_LOW = 1.2246467991473532e-16
"""pi less its nearest float64."""

_HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)
"""pi/2 in three parts; the first two have 33 bits, so that products with small integers are exact."""

_TWO_OVER_PI = 0.6366197723675814
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
)
_COS = (
    1.0,
    -0.5,
    0.041666666666666664,
    -0.001388888888888889,
    2.48015873015873e-05,
    -2.755731922398589e-07,
    2.08767569878681e-09,
    -1.1470745597729725e-11,
    4.779477332387385e-14,
    -1.5619206968586225e-16,
)
"""Taylor series in r*r; on |r| <= pi/4 the remainders are below 1e-18."""

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


def _reduce(x: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """``x = n pi/2 + r``: r, and n modulo 4."""
    x = np.where(np.abs(x) <= LARGEST_ANGLE, x, np.nan)
    whole = np.rint(x * _TWO_OVER_PI)
    rest = x - whole * _HALF_PI[0]
    rest -= whole * _HALF_PI[1]
    rest -= whole * _HALF_PI[2]
    return rest, np.where(np.isnan(whole), 0.0, whole).astype(np.int64) & 3


def _both(rest: Floats) -> tuple[Floats, Floats]:
    square = rest * rest
    return rest * polynomial(square, _SIN), polynomial(square, _COS)


@unary
def sin(x: Floats) -> Floats:
    """Sine; NaN beyond a million."""
    rest, quarter = _reduce(x)
    sine, cosine = _both(rest)
    result = np.where(quarter & 1, cosine, sine)
    return np.asarray(np.where(quarter & 2, -result, result))


@unary
def cos(x: Floats) -> Floats:
    """Cosine; NaN beyond a million."""
    rest, quarter = _reduce(x)
    sine, cosine = _both(rest)
    result = np.where(quarter & 1, sine, cosine)
    return np.asarray(np.where((quarter + 1) & 2, -result, result))


@unary
def tan(x: Floats) -> Floats:
    """Tangent; NaN beyond a million."""
    rest, quarter = _reduce(x)
    sine, cosine = _both(rest)
    odd = (quarter & 1).astype(np.bool_)
    return np.asarray(np.where(odd, -cosine, sine) / np.where(odd, sine, cosine))


@binary
def atan2(y: Floats, x: Floats) -> Floats:
    """The angle of the point (x, y), in [-pi, pi]; 0 at the origin, the sign of a zero is ignored."""
    across, along = np.abs(y), np.abs(x)
    steep = across > along
    large, small = np.where(steep, across, along), np.where(steep, along, across)
    beyond = small > _SPLIT * large
    # atan(t) = pi/4 + atan((t-1)/(t+1)) for the ratio t = small/large
    u = np.where(beyond, small - large, small) / np.where(beyond, small + large, large)
    u = np.where(large == 0, 0.0, u)
    angle = u * polynomial(u * u, _ATAN)
    angle = np.where(beyond, PI / 4 + (angle + _PI_LOW / 4), angle)
    angle = np.where(steep, PI / 2 - (angle - _PI_LOW / 2), angle)
    angle = np.where(x < 0, PI - (angle - _PI_LOW), angle)
    return np.asarray(np.where(y < 0, -angle, angle))


def atan(x: Floats) -> Floats:
    """The angle whose tangent is x, in [-pi/2, pi/2]."""
    return atan2(x, 1.0)
