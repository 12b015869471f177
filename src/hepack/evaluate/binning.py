"""`Binning`: equal bins on a linear or logarithmic scale, filled block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.figures import Histogram
from hepack.evaluate.results import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Binning:
    """``bins`` bins from ``low`` to ``high``, equal in the logarithm if ``log``."""

    low: float
    high: float
    bins: int
    log: bool = False

    @property
    def edges(self) -> Floats:
        if self.log:
            return np.geomspace(self.low, self.high, self.bins + 1)
        return np.linspace(self.low, self.high, self.bins + 1)

    def places(self, values: Floats) -> Ints:
        """0 is below, 1 to ``bins`` inside, ``bins + 1`` at or above the end; NaN counts as below."""
        with np.errstate(all="ignore"):
            if self.log:
                scaled = (np.log(values) - np.log(self.low)) * (
                    self.bins / (np.log(self.high) - np.log(self.low))
                )
            else:
                scaled = (values - self.low) * (self.bins / (self.high - self.low))
            scaled = np.nan_to_num(np.clip(np.floor(scaled), -1, self.bins), nan=-1.0)
        return np.asarray(scaled, dtype=np.int64) + 1


@dataclass
class Filling:
    """Running counts of a `Binning`."""

    binning: Binning
    counts: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.binning.bins + 2)

    def add(self, values: Floats) -> None:
        """Add finite values."""
        if len(values):
            self.counts += np.bincount(self.binning.places(values), minlength=len(self.counts))

    def histogram(self, unit: str = "") -> Histogram:
        """What was added so far."""
        return Histogram(
            edges=self.binning.edges, counts=self.counts[1:-1].copy(), unit=unit,
            under=float(self.counts[0]), over=float(self.counts[-1]),
        )  # fmt: skip


def suited(values: Floats, *, bins: int = 60, integer: bool = False, period: float | None = None) -> Binning:
    """Bins for a sample of finite values: logarithmic where they are positive and span orders of magnitude."""
    if not len(values):
        return Binning(0.0, 1.0, 1)
    if period is not None:
        low, high = (-period / 2, period / 2) if values.min() < 0 else (0.0, period)
        return Binning(low, high, bins)
    if integer:
        low, high = np.floor(np.quantile(values, 0.001)), np.ceil(np.quantile(values, 0.999))
        step = max(1.0, np.ceil((high - low + 1) / bins))
        count = int((high - low) // step) + 1
        return Binning(float(low) - 0.5, float(low) - 0.5 + count * float(step), count)
    low, high = np.quantile(values, [0.0005, 0.9995])
    if low > 0 and high / low > 8 and np.quantile(values, 0.99) / np.median(values) > 3:
        return Binning(float(low), float(high) * 1.05, bins, log=True)
    if high <= low:
        pad = max(abs(low) * 0.05, 0.5)
        return Binning(float(low - pad), float(high + pad), 11)
    pad = 0.02 * (high - low)
    return Binning(float(low - pad), float(high + pad), bins)
