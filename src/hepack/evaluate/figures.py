"""What results are made of: figures with uncertainties, fractions with intervals, histograms, moments, profiles,
peaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A figure. ``error`` is its standard uncertainty, NaN where it has none (an exact count, a maximum)."""

    value: float
    error: float = float("nan")
    unit: str = ""
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class Fraction:
    """``passed`` of ``total``, with the 68.3 % intervals of Clopper-Pearson and of Wilson, and Clopper-Pearson's of
    95.4 % (``wide``), by which a limit is judged."""

    passed: int
    total: int
    clopper_pearson: tuple[float, float]
    wilson: tuple[float, float]
    wide: tuple[float, float] = (0.0, 1.0)

    @property
    def value(self) -> float:
        """The fraction; NaN of nothing."""
        return self.passed / self.total if self.total else float("nan")


@dataclass(frozen=True, eq=False, kw_only=True)
class Histogram:
    """Counts between ``edges`` (n + 1), in units of ``unit``; ``under`` and ``over`` are what lies outside."""

    edges: Floats
    counts: Floats
    under: float = 0.0
    over: float = 0.0
    unit: str = ""

    @property
    def total(self) -> float:
        return float(self.counts.sum()) + self.under + self.over


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Of ``count`` finite values: mean with its error, rms about zero, standard deviation, the extremes, and from
    a sample of ``sampled`` values the quantiles (0.135, 2.28, 15.9, 50, 84.1, 97.7, 99.87 %) and the share
    beyond three and five standard deviations of the mean."""

    count: int
    mean: float
    mean_error: float
    rms: float
    std: float
    low: float
    high: float
    quantiles: tuple[float, ...] = ()
    beyond_3: float = float("nan")
    beyond_5: float = float("nan")
    sampled: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Profile:
    """A response or residual in bins of ``by``: count, mean, its error, rms and largest size in each bin."""

    by: str
    unit: str
    edges: Floats
    count: Floats
    mean: Floats
    mean_error: Floats
    rms: Floats
    largest: Floats


@dataclass(frozen=True, kw_only=True)
class Peak:
    """A fitted mass peak: Gaussian on a straight line within ``span``; position and width in GeV."""

    position: Measured
    width: Measured
    chi2: float
    degrees: int
    span: tuple[float, float]
