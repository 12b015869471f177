"""Binomial bands for drawing, from counts in bins."""

from __future__ import annotations

import numpy as np

from hepack._optional import require
from hepack.evaluate.results import Floats

TAIL = (1 - 0.682689492137086) / 2


def binomial_band(passed: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Clopper-Pearson 68.3 % bounds bin by bin; NaN in empty bins."""
    beta = require("scipy.stats", extra="report", purpose="drawing the report").beta
    with np.errstate(all="ignore"):
        low = np.where(passed > 0, beta.ppf(TAIL, passed, total - passed + 1), 0.0)
        high = np.where(passed < total, beta.ppf(1 - TAIL, passed + 1, total - passed), 1.0)
    empty = total <= 0
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)
