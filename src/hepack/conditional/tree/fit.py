"""`fit_tree`: find the model of a column on a sample, within a time that grows linearly with the sample."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.conditional.base import Problem
from hepack.conditional.tree.binning import Binned, most_telling
from hepack.conditional.tree.boost import Boost
from hepack.conditional.tree.engine import coding_loops
from hepack.conditional.tree.fit_cells import fit_cells
from hepack.conditional.tree.fit_line import fit_line
from hepack.conditional.tree.inputs import Inputs
from hepack.conditional.tree.model import Tree
from hepack.conditional.tree.parts import MAX_TREES, Forest, Line
from hepack.conditional.tree.shapes import HEIGHT_UNIT, shapes_of

Int64s = NDArray[np.int64]

MAX_ROWS = 1 << 16
_CANDIDATES = 12
_LINE_CANDIDATES = 8
_DEPTH = 3
_GRAIN = 4


def fit_tree(problem: Problem, *, max_leaves: int = 256, threads: int = 1) -> Tree | None:
    """A model for ``problem.rows`` rows, None if it would not be smaller than one that looks at no column.

    ``threads`` is accepted for likeness with `fit_trees`; one fit runs on one core, and gives the same bytes
    everywhere.
    """
    n = len(problem.targets)
    if problem.features.ndim != 2 or len(problem.features) != n:
        raise BadRequestError(f"{n} targets need as many rows of features, got {problem.features.shape}")
    if n == 0:
        return None
    columns, targets, previous = _table(problem)
    lag = problem.features.shape[1]
    scale = max(problem.rows, n) / len(targets)
    candidates = most_telling(columns, targets, _LINE_CANDIDATES)
    line = fit_line(columns[candidates], targets)
    values = _values(line, columns[candidates])
    cells = fit_cells(targets, values, previous, scale)
    chosen = cells.assign(targets, values, previous)[0]
    asked = most_telling(columns, _order(targets - values, chosen, len(cells.relative)), _CANDIDATES)
    shapes = shapes_of(cells.heights, len(cells.relative), cells.polynomials)
    base = (-HEIGHT_UNIT * cells.heights).astype(np.int32)
    boost = Boost(Binned.of(columns[asked]), chosen, base, shapes, scale, _DEPTH, _GRAIN)
    if len(asked) and len(shapes):
        boost.grow(min(max_leaves >> _DEPTH, MAX_TREES))
    line = Line(candidates[line.places], line.knots, line.slopes, line.offset)
    forest = boost.forest(asked)
    if not len(line.places) and not forest.trees and not cells.copies:
        return None
    used, lagged, line, forest = _compact(line, forest, lag, cells.copies)
    return Tree(used, lagged, line, cells, forest)


def fit_trees(problems: Sequence[Problem], *, max_leaves: int = 256, threads: int = 1) -> list[Tree | None]:
    """`fit_tree` of many problems in so many threads; the results do not depend on how many."""
    fit = partial(fit_tree, max_leaves=max_leaves)
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        return list(pool.map(fit, problems))


def _table(problem: Problem) -> tuple[NDArray[np.int32], Int64s, Int64s | None]:
    """Columns, shape ``(column, row)``, with the previous target last; targets; previous targets. Thinned out."""
    n = len(problem.targets)
    step = max(1, -(-n // MAX_ROWS))
    columns = [np.ascontiguousarray(column[::step]) for column in problem.features.T]
    targets = np.ascontiguousarray(problem.targets, np.int64)
    previous = None
    if problem.first is not None:
        inputs = Inputs.of(np.zeros((n, 0), np.int32), (), problem.first, True)
        previous = inputs.fill(targets)[::step]
        columns.append(inputs.rows[::step])
    table = np.stack(columns) if columns else np.zeros((0, len(targets[::step])), np.int32)
    return table, np.ascontiguousarray(targets[::step]), previous


def _values(line: Line, columns: NDArray[np.int32]) -> Int64s:
    values = np.empty(columns.shape[1], np.int64)
    rows = np.ascontiguousarray(columns.T).reshape(-1)
    places = line.places.astype(np.uint64)
    coding_loops().locate(rows, len(columns), places, line.knots, line.slopes, line.offset, values)
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
