"""The step after a product, compiled by numba; `hepack.intnet.run` holds the numpy twins."""

from __future__ import annotations

import numpy as np

from hepack._loops import jit


@jit
def look_up(sums, bias, scales, table, out):  # type: ignore[no-untyped-def]
    """``out = table[clip(floor((sums + bias) * scales)) + half]``: exact, as ``scales`` are powers of two."""
    half = np.int32(len(table) // 2)
    low, high = np.float32(-half), np.float32(half - 1)
    at = np.empty(sums.shape[1], np.int32)
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):  # in two loops, since only this one can be vectorised
            value = min(max(np.floor((sums[i, j] + bias[j]) * scales[j]), low), high)
            at[j] = np.int32(value) + half
        for j in range(sums.shape[1]):
            out[i, j] = table[at[j]]


@jit
def clip(sums, bias, scales, limit, out):  # type: ignore[no-untyped-def]
    """``out = clip(floor((sums + bias) * scales))``."""
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            value = np.floor((sums[i, j] + bias[j]) * scales[j])
            out[i, j] = min(max(value, -limit), limit)
