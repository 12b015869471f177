"""`Index`: which columns have the values that a formula gives, on a few rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hepack.relations.expression import Expression, Memory, evaluate
from hepack.relations.find.sample import Sample
from hepack.relations.view import TableView, spread
from hepack.table import EVENTS, EventTable

ROWS = 24
SOFT = 4e-3
"""How far a prediction may be off to be of interest, relative to the value."""

SHARE = 0.7
"""The part of the rows on which it must be right."""

Matrix = NDArray[np.float64]


class Index:
    """Columns of one axis at ``ROWS`` telling rows (or fewer), sorted for look-up.

    ``matrix`` has shape ``(column, row)``. Rows are chosen where most columns hold ordinary values:
    finite, not zero, and not one that the column repeats.
    """

    def __init__(self, sample: Sample, axis: str, rng: np.random.Generator) -> None:
        names = [name for name, v in sample.variables.items() if v.axis == axis and v.dtype.kind != "b"]
        length = sample.table.length(axis)
        columns = {name: sample.values(name).astype(np.float64) for name in names}
        columns = {name: v for name, v in columns.items() if _varies(v)}
        self.axis = axis
        self.names = list(columns)
        rows = min(length, ROWS)
        telling = np.zeros(length)
        for values in columns.values():
            telling += _ordinary(values)
        self.rows = np.sort(np.argsort(-telling + rng.uniform(0, 0.5, length))[:rows])
        self.matrix = np.array([v[self.rows] for v in columns.values()]).reshape(len(self.names), rows)
        self.columns = columns
        self._sample = sample
        spread = np.array([_spread(v) for v in columns.values()])
        self.slack = np.minimum(SOFT * np.abs(self.matrix), 0.02 * spread[:, None])
        self.slack += 1e-6 * np.abs(self.matrix)
        pivots = range(0, rows, max(rows // 3, 1))
        self._pivots = [(p, np.argsort(self.matrix[:, p], kind="stable")) for p in list(pivots)[:3]]

    def __len__(self) -> int:
        return len(self.names)

    def evaluate(self, expression: Expression | str) -> NDArray[np.float64]:
        """A formula over original columns, as float64, on its own axis."""
        return self._sample.values(expression).astype(np.float64)

    def period(self, name: str) -> float:
        """The period of a column that is an angle; 0 of any other."""
        return self._sample.variables[name].period or 0.0

    def fits(self, expression: Expression) -> bool:
        """Whether a formula has its values on this axis."""
        return self._sample.fits(expression) == self.axis

    def at(self, values: NDArray[np.float64]) -> Matrix:
        """A full column on this axis, at the rows."""
        return values[self.rows]

    def few(self, formulas: list[Expression]) -> Matrix:
        """Many formulas at the rows, computed on the events of those rows alone."""
        names = list(dict.fromkeys(name for formula in formulas for name in formula.sources))
        table = self._sample.table.select(names)
        view = TableView(self._sample.table)
        owner = spread(np.arange(table.n_events), EVENTS, self.axis, view)
        events = np.unique(owner[self.rows])
        places = (np.cumsum(np.isin(owner, events)) - 1)[self.rows]
        small = TableView(EventTable.concatenate([table.slice(e, e + 1) for e in events.tolist()]))
        with np.errstate(all="ignore"):
            memory: Memory = {}
            found = [evaluate(formula, small, memory)[0][places] for formula in formulas]
        return np.array(found, np.float64).reshape(len(formulas), -1)

    def matches(self, found: Matrix) -> Iterator[tuple[int, int]]:
        """Pairs ``(candidate, column)`` that agree; ``found`` has shape ``(candidate, row)``."""
        if not len(self) or not len(found):
            return
        seen: set[tuple[int, int]] = set()
        for pivot, order in self._pivots:
            target, slack = self.matrix[order, pivot], self.slack[order, pivot]
            value = found[:, pivot]
            width = np.max(slack, initial=0.0)
            with np.errstate(invalid="ignore"):
                low = np.searchsorted(target, value - np.minimum(width, 2 * SOFT * np.abs(value)))
                high = np.searchsorted(
                    target, value + np.minimum(width, 2 * SOFT * np.abs(value)), side="right"
                )
            low[~np.isfinite(value)] = high[~np.isfinite(value)] = 0
            count = high - low
            candidate = np.repeat(np.arange(len(value)), count)
            first = np.repeat(low - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
            column = order[first + np.arange(len(first))]
            for start in range(0, len(candidate), 1 << 14):
                c, t = candidate[start : start + (1 << 14)], column[start : start + (1 << 14)]
                with np.errstate(invalid="ignore"):
                    good = np.abs(found[c] - self.matrix[t]) <= self.slack[t]
                enough = good.mean(axis=1) >= SHARE
                for pair in zip(c[enough].tolist(), t[enough].tolist(), strict=True):
                    if pair not in seen:
                        seen.add(pair)
                        yield pair


def _varies(values: NDArray[np.float64]) -> bool:
    good = values[np.isfinite(values)]
    return len(good) > 8 and bool((good != good[0]).any())


def _ordinary(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    distinct, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) * 4 < len(values):
        return np.asarray(np.isfinite(values) & (values != 0))
    return np.asarray(np.isfinite(values) & (values != 0) & (counts[inverse] <= max(3, len(values) // 50)))


def _spread(values: NDArray[np.float64]) -> float:
    good = values[np.isfinite(values)]
    low, high = np.quantile(good, [0.16, 0.84])
    return float(high - low) or float(good.max() - good.min())
