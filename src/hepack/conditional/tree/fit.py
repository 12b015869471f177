"""`fit_tree`: find the model of a column on a sample, within a time that grows linearly with the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.conditional.base import Problem
from hepack.conditional.tree.binning import Binned, most_telling
from hepack.conditional.tree.boost import Boost
from hepack.conditional.tree.cells import Cells
from hepack.conditional.tree.engine import coding_loops
from hepack.conditional.tree.fit_cells import fit_cells
from hepack.conditional.tree.fit_line import candidate_lines
from hepack.conditional.tree.inputs import Inputs
from hepack.conditional.tree.model import Tree
from hepack.conditional.tree.parts import MAX_TREES, Forest, Line
from hepack.conditional.tree.shapes import logits_of

Int64s = NDArray[np.int64]

MAX_ROWS = 1 << 16
_CANDIDATES = 12
_LINE_CANDIDATES = 8
_TRIAL_ROWS = 4096  # on which lines are compared, with a few trees each
_TRIAL_TREES = 4
_DEPTH = 3
_GRAIN = 4


def fit_tree(problem: Problem, *, max_leaves: int = 256) -> Tree | None:
    """A model for ``problem.rows`` rows, None if it would not be smaller than one that looks at no column.

    One fit runs on one core; several may run side by side, which changes nothing in any of them.
    """
    n = len(problem.targets)
    if problem.features.ndim != 2 or len(problem.features) != n:
        raise BadRequestError(f"{n} targets need as many rows of features, got {problem.features.shape}")
    if n == 0:
        return None
    data = _Data.of(problem)
    candidates = most_telling(data.columns, data.targets, _LINE_CANDIDATES)
    lines = candidate_lines(data.columns[candidates], data.targets)
    lines = [Line(candidates[line.places], line.knots, line.slopes, line.offset) for line in lines]
    line = lines[0]
    if len(lines) > 1:
        part = data.thinned(_TRIAL_ROWS)
        bits = [_Fit.of(part, trial, _TRIAL_TREES).bits() for trial in lines]
        line = lines[int(np.argmin(bits))]
    fit = _Fit.of(data, line, min(max_leaves >> _DEPTH, MAX_TREES))
    forest = fit.boost.forest(fit.asked)
    if not len(line.places) and not forest.trees and not fit.cells.copies:
        return None
    used, lagged, line, forest = _compact(line, forest, problem.features.shape[1], fit.cells.copies)
    return Tree(used, lagged, line, fit.cells, forest)


@dataclass(frozen=True)
class _Data:
    """``columns``, shape ``(column, row)``, with the previous target last; targets; what a copy would give.

    Each row stands for ``scale`` rows of the data.
    """

    columns: NDArray[np.int32]
    targets: Int64s
    previous: Int64s | None
    scale: float

    @classmethod
    def of(cls, problem: Problem) -> _Data:
        n = len(problem.targets)
        columns = list(problem.features.T)
        targets = np.ascontiguousarray(problem.targets, np.int64)
        previous = None
        if problem.first is not None:
            inputs = Inputs.of(np.zeros((n, 0), np.int32), (), problem.first, True)
            previous = inputs.fill(targets)
            columns.append(inputs.columns[-1])
        step = max(1, -(-n // MAX_ROWS))
        table = np.empty((len(columns), len(targets[::step])), np.int32)
        for row, column in zip(table, columns, strict=True):
            row[:] = column[::step]
        copied = None if previous is None else previous[::step].copy()
        return cls(table, targets[::step].copy(), copied, max(problem.rows, n) / table.shape[1])

    def thinned(self, rows: int) -> _Data:
        """At most so many of the rows, evenly taken."""
        step = max(1, -(-len(self.targets) // rows))
        part = np.ascontiguousarray(self.columns[:, ::step])
        previous = None if self.previous is None else self.previous[::step].copy()
        return _Data(
            part, self.targets[::step].copy(), previous, self.scale * self.columns.shape[1] / part.shape[1]
        )


@dataclass(frozen=True)
class _Fit:
    """Cells and trees for a line; ``asked`` are the columns that the trees may ask for."""

    cells: Cells
    asked: Int64s
    boost: Boost
    places: float

    @classmethod
    def of(cls, data: _Data, line: Line, trees: int) -> _Fit:
        values = _values(line, data.columns)
        cells = fit_cells(data.targets, values, data.previous, data.scale)
        chosen = cells.assign(data.targets, values, data.previous)[0]
        rest = _order(data.targets - values, chosen, len(cells.relative))
        asked = most_telling(data.columns, rest, _CANDIDATES)
        base, shapes = logits_of(cells.heights, len(cells.relative), cells.polynomials)
        binned = Binned.of(data.columns[asked])
        boost = Boost(binned, chosen, len(cells.heights), base, shapes, data.scale, _DEPTH, _GRAIN)
        if len(asked) and len(shapes):
            boost.grow(trees)
        return cls(cells, asked, boost, float(cells.sizes.astype(np.float64)[chosen].sum()))

    def bits(self) -> float:
        """The code length of the rows fitted to."""
        return self.boost.bits() + self.places


def _values(line: Line, columns: NDArray[np.int32]) -> Int64s:
    values = np.empty(columns.shape[1], np.int64)
    flat = np.ascontiguousarray(columns).reshape(-1)
    coding_loops().locate(flat, line.places.astype(np.uint64), line.knots, line.slopes, line.offset, values)
    return values


def _order(rest: Int64s, chosen: NDArray[np.uint8], relative: int) -> Int64s:
    """Numbers that tell apart what trees are to tell apart: rests, and single cells far above them."""
    return np.where(
        chosen < relative, np.clip(rest, -(1 << 60), 1 << 60), (1 << 60) + 1 + chosen.astype(np.int64)
    )


def _compact(
    line: Line, forest: Forest, lag: int, copies: bool
) -> tuple[tuple[int, ...], bool, Line, Forest]:
    """The features that are read, whether the previous target is, and the parts with their places there."""
    needed = np.unique(np.concatenate([line.places, forest.columns.reshape(-1)])).astype(np.int64)
    lagged = bool(copies or (needed == lag).any())
    needed = needed[needed < lag]
    everything = np.append(needed, lag)
    places = np.searchsorted(everything, line.places).astype(np.int64)
    columns = np.searchsorted(everything, forest.columns).astype(np.int64)
    return (
        tuple(needed.tolist()),
        lagged,
        Line(places, line.knots, line.slopes, line.offset),
        Forest(columns, forest.thresholds, forest.leaves, forest.grain),
    )
