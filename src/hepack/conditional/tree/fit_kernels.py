"""The inner loops of fitting, compiled by numba; `hepack.conditional.tree.fit_reference` holds the slow twins.

Sums are of integers, so that neither vector units nor threads change a fit. Callers pass contiguous arrays
of exactly the dtypes named here.
"""

from __future__ import annotations

import numpy as np

from hepack._loops import jit
from hepack.conditional.tree.kernels import _COEFFICIENTS, _weigh


@jit
def likelihoods(scores, base, shapes, rows, cells, chosen, totals):  # type: ignore[no-untyped-def]
    """The weight of each row's cell (u8) and the sum of all, both i32; ``scores`` (i32) has 8 a row."""
    weights = np.empty(len(base), np.int32)
    for i in range(len(cells)):
        totals[i] = _weigh(scores[i * _COEFFICIENTS :], base, shapes, rows, weights)
        chosen[i] = weights[cells[i]]


@jit
def gradients(scores, base, shapes, rows, cells, chosen, totals, slopes):  # type: ignore[no-untyped-def]
    """`likelihoods`, and how the row's log likelihood changes with each score: ``slopes`` (i32), 8 a row.

    In 1024ths: a cell's shape (in 64ths) less its mean over cells, which takes weights to 12 bits.
    """
    count = np.uint64(len(base))
    weights = np.empty(count, np.int32)
    for i in range(len(cells)):
        totals[i] = _weigh(scores[i * _COEFFICIENTS :], base, shapes, rows, weights)
        chosen[i] = weights[cells[i]]
        total = np.int32(0)
        for c in range(count):
            weights[c] >>= 3
            total += weights[c]
        for j in range(rows):
            place = np.uint64(j) * count
            mean = np.int32(0)
            for c in range(count):
                mean += np.int32(weights[c] * shapes[place + np.uint64(c)])
            own = np.int64(shapes[place + np.uint64(cells[i])])
            twice = (own * total - np.int64(mean)) * 32 + total  # to the nearest, so that sums have no bias
            slopes[i * _COEFFICIENTS + j] = twice // np.int64(2 * total)


@jit
def curvature(scores, base, shapes, squares, rows, leaf, step, sums):  # type: ignore[no-untyped-def]
    """Add the covariance of the shapes, in 4096ths, of every ``step``-th row to its leaf's ``sums`` (i64).

    ``squares`` (i32; row, row, cell) are products of two shapes in 64ths; ``sums`` has shape (leaf, row, row).
    """
    count = np.uint64(len(base))
    weights = np.empty(count, np.int32)
    means = np.empty(_COEFFICIENTS, np.float64)
    for i in range(0, len(leaf), step):
        _weigh(scores[i * _COEFFICIENTS :], base, shapes, rows, weights)
        total = np.int64(0)
        for c in range(count):
            total += weights[c]
        for j in range(rows):
            place = np.uint64(j) * count
            mean = np.int64(0)
            for c in range(count):
                mean += np.int64(weights[c]) * shapes[place + np.uint64(c)]
            means[j] = np.float64(mean) / np.float64(total)
            for k in range(j + 1):
                place = np.uint64(j * rows + k) * count
                square = np.int64(0)
                for c in range(count):
                    square += np.int64(weights[c]) * squares[place + np.uint64(c)]
                product = np.float64(square) / np.float64(total) * 64.0
                sums[leaf[i], j, k] += np.int64(product - means[j] * means[k])


@jit
def histograms(bins, node, slopes, rows, sums):  # type: ignore[no-untyped-def]
    """Add each row's slopes, then 1, to ``sums`` (i32; column, node, bin, rows + 1) of its node and bins (u8)."""
    for column in range(len(bins)):
        for i in range(len(node)):
            target = sums[column, node[i], bins[column, i]]
            for j in range(rows):
                target[j] += slopes[i * _COEFFICIENTS + j]
            target[rows] += 1
