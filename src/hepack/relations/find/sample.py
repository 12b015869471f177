"""`Sample`: some events of a table, with what each column costs by itself and how it comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.relations.expression import Expression, axis_of, evaluate
from hepack.relations.find.cost import Cost, Measured, measure, plain_cost
from hepack.relations.relation import Relation
from hepack.relations.view import TableView
from hepack.table import EventTable, Variable

MOST = 6000
"""Entries of the longest axis that are worth looking at, in each half."""

FREQUENT = 0.01
"""The part of a column that a sentinel fills at least."""

RUNS = 4


@dataclass(frozen=True)
class Halves:
    """Two parts of a table without common events: to find with, and to measure on."""

    fit: EventTable
    test: EventTable


def halve(table: EventTable) -> Halves:
    """Alternating runs of events, a few thousand entries in all."""
    longest = max([table.n_events, *(table.length(c.name) for c in table.schema.collections if _plain(c))])
    events = table.n_events
    wanted = max(min(events, 64), min(events, int(2 * MOST * events / max(longest, 1))))
    runs = min(2 * RUNS, max(wanted // 8, 2))
    length = wanted // runs
    starts = np.linspace(0, max(events - length, 0), runs).astype(np.int64)
    if length == 0:
        starts, length = np.array([0, events // 2]), events // 2
    pieces = [table.slice(int(s), int(s) + length) for s in starts]
    return Halves(EventTable.concatenate(pieces[::2]), EventTable.concatenate(pieces[1::2]))


def _plain(collection: Any) -> bool:
    return bool(collection.layout != "text")


class Sample:
    """Columns of single numbers by name, their cost, and their values as a decoder would have them."""

    def __init__(self, table: EventTable) -> None:
        self.table = table
        self.schema = table.schema
        self.variables: dict[str, Variable] = {
            v.name: v for v in table.schema.variables if not v.shape and v.kind != "text"
        }
        self.exact = TableView(table)
        self._frequent: dict[str, NDArray[Any]] = {}
        self._whole: dict[str, bool] = {}
        self._costs: dict[str, Cost] = {}
        self.restored = TableView(table, _Lazy(self, {}))

    def cost(self, name: str) -> Cost:
        """What the column costs without any relation."""
        if name not in self._costs:
            self._costs[name] = plain_cost(self.variables[name], self.table.columns[name])
        return self._costs[name]

    def is_whole(self, name: str) -> bool:
        """Whether a column holds whole numbers only, whatever its dtype."""
        if name not in self._whole:
            values = self.table.columns[name]
            self._whole[name] = values.dtype.kind != "f" or bool((np.rint(values) == values).all())
        return self._whole[name]

    def frequent(self, name: str) -> NDArray[Any]:
        """The values of a column with many values that fill a good part of it nevertheless."""
        if name not in self._frequent:
            values = self.table.columns[name]
            distinct, counts = np.unique(values, return_counts=True)
            often = (counts >= max(4, FREQUENT * len(values))) & (counts < len(values))
            self._frequent[name] = distinct[often] if len(distinct) >= 8 else distinct[:0]
        return self._frequent[name]

    def values(self, expression: Expression | str) -> NDArray[Any]:
        """An expression from the original columns; NaN throughout where it does not fit the schema."""
        return evaluate(expression, self.exact)[0]

    def fits(self, expression: Expression | str) -> str | None:
        """The axis of an expression, or None."""
        try:
            return axis_of(expression, self.schema)
        except CorruptFileError:
            return None

    def decoder(self, replaced: dict[str, NDArray[Any]]) -> TableView:
        """All columns as they come back without relations, but for those that are given."""
        return TableView(self.table, _Lazy(self, replaced))

    def measure(self, relation: Relation, view: TableView | None = None) -> Measured:
        """The cost of a column given a prediction from restored sources."""
        predicted = relation.predict(view or self.restored)
        name = relation.target
        return measure(self.variables[name], self.table.columns[name], predicted, self.cost(name))


class _Lazy(dict[str, NDArray[Any]]):
    """Restored columns, made when they are asked for."""

    def __init__(self, sample: Sample, replaced: dict[str, NDArray[Any]]) -> None:
        super().__init__()
        self._sample = sample
        self._replaced = replaced

    def __contains__(self, name: object) -> bool:
        return name in self._sample.variables

    def __missing__(self, name: str) -> NDArray[Any]:
        return self._replaced[name] if name in self._replaced else self._sample.cost(name).restored
