"""Run elementwise functions over slices that stay in the processor's cache."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

SLICE = 1 << 13
"""Values at a time: a handful of temporaries of 64 kB each."""

Floats = NDArray[np.float64]


def unary(function: Callable[[Floats], Floats]) -> Callable[[ArrayLike], Floats]:
    """Make a function of one flat slice take any array, and keep quiet about NaN and infinity."""

    @functools.wraps(function)
    def sliced(values: ArrayLike) -> Floats:
        flat = np.ascontiguousarray(values, np.float64)
        out = np.empty_like(flat)
        source, target = flat.reshape(-1), out.reshape(-1)
        with np.errstate(all="ignore"):
            for start in range(0, len(source), SLICE):
                target[start : start + SLICE] = function(source[start : start + SLICE])
        return out.reshape(np.shape(values))

    return sliced


def binary(function: Callable[[Floats, Floats], Floats]) -> Callable[[ArrayLike, ArrayLike], Floats]:
    """The same for two arrays, which are broadcast."""

    @functools.wraps(function)
    def sliced(first: ArrayLike, second: ArrayLike) -> Floats:
        pair = np.broadcast_arrays(np.asarray(first, np.float64), np.asarray(second, np.float64))
        left, right = (np.ascontiguousarray(part).reshape(-1) for part in pair)
        out = np.empty(len(left), np.float64)
        with np.errstate(all="ignore"):
            for start in range(0, len(left), SLICE):
                stop = start + SLICE
                out[start:stop] = function(left[start:stop], right[start:stop])
        return out.reshape(pair[0].shape)

    return sliced


def polynomial(x: Floats, coefficients: Sequence[float]) -> Floats:
    """Horner's rule; ``coefficients`` from the constant upwards."""
    result = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result *= x
        result += coefficient
    return result
