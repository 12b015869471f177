"""Binomial intervals as the field defines them."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._optional import require
from hepack.evaluate.figures import Fraction
from hepack.evaluate.results import Floats

Counts = NDArray[Any]

ONE_SIGMA = 0.682689492137086
TWO_SIGMA = 0.954499736103642


def fraction(passed: int, total: int) -> Fraction:
    """``passed`` of ``total`` with central intervals."""
    return Fraction(
        passed=passed, total=total, clopper_pearson=clopper_pearson(passed, total), wilson=wilson(passed, total),
        wide=clopper_pearson(passed, total, TWO_SIGMA),
    )  # fmt: skip


def clopper_pearson(passed: int, total: int, level: float = ONE_SIGMA) -> tuple[float, float]:
    """The exact interval (Clopper and Pearson, Biometrika 26 (1934) 404): it covers at least ``level``."""
    low, high = clopper_pearson_bins(np.array([passed]), np.array([total]), level)
    return (float(low[0]), float(high[0])) if total else (0.0, 1.0)


def clopper_pearson_bins(passed: Counts, total: Counts, level: float = ONE_SIGMA) -> tuple[Floats, Floats]:
    """The same bin by bin, from counts; NaN in empty bins."""
    beta = require("scipy.stats", extra="report", purpose="an interval").beta
    tail = (1 - level) / 2
    with np.errstate(all="ignore"):
        low = np.where(passed > 0, beta.ppf(tail, passed, total - passed + 1), 0.0)
        high = np.where(passed < total, beta.ppf(1 - tail, passed + 1, total - passed), 1.0)
    empty = total <= 0
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def wilson(passed: int, total: int, level: float = ONE_SIGMA) -> tuple[float, float]:
    """The score interval (Wilson, JASA 22 (1927) 209)."""
    if not total:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    p, spread = passed / total, z * z / total
    centre = (p + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(p * (1 - p) / total + spread / (4 * total))
    low = 0.0 if passed == 0 else max(0.0, centre - half)
    return low, 1.0 if passed == total else min(1.0, centre + half)
