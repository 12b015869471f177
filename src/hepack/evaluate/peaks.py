"""Fitted peaks and thresholds; differences with jackknife errors, since both files hold the same events."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np

from hepack._optional import require
from hepack.evaluate.figures import Measured, Peak
from hepack.evaluate.results import Floats

FEWEST = 200
"""Entries below which no peak is fitted."""
REACH = 3.0
"""Half of the range of a fit, in estimated widths."""
PARTS = 10
"""Parts of the events that the jackknife leaves out one by one."""


def _fit(
    shape: Callable[..., Floats], x: Floats, y: Floats, sigma: Floats, start: list[float]
) -> tuple[Floats, Floats, float] | None:
    """Least squares; parameters, errors, chi2. None if it does not converge."""
    optimize = require("scipy.optimize", extra="report", purpose="a fit")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            values, covariance = optimize.curve_fit(shape, x, y, start, sigma=sigma, absolute_sigma=True)
        except (RuntimeError, ValueError, TypeError):
            return None
        errors = np.sqrt(np.diag(covariance))
        chi2 = float(np.sum(((y - shape(x, *values)) / sigma) ** 2))
    if not (np.isfinite(values).all() and np.isfinite(errors).all() and math.isfinite(chi2)):
        return None
    return np.asarray(values), np.asarray(errors), chi2


def _gauss(x: Floats, height: float, mean: float, width: float, level: float, slope: float) -> Floats:
    return np.asarray(height * np.exp(-0.5 * ((x - mean) / width) ** 2) + level + slope * (x - x[0]))


def fit_peak(edges: Floats, counts: Floats, span: tuple[float, float] | None = None) -> Peak | str:
    """A Gaussian on a straight line, within three widths of the peak; or a sentence why there is none.

    ``span`` is the range of the fit, where it is known from a fit of almost the same entries: then differences are
    not due to it.
    """
    total = float(counts.sum())
    if total < FEWEST:
        return f"{total:.0f} candidates are too few to fit a peak (at least {FEWEST})"
    x = 0.5 * (edges[1:] + edges[:-1])
    mean, width = _estimate(x, counts)
    low, high = span or (mean - REACH * width, mean + REACH * width)
    inside = (x >= low) & (x <= high)
    chosen, y = x[inside], counts[inside]
    if len(chosen) < 8:
        return "the peak is at the edge of the range"
    level = float(np.quantile(y, 0.15))
    start = [float(y.max()) - level + 1.0, mean, width, level, 0.0]
    fit = _fit(_gauss, chosen, y, np.sqrt(np.maximum(y, 1.0)), start)
    if fit is None:
        return "the fit of the peak did not converge"
    values, errors, chi2 = fit
    mean, width = float(values[1]), abs(float(values[2]))
    if not low < mean < high or width > 0.6 * (high - low) or values[0] < 3 * errors[0]:
        return "no peak stands out"
    count = int(y.sum())
    return Peak(
        position=Measured(value=mean, error=float(errors[1]), unit="GeV", count=count),
        width=Measured(value=width, error=float(errors[2]), unit="GeV", count=count),
        chi2=chi2, degrees=len(chosen) - 5, span=(float(low), float(high)),
    )  # fmt: skip


def _estimate(x: Floats, counts: Floats) -> tuple[float, float]:
    """Place and width of the highest peak above the level of the lower bins, by its half height."""
    step = float(x[1] - x[0])
    smooth = np.convolve(np.pad(counts, 2, mode="edge"), [0.1, 0.2, 0.4, 0.2, 0.1], mode="valid")
    top = int(np.argmax(smooth))
    half = 0.5 * (smooth[top] + float(np.quantile(smooth, 0.25)))
    left = top
    while left > 0 and smooth[left - 1] > half:
        left -= 1
    right = top
    while right < len(x) - 1 and smooth[right + 1] > half:
        right += 1
    return 0.5 * float(x[left] + x[right]), max((right - left + 1) * step / 2.355, 1.6 * step)


def _turn_on(x: Floats, threshold: float, width: float, plateau: float) -> Floats:
    erf = require("scipy.special", extra="report", purpose="a fit").erf
    return np.asarray(0.5 * plateau * (1 + erf((x - threshold) / (math.sqrt(2) * abs(width)))))


def fit_turn_on(
    edges: Floats, passed: Floats, total: Floats, start: tuple[float, float]
) -> tuple[Measured, Measured, float] | str:
    """Threshold and width of an error function, and its plateau; or a sentence why there is none."""
    filled = total > 0
    if filled.sum() < 6 or total.sum() < FEWEST:
        return f"{total.sum():.0f} events near the threshold are too few to fit a turn-on (at least {FEWEST})"
    x = 0.5 * (edges[1:] + edges[:-1])[filled]
    n, k = total[filled], passed[filled]
    smoothed = (k + 0.5) / (n + 1)
    sigma = np.sqrt(smoothed * (1 - smoothed) / n)
    fit = _fit(_turn_on, x, k / n, sigma, [start[0], start[1], 1.0])
    if fit is None or not edges[0] < fit[0][0] < edges[-1]:
        return "the fit of the turn-on did not converge"
    values, errors, _ = fit
    count = int(total.sum())
    return (
        Measured(value=float(values[0]), error=float(errors[0]), unit="GeV", count=count),
        Measured(value=abs(float(values[1])), error=float(errors[1]), unit="GeV", count=count),
        float(values[2]),
    )


def jackknife(parts: int, estimate: Callable[[int | None], float | None], count: int) -> Measured | None:
    """``estimate(None)`` of all events, with the delete-one-part error of ``estimate(part)``."""
    whole = estimate(None)
    if whole is None:
        return None
    left_out = [value for value in map(estimate, range(parts)) if value is not None]
    if len(left_out) < parts // 2:
        return Measured(value=whole, count=count)
    spread = np.asarray(left_out) - np.mean(left_out)
    error = math.sqrt((len(left_out) - 1) / len(left_out) * float(np.dot(spread, spread)))
    return Measured(value=whole, error=error, count=count)
