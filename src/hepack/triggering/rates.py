"""Rates and efficiencies with intervals, thresholds, and how many events a rate needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.evaluate.classifier import auc_delong
from hepack.evaluate.intervals import wilson

LEVEL = 0.95
PRECISION = 0.3
"""Relative uncertainty at which a rate may be quoted: about 11 events above the threshold."""


@dataclass(frozen=True)
class Share:
    """``passed`` of ``total`` events, with the 95 % Wilson interval."""

    passed: int
    total: int

    @property
    def value(self) -> float:
        return self.passed / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.passed, self.total, LEVEL)


def share(mask: NDArray[np.bool_]) -> Share:
    """How many of the events."""
    return Share(int(mask.sum()), len(mask))


def events_needed(rate: float, precision: float = PRECISION) -> int:
    """Background events for a rate known to ``precision``: the counting error ``1 / sqrt(rate n)``."""
    return math.ceil((1 - rate) / (rate * precision * precision) * (1 - 1e-12))


def check_rate(rate: float, events: int, precision: float = PRECISION) -> None:
    """Refuse a rate that the background sample is too small for.

    Raises:
        BadRequestError: so, with the number of events needed and the lowest rate that there are enough for.
    """
    if not 0 < rate < 1:
        raise BadRequestError(f"a rate is a share of the background between 0 and 1, found {rate:g}")
    needed = events_needed(rate, precision)
    if events < needed:
        raise BadRequestError(
            f"a rate of {rate:g} to {100 * precision:.0f} % needs {needed:,} background events, found {events:,}; "
            f"give more, or ask for {lowest_rate(events, precision):.2g} or above"
        )


def lowest_rate(events: int, precision: float = PRECISION) -> float:
    """The lowest rate that `check_rate` lets pass, rounded up to two digits."""
    exact = 1 / (1 + max(events, 1) * precision * precision)
    step = 10.0 ** (math.floor(math.log10(exact)) - 1)
    return math.ceil(exact / step) * step


def threshold_at(scores: NDArray[Any], rate: float) -> float:
    """The lowest value of ``scores`` at or above which at most ``rate`` of them lie; just above all if none."""
    ordered = np.sort(scores)[::-1]
    allowed = math.floor(rate * len(ordered))
    if allowed >= len(ordered):
        return float(ordered[-1])
    above = ordered[ordered > ordered[allowed]]
    return float(above[-1]) if len(above) else float(np.nextafter(np.float64(ordered[0]), np.inf))


@dataclass(frozen=True)
class Area:
    """The area under the ROC curve and its standard error."""

    value: float
    error: float


def auc(background: NDArray[Any], signal: NDArray[Any]) -> Area:
    """The chance that a signal event scores above a background event, ties counted half; the error is DeLong's.

    Raises:
        BadRequestError: fewer than two events on one side.
    """
    if len(background) < 2 or len(signal) < 2:
        raise BadRequestError("an AUC needs two or more events of signal and of background")
    return Area(*auc_delong(background, signal))
