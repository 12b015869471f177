"""Two-sample tests of single variables, and of all variables of an axis together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hepack._optional import require
from hepack.evaluate.results import Floats, VariableTest

PERMUTATIONS = 199
PERMUTED_ROWS = 3000
JOINT_ROWS = 1000


def compare_columns(
    axis: str, name: str, one: Floats, two: Floats, rng: np.random.Generator
) -> VariableTest | None:
    """All tests of one variable; None with fewer than 20 finite values on a side."""
    one, two = one[np.isfinite(one)], two[np.isfinite(two)]
    if min(len(one), len(two)) < 20:
        return None
    stats = require("scipy.stats", extra="report", purpose="a statistical test")
    ks = stats.ks_2samp(one, two, method="asymp")
    chi2, degrees = binned_chi2(one, two)
    scale = float(np.std(one)) or 1.0
    distances, p_values = distance_tests(one / scale, two / scale, rng)
    return VariableTest(
        axis=axis, variable=name, count=(len(one), len(two)), ks=float(ks.statistic), ks_p=float(ks.pvalue),
        chi2=chi2, chi2_degrees=degrees, chi2_p=float(stats.chi2.sf(chi2, degrees)) if degrees else 1.0,
        wasserstein=distances[0], wasserstein_p=p_values[0], energy=distances[1], energy_p=p_values[1],
    )  # fmt: skip


def binned_chi2(one: Floats, two: Floats, bins: int = 40) -> tuple[float, int]:
    """Chi squared of two histograms in bins of equal content, and its degrees of freedom.

    ``sum (sqrt(M/N) n - sqrt(N/M) m)**2 / (n + m)`` (Gagunashvili, NIM A 614 (2010) 287, equation 5).
    """
    both = np.concatenate([one, two])
    edges = np.unique(np.quantile(both, np.linspace(0, 1, bins + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        for values in (one, two)
    ]
    filled = counts[0] + counts[1] > 0
    n, m = (row[filled].astype(np.float64) for row in counts)
    ratio = math.sqrt(m.sum() / n.sum())
    return float(np.sum((ratio * n - m / ratio) ** 2 / (n + m))), int(filled.sum()) - 1


def distance_tests(
    one: Floats, two: Floats, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Wasserstein and energy distance, and their p-values from random relabellings of a subsample.

    Both are integrals over the difference of the distribution functions: of ``|F - G|``, and the root of
    ``2 (F - G)**2`` (Szekely and Rizzo, J. Stat. Plan. Inference 143 (2013) 1249).
    """
    stats = require("scipy.stats", extra="report", purpose="a statistical test")
    exact = float(stats.wasserstein_distance(one, two)), float(stats.energy_distance(one, two))
    left = rng.permutation(one)[:PERMUTED_ROWS]
    right = rng.permutation(two)[:PERMUTED_ROWS]
    values = np.concatenate([left, right])
    order = np.argsort(values, kind="stable")
    gaps = np.diff(values[order])
    labels = np.zeros((PERMUTATIONS + 1, len(values)), np.float32)
    labels[0] = np.where(order < len(left), 1 / len(left), -1 / len(right))
    for row in range(1, PERMUTATIONS + 1):
        labels[row] = rng.permutation(labels[0])
    difference = np.cumsum(labels, axis=1)[:, :-1]
    found = np.abs(difference) @ gaps, difference**2 @ gaps
    p_values = [float((1 + np.sum(f[1:] >= f[0] * (1 - 1e-6))) / (PERMUTATIONS + 1)) for f in found]
    return exact, (p_values[0], p_values[1])


def joint_energy(one: Floats, two: Floats, rng: np.random.Generator) -> tuple[float, float] | None:
    """Energy distance of all columns together, in standard deviations, and its permutation p-value."""
    distance = require("scipy.spatial.distance", extra="report", purpose="a statistical test")
    one, two = (rows[np.isfinite(rows).all(axis=1)] for rows in (one, two))
    one, two = (rng.permutation(rows)[:JOINT_ROWS] for rows in (one, two))
    if min(len(one), len(two)) < 50:
        return None
    both = np.concatenate([one, two])
    scale = one.std(axis=0)
    both = (both - one.mean(axis=0))[:, scale > 0] / scale[scale > 0]
    if not both.shape[1]:
        return None
    apart = distance.squareform(distance.pdist(both))
    weights = np.concatenate([np.full(len(one), 1 / len(one)), np.full(len(two), -1 / len(two))])
    trials = np.stack([weights, *(rng.permutation(weights) for _ in range(PERMUTATIONS))])
    values = -np.einsum("ij,ij->i", trials @ apart, trials)
    return float(math.sqrt(max(values[0], 0.0))), float(np.mean(values >= values[0] * (1 - 1e-9)))


def corrected(tests: list[VariableTest]) -> tuple[VariableTest, ...]:
    """The tests with their p-values corrected for their number.

    The smallest p of a variable's four tests times four, then Holm (Scand. J. Stat. 6 (1979) 65) and
    Benjamini-Hochberg (J. R. Stat. Soc. B 57 (1995) 289) over the variables. The two permutation tests cannot go
    below 1/200, so they alone cannot make a test of many variables significant; the other two can.
    """
    smallest = np.array([min(1.0, 4 * min(t.ks_p, t.chi2_p, t.wasserstein_p, t.energy_p)) for t in tests])
    count = len(smallest)
    if not count:
        return ()
    order = np.argsort(smallest)
    steps = smallest[order]
    holm, q = np.empty(count), np.empty(count)
    holm[order] = np.minimum(np.maximum.accumulate(steps * (count - np.arange(count))), 1.0)
    q[order] = np.minimum(np.minimum.accumulate((steps * count / np.arange(1, count + 1))[::-1])[::-1], 1.0)
    return tuple(
        replace(test, p_holm=float(a), q=float(b)) for test, a, b in zip(tests, holm, q, strict=True)
    )
