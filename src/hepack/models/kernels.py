"""The activation of a quantised net with its gradient, compiled by numba; `hepack.models.steps` has the twin."""

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
def activate(values, table, scale, out, index):  # type: ignore[no-untyped-def]
    """``out = table[index + half]``, ``index`` (int16) being the nearest step, clipped."""
    half = len(table) // 2
    low, high = np.float32(-half), np.float32(half - 1)
    for i in range(len(values)):
        step = min(max(np.floor(values[i] * scale + np.float32(0.5)), low), high)
        at = np.int32(step)
        index[i] = at
        out[i] = table[at + half]


@_jit
def deactivate(gradient, index, slopes, out):  # type: ignore[no-untyped-def]
    """``out = gradient * slopes[index + half]``."""
    half = len(slopes) // 2
    for i in range(len(gradient)):
        out[i] = gradient[i] * slopes[np.int32(index[i]) + half]
