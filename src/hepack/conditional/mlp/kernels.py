"""The inner loop of the feature maps, compiled by numba; `reference` holds the slow twin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def _jit(function: Callable[..., Any]) -> Any:
    """Compile without the GIL; keep the machine code on disk where some cache folder is writable."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no place for its cache
        return numba.njit(nogil=True, error_model="numpy")(function)


@_jit
def ramps(features, feature, knots, levels, slopes, out):  # type: ignore[no-untyped-def]
    """``out[i, c]``: feature ``feature[c]`` of row i through the piecewise linear map ``c``."""
    width = knots.shape[1]
    for c in range(len(feature)):
        f = feature[c]
        first = knots[c, 0]
        for i in range(len(features)):
            value = max(features[i, f], first)
            at = 0
            step = width >> 1
            while step > 0:
                at += step if knots[c, at + step] <= value else 0
                step >>= 1
            out[i, c] = levels[c, at] + (((value - knots[c, at]) * slopes[c, at]) >> 32)
