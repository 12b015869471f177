"""`Accumulated`: moments of a stream of values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hepack.evaluate.figures import Moments
from hepack.evaluate.results import Floats

LEVELS = (0.00135, 0.0228, 0.1587, 0.5, 0.8413, 0.9772, 0.99865)
"""Minus three to plus three standard deviations of a Gaussian."""


@dataclass
class Accumulated:
    """Sums over blocks of finite values."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def add(self, values: Floats) -> None:
        """Add a block."""
        if len(values):
            self.count += len(values)
            self.total += float(values.sum())
            self.squares += float(np.dot(values, values))
            self.low = min(self.low, float(values.min()))
            self.high = max(self.high, float(values.max()))

    def moments(self, sample: Floats | None = None) -> Moments | None:
        """The moments; quantiles and tails from a sample of the same values. None of nothing."""
        if not self.count:
            return None
        mean = self.total / self.count
        rms = math.sqrt(self.squares / self.count)
        std = math.sqrt(max(self.squares / self.count - mean * mean, 0.0))
        quantiles: tuple[float, ...] = ()
        beyond = [math.nan, math.nan]
        count = 0 if sample is None else len(sample)
        if sample is not None and count:
            quantiles = tuple(float(q) for q in np.quantile(sample, LEVELS))
            distance = np.abs(sample - mean)
            beyond = [float(np.mean(distance > n * std)) if std > 0 else 0.0 for n in (3, 5)]
        return Moments(
            count=self.count, mean=mean, mean_error=std / math.sqrt(self.count), rms=rms, std=std, low=self.low,
            high=self.high, quantiles=quantiles, beyond_3=beyond[0], beyond_5=beyond[1], sampled=count,
        )  # fmt: skip
