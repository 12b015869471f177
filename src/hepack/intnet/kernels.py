"""The step after a product, compiled by numba; `hepack.intnet.run` holds the numpy twins."""

from __future__ import annotations

import numpy as np

from hepack._loops import jit


@jit
def look_up(sums, bias, scales, table, out):  # type: ignore[no-untyped-def]
    """``out = table[clip(floor((sums + bias) * scales)) + half]``: exact, as ``scales`` are powers of two."""
    half = len(table) // 2
    low, high = np.float32(-half), np.float32(half - 1)
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            value = min(max(np.floor((sums[i, j] + bias[j]) * scales[j]), low), high)
            out[i, j] = table[np.int32(value) + half]


@jit
def clip(sums, bias, scales, limit, out):  # type: ignore[no-untyped-def]
    """``out = clip(floor((sums + bias) * scales))``."""
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            value = np.floor((sums[i, j] + bias[j]) * scales[j])
            out[i, j] = min(max(value, -limit), limit)
