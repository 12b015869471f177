"""The activation of a quantised net with its gradient, compiled by numba; `hepack.models.steps` has the twin."""

from __future__ import annotations

import numpy as np

from hepack._loops import jit


@jit
def activate(values, table, scale, out, index):  # type: ignore[no-untyped-def]
    """``out = table[index + half]``, ``index`` (int16) being the nearest step, clipped."""
    half = len(table) // 2
    low, high = np.float32(-half), np.float32(half - 1)
    for i in range(len(values)):
        step = min(max(np.floor(values[i] * scale + np.float32(0.5)), low), high)
        at = np.int32(step)
        index[i] = at
        out[i] = table[at + half]


@jit
def deactivate(gradient, index, slopes, out):  # type: ignore[no-untyped-def]
    """``out = gradient * slopes[index + half]``."""
    half = len(slopes) // 2
    for i in range(len(gradient)):
        out[i] = gradient[i] * slopes[np.int32(index[i]) + half]
