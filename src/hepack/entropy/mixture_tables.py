"""The stored integer tables of the mixture coder: exponential, logistic function, inverse scales.

They come from decimal arithmetic, whose `exp` is correctly rounded by definition, so that every machine has
the same integers; a test pins their digests. `docs/intnet.md`, "Tables", gives the formulas.
"""

from __future__ import annotations

import functools
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
from numpy.typing import NDArray

LOGIT_STEPS = 16  # steps of a logit in one unit of the natural logarithm
WEIGHT_BITS = 24  # weight of the largest logit: 2**24
SCALE_STEPS = 8  # steps of a log-scale in one factor of 2
MIN_SCALE, MAX_SCALE = -24, 88  # a scale is 2**(-v / 8), v within these
SCALE_BITS = 12  # fraction bits of an inverse scale
PLACE_BITS = 12  # fraction bits of a place on the axis of the mixture
SIGMOID_STEPS = 128  # table entries in one scale
SIGMOID_REACH = 16  # scales from the centre to where the logistic function is taken as 0 or 1
SIGMOID_BITS = 30
SILU_STEPS = 128  # steps of an activation in one unit
SILU_REACH = 4  # units from 0 to where the activation is clipped

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)


def _rounded(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_EVEN, _CONTEXT))


def _exp(numerator: int, denominator: int) -> Decimal:
    return _CONTEXT.exp(_CONTEXT.divide(Decimal(numerator), Decimal(denominator)))


@functools.cache
def exponentials() -> NDArray[np.int64]:
    """``2**24 exp(-d / 16)`` for ``d`` of 0 to 511; the last entries are 0."""
    one = Decimal(1 << WEIGHT_BITS)
    return np.array([_rounded(_CONTEXT.multiply(one, _exp(-d, LOGIT_STEPS))) for d in range(512)], np.int64)


@functools.cache
def inverse_scales() -> NDArray[np.int64]:
    """``2**12 2**(v / 8)`` for ``v`` of MIN_SCALE to MAX_SCALE."""
    root = Decimal(2)
    for _ in range(3):
        root = _CONTEXT.sqrt(root)
    value = Decimal(1 << SCALE_BITS) / (1 << (-MIN_SCALE // SCALE_STEPS))
    values = []
    for _ in range(MAX_SCALE - MIN_SCALE + 1):
        values.append(_rounded(value))
        value = _CONTEXT.multiply(value, root)
    return np.array(values, np.int64)


@functools.cache
def sigmoids() -> NDArray[np.int64]:
    """``2**30 / (1 + exp(-i / 128))`` for ``i`` of 0 to 2048, ascending, and once more the last."""
    one = Decimal(1 << SIGMOID_BITS)
    values = [
        _rounded(_CONTEXT.divide(one, Decimal(1) + _exp(-i, SIGMOID_STEPS)))
        for i in range(SIGMOID_REACH * SIGMOID_STEPS + 1)
    ]
    return np.array([*values, values[-1]], np.int64)


@functools.cache
def silus() -> NDArray[np.int16]:
    """``128 x / (1 + exp(-x))`` at ``x = i / 128`` for ``i`` of -512 to 511: the activation of a net."""
    half = SILU_REACH * SILU_STEPS
    values = [
        _rounded(_CONTEXT.divide(Decimal(i), Decimal(1) + _exp(-i, SILU_STEPS))) for i in range(-half, half)
    ]
    return np.array(values, np.int16)
