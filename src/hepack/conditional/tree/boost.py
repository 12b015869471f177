"""`Boost`: grow trees one after the other, each against what the ones before leave unexplained.

A Newton step of the log likelihood for every leaf (Friedman, Annals of Statistics 29 (2001) 1189, with a vector
of coefficients a leaf), on trees that ask one question a level (Prokhorenkova et al., arXiv:1706.09516).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.tree.binning import MAX_BINS, Binned
from hepack.conditional.tree.engine import fitting_loops
from hepack.conditional.tree.parts import MAX_LEAF, Forest
from hepack.conditional.tree.shapes import COEFFICIENTS
from hepack.conditional.tree.solve import inverse, solve

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST_GAIN = 1e-4
"""A tree that saves a smaller part of the cells' bits is not worth the time that it takes to ask."""

_STAGE_ROWS = 16384
_SHRINK_SPLIT = 1000.0
_RIDGE = 0.3
_SHRINK = 20.0  # rows' worth of average curvature that hold a leaf back
_FAILURES = 2
_STEPS = (1.0, 0.4)
_LONGEST = 3.0  # nats that a leaf moves a cell by, at most
_LEAST_ROWS = 12  # on either side of a split
_CURVED = 3072  # rows for second derivatives
_COEFFICIENT_BITS = 4.0
_UNIT = 32.0  # coefficients are in 32nds of an octave, shapes in 64ths
_NATS = float(np.log(2.0))


@dataclass
class Boost:
    """``binned`` columns, the ``cells`` (u8) of the rows, ``count`` different ones, the base logits and shapes
    (`shapes.logits_of`), and the trees so far.

    ``scale`` is how many rows of the data a row here stands for.
    """

    binned: Binned
    cells: NDArray[np.uint8]
    count: int
    base: Int32s
    shapes: Int32s
    scale: float
    depth: int
    grain: int
    scores: Int32s = field(init=False)
    splits: list[list[tuple[int, int]]] = field(default_factory=list)
    leaves: list[Int64s] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scores = np.zeros((len(self.cells), COEFFICIENTS), np.int32)

    @property
    def rows(self) -> int:
        return len(self.shapes)

    def grow(self, trees: int) -> None:
        """Add up to so many trees, each fitted on the next part of the rows, until none pays for its bytes."""
        strides = -(-len(self.cells) // _STAGE_ROWS)
        stage = failures = 0
        while len(self.leaves) < trees and failures < min(strides, _FAILURES):
            part, stage = slice(stage % strides, None, strides), stage + 1
            grown = self._stage(part, slice(stage % strides, None, strides))
            failures = 0 if grown else failures + 1

    def bits(self) -> float:
        """The code length of all rows' cells, without the places in them."""
        return float(self._lengths(self.scores, self.cells).sum()) if len(self.shapes) else 0.0

    def forest(self, places: Int64s) -> Forest:
        """The trees, with ``places`` of the binned columns."""
        if not self.leaves:
            return Forest.none()
        columns = [[places[c] for c, _ in tree] for tree in self.splits]
        thresholds = [[self.binned.edges[c][b] - 1 for c, b in tree] for tree in self.splits]
        return Forest(
            np.array(columns, np.int64), np.array(thresholds, np.int32), np.stack(self.leaves), self.grain
        )

    def _stage(self, part: slice, others: slice) -> bool:
        """Add a tree fitted on a part of the rows, if it pays for its bytes there and is of use to ``others``."""
        scores, cells = np.ascontiguousarray(self.scores[part]), np.ascontiguousarray(self.cells[part])
        n = len(cells)
        chosen, totals = np.empty(n, np.int32), np.empty(n, np.int32)
        slopes = np.zeros((n, COEFFICIENTS), np.int32)
        fitting_loops().gradients(
            scores.reshape(-1),
            self.base,
            self.shapes.reshape(-1),
            self.rows,
            cells,
            chosen,
            totals,
            slopes.reshape(-1),
        )
        before = self._bits(chosen, totals)
        bins = np.ascontiguousarray(self.binned.bins[:, part])
        everywhere = self._curvature(scores, np.zeros(n, np.uint8), 1)[0]
        splits, node = self._questions(bins, slopes, everywhere / n)
        if not splits:
            return False
        steps = self._newton(scores, slopes, node, everywhere / n)
        leaf, gain = self._best(scores, cells, node, steps, before)
        nodes = np.zeros(len(self.cells), np.int64)
        for column, cut in splits:
            nodes = 2 * nodes + (self.binned.bins[column] > cut)
        moved = self.scores + (leaf * self.grain).astype(np.int32)[nodes]
        known = float(before.sum())
        parts = self.scale * len(self.cells) / n
        if others != part:  # what holds for other rows, too
            known = float(self._lengths(self.scores[others], self.cells[others]).sum())
            more = known - float(self._lengths(moved[others], self.cells[others]).sum())
            gain = (gain + (parts - 1) * more) / parts
        if gain * parts < _bits_of(leaf) + self.depth * 18.0 or gain < LEAST_GAIN * known:
            return False
        self.splits.append(splits)
        self.leaves.append(leaf)
        self.scores = moved
        return True

    def _lengths(self, scores: Int32s, cells: NDArray[np.uint8]) -> Floats:
        """The code length of the cells of some rows, given their scores."""
        scores, cells = np.ascontiguousarray(scores), np.ascontiguousarray(cells)
        chosen, totals = np.empty(len(cells), np.int32), np.empty(len(cells), np.int32)
        fitting_loops().likelihoods(
            scores.reshape(-1), self.base, self.shapes.reshape(-1), self.rows, cells, chosen, totals
        )
        return self._bits(chosen, totals)

    def _bits(self, chosen: Int32s, totals: Int32s) -> Floats:
        slots = chosen * ((65536.0 - self.count) / totals) + 1.0
        bits: Floats = 16.0 - np.log2(slots)
        return bits

    def _curvature(self, scores: Int32s, leaf: NDArray[np.uint8], leaves: int) -> Floats:
        """The negative second derivatives, summed over the rows of each leaf: shape ``(leaf, row, row)``."""
        step = max(1, len(leaf) // (_CURVED if leaves > 1 else _CURVED // 3))
        sums = np.zeros((leaves, self.rows, self.rows), np.int64)
        squares = (self.shapes[:, None] * self.shapes[None, :]) >> 6
        fitting_loops().curvature(
            scores.reshape(-1), self.base, self.shapes.reshape(-1),
            np.ascontiguousarray(squares, np.int32).reshape(-1), self.rows, leaf, step, sums,
        )  # fmt: skip
        full = sums + np.tril(sums, -1).transpose(0, 2, 1)
        curved: Floats = full.astype(np.float64) * (step / 4096.0)
        return curved

    def _questions(
        self, bins: NDArray[np.uint8], slopes: Int32s, mean: Floats
    ) -> tuple[list[tuple[int, int]], NDArray[np.uint8]]:
        """The best question for each level, and every row's leaf; none if the first gains nothing."""
        node = np.zeros(bins.shape[1], np.uint8)
        metric = inverse(mean + np.eye(len(mean)) * _RIDGE)
        splits: list[tuple[int, int]] = []
        for level in range(self.depth):
            gain, column, cut = self._gain(bins, node, 1 << level, slopes, metric)
            if gain <= 0.0 and not splits:
                return [], node
            splits.append((column, cut) if gain > 0.0 else splits[-1])
            node = (2 * node + (bins[splits[-1][0]] > splits[-1][1])).astype(np.uint8)
        return splits, node

    def _gain(
        self, bins: NDArray[np.uint8], node: NDArray[np.uint8], nodes: int, slopes: Int32s, metric: Floats
    ) -> tuple[float, int, int]:
        """The best question, as column and cut, after twice what it gains, in nats."""
        sums = np.zeros((len(bins), nodes, MAX_BINS, self.rows + 1), np.int32)
        fitting_loops().histograms(bins, node, slopes.reshape(-1), self.rows, sums)
        below = np.cumsum(sums, axis=2, dtype=np.int64).astype(np.float64)
        whole = below[:, :, -1:]
        left = below[:, :, :-1]
        gain = _score(left, metric) + _score(whole - left, metric) - _score(whole, metric)
        counts = left[..., -1].sum(axis=1)
        allowed = (counts >= _LEAST_ROWS) & (len(node) - counts >= _LEAST_ROWS)
        total = np.where(allowed, gain.sum(axis=1), 0.0)
        column, cut = divmod(int(np.argmax(total)), MAX_BINS - 1)
        return float(total[column, cut]), column, cut

    def _newton(self, scores: Int32s, slopes: Int32s, node: NDArray[np.uint8], mean: Floats) -> Floats:
        """The Newton step of each leaf, in units of the grain; too small a coefficient is zero."""
        leaves = 1 << self.depth
        slope = np.zeros((leaves, self.rows))
        for j in range(self.rows):
            slope[:, j] = np.bincount(node, slopes[:, j], leaves) / 1024.0
        curved = (
            self._curvature(scores, node, leaves) + _SHRINK * mean + np.eye(self.rows)
        )  # shapes may add up to a constant
        step = np.clip(solve(curved, slope), -_LONGEST, _LONGEST)
        size = np.abs(np.einsum("lj,jc->lc", step, self.shapes / 64.0)).max(axis=1)
        step *= np.minimum(1.0, _LONGEST / np.maximum(size, 1e-9))[:, None]
        scale = self.scale * len(self.cells) / len(node)
        worth = 0.5 * np.einsum("ljj->lj", curved) * step**2 / _NATS * scale
        step[worth < _COEFFICIENT_BITS] = 0.0
        return step / (_NATS / _UNIT * self.grain)

    def _best(
        self, scores: Int32s, cells: NDArray[np.uint8], node: NDArray[np.uint8], steps: Floats, before: Floats
    ) -> tuple[Int64s, float]:
        """The leaves with the best length of step for each, and the bits that they gain."""
        leaves = len(steps)
        options = [np.zeros((leaves, COEFFICIENTS), np.int64)]
        gains: list[Floats] = [np.zeros(leaves)]
        for length in _STEPS:
            leaf = np.zeros((leaves, COEFFICIENTS), np.int64)
            leaf[:, : self.rows] = np.clip(np.rint(steps * length), -MAX_LEAF, MAX_LEAF)
            moved = scores + (leaf * self.grain).astype(np.int32)[node]
            options.append(leaf)
            gained = before - self._lengths(moved, cells)
            gains.append(np.bincount(node, gained, leaves).astype(np.float64))
        pick = np.argmax(np.stack(gains), axis=0)
        at = np.arange(leaves)
        return np.stack(options)[pick, at], float(np.stack(gains)[pick, at].sum())


def _bits_of(leaf: Int64s) -> float:
    """About what the coefficients take in a file."""
    return float((1.0 + 2.0 * np.log2(1.0 + np.abs(leaf))).sum())


def _score(sums: Floats, metric: Floats) -> Floats:
    """The gain of a Newton step for summed slopes, with the average curvature; the last entry is the count."""
    slope = sums[..., :-1] / 1024.0
    square = (np.einsum("...j,jk->...k", slope, metric) * slope).sum(axis=-1)
    score: Floats = square / (sums[..., -1] + _SHRINK_SPLIT)
    return score
