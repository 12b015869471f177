"""Targets of a column whose relation reads the column itself, in the objects that others belong to.

Rows go generation by generation (`hepack.relations.Families`): mothers and elder siblings are restored before a
row is predicted. A prediction looks at the column as far as it is restored, zeros elsewhere, so that packing
and unpacking see the same whatever the index holds. docs/learned.md, "From values to targets", is normative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.learned.quantiser import Quantised, Quantiser
from hepack.relations import Families, Relation, View
from hepack.relations.expression import Memory, numbers
from hepack.table import Schema, Variable
from hepack.transforms import Symbols

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Restored:
    """A view in which one column is as far as it is restored."""

    view: View
    name: str
    values: NDArray[Any]

    @property
    def schema(self) -> Schema:
        return self.view.schema

    @property
    def n_events(self) -> int:
        return self.view.n_events

    def length(self, axis: str) -> int:
        return self.view.length(axis)

    def offsets(self, collection: str) -> NDArray[np.int64]:
        return self.view.offsets(collection)

    def column(self, name: str) -> NDArray[Any]:
        return self.values if name == self.name else self.view.column(name)


def forward(
    quantiser: Quantiser, relation: Relation, values: NDArray[Any], view: View, *, row_by_row: bool = False
) -> Quantised:
    """`Quantiser.forward` about a relation that reads its own column."""
    variable = view.schema.by_name[relation.target]
    kept = quantiser.spikes[:0] if row_by_row else quantiser.kept(values, variable)
    targets = np.zeros(len(values), np.int64)
    raw = np.zeros(len(values), np.int64)

    def restore(rows: Rows, predicted: NDArray[Any]) -> NDArray[Any]:
        found = quantiser.forward(values[rows], variable, predicted, kept=kept)
        targets[rows] = found.targets
        raw[rows[found.targets == quantiser.base - 1]] = found.raw
        return found.restored

    restored = _by_generation(relation, view, variable, restore)
    return Quantised(targets, restored, raw[targets == quantiser.base - 1])


def inverse(
    quantiser: Quantiser, relation: Relation, targets: Symbols, raw: Symbols, view: View
) -> NDArray[Any]:
    """Undo `forward`.

    Raises:
        CorruptFileError: the targets and the exact values contradict each other.
    """
    variable = view.schema.by_name[relation.target]
    escaped = targets == quantiser.base - 1
    place = np.cumsum(escaped) - 1  # of a row's exact value

    def restore(rows: Rows, predicted: NDArray[Any]) -> NDArray[Any]:
        return quantiser.inverse(targets[rows], raw[place[rows[escaped[rows]]]], variable, predicted)

    return _by_generation(relation, view, variable, restore)


def _by_generation(
    relation: Relation, view: View, variable: Variable, restore: Callable[[Rows, NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    """The column, ``restore`` giving the values of some rows from what is predicted for them."""
    restored = np.zeros(view.length(variable.axis), variable.dtype)
    partly = _Restored(view, variable.name, restored)
    memory: Memory = {}
    families = Families(numbers(view.column(relation.index)), variable.axis, view)
    for rows in families.generations():
        restored[rows] = restore(rows, relation.predict(partly, memory)[rows])
    return restored
