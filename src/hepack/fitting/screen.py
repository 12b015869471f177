"""Which of many candidate features tell most about a target: mutual information of coarse bins.

    I(x; y) = sum over cells of p(x, y) log2(p(x, y) / (p(x) p(y))),

less the bias ``(X - 1)(Y - 1) / (2 n ln 2)`` that ``n`` rows give to independent bins (Miller and Madow).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 24
ROWS = 1 << 13

Codes = NDArray[np.int64]


def coarse(values: NDArray[Any]) -> Codes:
    """Integers as the numbers of at most `BINS` bins of about equal content; a frequent value has its own."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:], method="lower"))
    return np.searchsorted(edges, values, side="left")


def information(one: Codes, other: Codes) -> float:
    """Mutual information of two rows of bin numbers, in bits for each row, less its bias."""
    width = int(other.max()) + 1
    joint = np.bincount(one * width + other, minlength=(int(one.max()) + 1) * width).reshape(-1, width)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    n = len(one)
    bits = (_sum_log(joint) - _sum_log(rows) - _sum_log(columns) + n * math.log2(n)) / n
    freedom = (np.count_nonzero(rows) - 1) * (np.count_nonzero(columns) - 1)
    return float(bits - freedom / (2 * n * math.log(2)))


def _sum_log(counts: NDArray[np.int64]) -> float:
    counts = counts[counts > 0]
    return float((counts * np.log2(counts)).sum())
