"""The inner loop of the feature maps, compiled by numba; `reference` holds the slow twin."""

from __future__ import annotations

import numpy as np

from hepack._loops import jit

_ROWS = 256


@jit
def ramps(columns, feature, counts, knots, levels, slopes, out):  # type: ignore[no-untyped-def]
    """``out[i, c]``: ``columns[feature[c], i]`` through the piecewise linear map ``c`` of ``counts[c]`` knots."""
    value = np.empty(_ROWS, np.int32)
    at = np.empty(_ROWS, np.int32)
    narrow = np.minimum(knots, (1 << 31) - 1).astype(np.int32)
    for start in range(0, columns.shape[1], _ROWS):  # rows that stay in the cache
        count = min(_ROWS, columns.shape[1] - start)
        for c in range(len(feature)):
            f = feature[c]
            first = narrow[c, 0]
            for i in range(count):
                value[i] = max(columns[f, start + i], first)
                at[i] = 0
            for j in range(1, counts[c]):  # faster than a search: no branches, many rows at once
                knot = narrow[c, j]
                for i in range(count):
                    at[i] += np.int32(value[i] >= knot)
            for i in range(count):
                k = at[i]
                offset = np.int64(value[i]) - knots[c, k]
                out[start + i, c] = levels[c, k] + ((offset * slopes[c, k]) >> 32)
