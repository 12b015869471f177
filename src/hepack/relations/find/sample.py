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

MOST = 1 << 13
"""Entries of the longest axis that is worth looking at, in each half."""

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
        self._whole: dict[str, bool] = {}
        self._costs: dict[str, Cost] = {}
        self._restored: dict[str, NDArray[Any]] = _Lazy(self)
        self.restored = TableView(table, self._restored)

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

    def values(self, expression: Expression | str) -> NDArray[Any]:
        """An expression from the original columns; NaN throughout where it does not fit the schema."""
        return evaluate(expression, self.exact)[0]

    def fits(self, expression: Expression | str) -> str | None:
        """The axis of an expression, or None."""
        try:
            return axis_of(expression, self.schema)
        except CorruptFileError:
            return None

    def restored_columns(self) -> dict[str, NDArray[Any]]:
        """All columns, as they come back without relations."""
        return {name: self.restored.column(name) for name in self.variables}

    def measure(self, relation: Relation, view: TableView | None = None) -> Measured:
        """The cost of a column given a prediction from restored sources."""
        predicted = relation.predict(view or self.restored)
        name = relation.target
        return measure(self.variables[name], self.table.columns[name], predicted, self.cost(name))


class _Lazy(dict[str, NDArray[Any]]):
    """Restored columns, made when they are asked for."""

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self._sample = sample

    def __contains__(self, name: object) -> bool:
        return name in self._sample.variables

    def __missing__(self, name: str) -> NDArray[Any]:
        self[name] = self._sample.cost(name).restored
        return self[name]
