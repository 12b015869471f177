"""Binomial intervals as the field defines them."""

from __future__ import annotations

import math
from statistics import NormalDist

from hepack._optional import require
from hepack.evaluate.results import Fraction

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
    if not total:
        return 0.0, 1.0
    beta = require("scipy.stats", extra="report", purpose="an interval").beta
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, passed, total - passed + 1)) if passed else 0.0
    high = float(beta.ppf(1 - tail, passed + 1, total - passed)) if passed < total else 1.0
    return low, high


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
