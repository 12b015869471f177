"""The slow twin of `hepack.conditional.mlp.kernels`, by numpy: same name, arguments and results."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]


def ramps(
    columns: NDArray[np.int32],
    feature: Int64s,
    counts: Int64s,
    knots: Int64s,
    levels: Int64s,
    slopes: Int64s,
    out: NDArray[np.int16],
) -> None:
    for c, f in enumerate(feature.tolist()):
        value = np.maximum(columns[f].astype(np.int64), knots[c, 0])
        at = np.searchsorted(knots[c, : counts[c]], value, side="right") - 1
        out[:, c] = levels[c, at] + (((value - knots[c, at]) * slopes[c, at]) >> 32)
