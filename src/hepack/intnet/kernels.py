"""The step after a product, compiled by numba; `hepack.intnet.run` holds the numpy twins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np


def _jit(function: Callable[..., Any]) -> Any:
    """Compile without the GIL; keep the machine code on disk where some cache folder is writable."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no place for its cache
        return numba.njit(nogil=True, error_model="numpy")(function)


@_jit
def look_up(sums, bias, scales, table, out):  # type: ignore[no-untyped-def]
    """``out = table[clip(floor((sums + bias) * scales)) + half]``: exact, as ``scales`` are powers of two."""
    half = len(table) // 2
    low, high = np.float32(-half), np.float32(half - 1)
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            value = min(max(np.floor((sums[i, j] + bias[j]) * scales[j]), low), high)
            out[i, j] = table[np.int32(value) + half]


@_jit
def clip(sums, bias, scales, limit, out):  # type: ignore[no-untyped-def]
    """``out = clip(floor((sums + bias) * scales))``."""
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1]):
            value = np.floor((sums[i, j] + bias[j]) * scales[j])
            out[i, j] = min(max(value, -limit), limit)
