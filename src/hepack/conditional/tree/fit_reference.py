"""Slow twins of `hepack.conditional.tree.fit_kernels`, in numpy: same names, arguments and results."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.tree.reference import weigh

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt8s = NDArray[np.uint8]

_COEFFICIENTS = 8
_BLOCK = 1 << 12


def likelihoods(
    scores: Int32s, base: Int32s, shapes: Int32s, rows: int, cells: UInt8s, chosen: Int32s, totals: Int32s
) -> None:
    table = scores.reshape(-1, _COEFFICIENTS).astype(np.int64)
    for at in range(0, len(cells), _BLOCK):
        block = slice(at, at + _BLOCK)
        weights = weigh(table[block], base, shapes, rows)
        totals[block] = weights.sum(axis=1)
        chosen[block] = weights[np.arange(len(weights)), cells[block]]


def gradients(
    scores: Int32s,
    base: Int32s,
    shapes: Int32s,
    rows: int,
    cells: UInt8s,
    chosen: Int32s,
    totals: Int32s,
    slopes: Int32s,
) -> None:
    likelihoods(scores, base, shapes, rows, cells, chosen, totals)
    table = scores.reshape(-1, _COEFFICIENTS).astype(np.int64)
    out = slopes.reshape(-1, _COEFFICIENTS)
    shape = shapes.reshape(rows, len(base)).astype(np.int64)
    for at in range(0, len(cells), _BLOCK):
        block = slice(at, at + _BLOCK)
        weights = weigh(table[block], base, shapes, rows) >> 3
        total = weights.sum(axis=1, keepdims=True)
        mean = weights @ shape.T
        out[block, :rows] = ((shape[:, cells[block]].T * total - mean) * 32 + total) // (2 * total)


def curvature(
    scores: Int32s,
    base: Int32s,
    shapes: Int32s,
    squares: Int32s,
    rows: int,
    leaf: UInt8s,
    step: int,
    sums: Int64s,
) -> None:
    table = scores.reshape(-1, _COEFFICIENTS).astype(np.int64)[::step]
    chosen = leaf[::step]
    shape = shapes.reshape(rows, len(base)).astype(np.int64)
    square = squares.reshape(rows, rows, len(base)).astype(np.int64)
    for at in range(0, len(chosen), _BLOCK):
        block = slice(at, at + _BLOCK)
        weights = weigh(table[block], base, shapes, rows)
        total = weights.sum(axis=1).astype(np.float64)
        means = (weights @ shape.T).astype(np.float64) / total[:, None]
        for j in range(rows):
            for k in range(j + 1):
                product: Any = (weights @ square[j, k]).astype(np.float64) / total * 64.0
                np.add.at(
                    sums[:, j, k], chosen[block], (product - means[:, j] * means[:, k]).astype(np.int64)
                )


def histograms(bins: UInt8s, node: UInt8s, slopes: Int32s, rows: int, sums: Int32s) -> None:
    table = slopes.reshape(-1, _COEFFICIENTS)
    for column, binned in enumerate(bins):
        for j in range(rows):
            np.add.at(sums[column, :, :, j], (node, binned), table[: len(node), j])
        np.add.at(sums[column, :, :, rows], (node, binned), 1)
