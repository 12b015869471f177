"""Permutation tests over blocks of events: the trials, and statistics turned into standard deviations.

Under the hypothesis that a run is like the reference, the labels "run" and "reference" of the blocks are
exchangeable. Trial 0 is what was found; the others draw as many blocks without replacement. The largest statistic
over all tests then has an exact null distribution, correlations included: Westfall and Young, Resampling-Based
Multiple Testing (1993), the single-step max-T procedure.
"""

from __future__ import annotations

import functools
import math
from statistics import NormalDist

import numpy as np

from hepack.monitoring.columns import Floats

LARGEST = 37.0
"""Standard deviations where the normal tail leaves the range of doubles."""


def draw_trials(run: int, reference: int, trials: int, rng: np.random.Generator) -> Floats:
    """Which blocks count as the run, shape ``(1 + trials, run + reference)``; row 0: the first ``run`` of them."""
    total = run + reference
    labels = np.zeros((1 + trials, total))
    labels[0, :run] = 1.0
    if trials:
        chosen = np.argpartition(rng.random((trials, total)), run - 1, axis=1)[:, :run]
        np.put_along_axis(labels[1:], chosen, 1.0, axis=1)
    return labels


def spread(residuals: Floats, run: int) -> Floats:
    """Standard deviation of the sum over ``run`` random blocks, of residuals ``(block, feature)`` that sum to 0."""
    total = len(residuals)
    return np.asarray(np.sqrt(run * (total - run) / (total - 1) * np.mean(residuals**2, axis=0)))


def signed_root(found: Floats, whole: Floats, share: Floats) -> Floats:
    """Signed root of twice the binomial log likelihood ratio: ``found`` of ``whole``, where ``share`` is expected.

    About normal down to a few counts, where a difference over its root is not.
    """
    expected = whole.astype(found.dtype) * share
    rest = whole.astype(found.dtype) - found
    rest_expected = whole.astype(found.dtype) - expected
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(found > 0, found * np.log(found / expected), 0.0)
        second = np.where(rest > 0, rest * np.log(rest / rest_expected), 0.0)
    return np.asarray(np.sign(found - expected) * np.sqrt(2 * np.maximum(first + second, 0.0)))


def normalised(statistics: Floats) -> Floats:
    """Positive statistics ``(trial, ...)`` in standard deviations of a normal, each by the moments of all others.

    Three moments give a gamma distribution, its cube root is nearly normal (Wilson and Hilferty, PNAS 17 (1931) 684).
    No trial is among those that it is measured by, what was found as little as the others: were it otherwise, the
    trials would not be exchangeable, and one with an outlier would look tamer than what was found with the same.
    """
    null = statistics[1:]
    scale = null.std(axis=0)
    x = (statistics - null.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    powers = [x, x**2, x**3]
    first, second, third = ((power.sum(axis=0) - power) / len(null) for power in powers)
    for moment, power in zip((first, second, third), powers, strict=True):
        moment[0] = power[1:].mean(axis=0)  # an outlier must not be subtracted from a sum of outliers
    variance = np.maximum(second - first**2, 0.0)
    known = variance > 1e-12
    safe = np.where(known, variance, 1.0)
    skew = np.clip((third - 3 * first * second + 2 * first**3) / safe**1.5, 0.05, 6.0)
    z = 6 / skew * (np.cbrt(np.maximum(skew * (x - first) / np.sqrt(safe) / 2 + 1, 0.0)) - 1) + skew / 6
    return np.asarray(np.where(known, z, 0.0))


@functools.cache
def _one_sided() -> tuple[Floats, Floats]:
    grid = np.linspace(0.0, LARGEST, 1481)
    inverse = NormalDist().inv_cdf
    tails = [math.erfc(z / math.sqrt(2)) for z in grid]
    return grid, np.array([-inverse(min(tail, 1 - 1e-16)) for tail in tails])


def one_sided(z: Floats) -> Floats:
    """The one-sided deviation that is as rare as ``|z|`` on either side."""
    grid, values = _one_sided()
    size = np.abs(z)
    return np.asarray(np.where(size > LARGEST, size, np.interp(size, grid, values)))


def tail(surprise: float) -> float:
    """The chance of a normal number above ``surprise``."""
    return 0.5 * math.erfc(surprise / math.sqrt(2))


def adjusted(surprises: Floats) -> tuple[float, Floats]:
    """The p-value of the largest of all tests, and those of each corrected for all, from ``(trial, test)``.

    Both are exact: at most a share ``alpha`` of good runs has the first at or below ``alpha`` (equal, but for ties).
    """
    largest = surprises.max(axis=1)
    ordered = np.sort(largest)
    above = len(largest) - np.searchsorted(ordered, surprises[0], side="left")
    p_values = np.maximum(above, 1) / len(largest)
    return float(np.mean(largest >= largest[0])), np.asarray(p_values)
