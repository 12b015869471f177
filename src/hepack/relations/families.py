"""`Families`: who points at whom within a collection, as particles point at their mothers."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hepack.relations.view import View, parent_of, spread

MAX_GENERATIONS = 64
"""Objects further down are decoded together with the last generation; and the most siblings that are summed up."""

Int64s = NDArray[np.int64]


def pointed(index: NDArray[Any], collection: str, axis: str, view: View) -> Int64s:
    """The object of ``collection`` in the run of the same owner that each entry of ``axis`` points at, or -1.

    None where the index is below 0, beyond the run or not whole.
    """
    if index.dtype.kind == "f":
        whole = np.isfinite(index) & (np.abs(index) < 2.0**31) & (np.rint(index) == index)
        index = np.where(whole, index, -1.0).astype(np.int64)
    offsets = view.offsets(collection)
    parent = parent_of(view.schema, collection)
    first = spread(offsets[:-1], parent, axis, view)
    count = spread(np.diff(offsets), parent, axis, view)
    inside = (index >= 0) & (index < count)
    return np.where(inside, first + np.where(inside, index, 0), -1)


class Families:
    """``index`` holds, for each object of ``collection``, the place in the same run of the one it belongs to.

    A *mother* is the object that an index points at, if that stands earlier in the run; *siblings* have the same
    one. All arrays have the shape ``(object,)``; rows are numbers of objects in the block, -1 where there is none.
    """

    def __init__(self, index: NDArray[Any], collection: str, view: View) -> None:
        rows = pointed(index, collection, collection, view)
        self.mother: Int64s = np.where(rows < np.arange(len(rows)), rows, -1)
        order = np.flatnonzero(self.mother >= 0)
        order = order[np.argsort(self.mother[order], kind="stable")]
        alike = self.mother[order[1:]] == self.mother[order[:-1]]
        self.elder: Int64s = np.full(len(index), -1, np.int64)
        self.elder[order[1:][alike]] = order[:-1][alike]
        self._order = order

    @classmethod
    def of(cls, index: NDArray[Any], collection: str, view: View) -> Families:
        """The same, made once for as long as a view is asked with the very same array."""
        last = _LAST.get(view)
        if last is None or last[0] is not index:
            last = _LAST[view] = index, cls(index, collection, view)
        return last[1]

    def generations(self) -> list[Int64s]:
        """Rows in groups: mothers and elder siblings of each stand in groups before it, up to `MAX_GENERATIONS`."""
        number = np.zeros(len(self.mother), np.int64)
        for _ in range(MAX_GENERATIONS):
            after = np.where(self.mother >= 0, number[self.mother] + 1, 0)
            after = np.maximum(after, np.where(self.elder >= 0, number[self.elder] + 1, 0))
            after = np.minimum(after, MAX_GENERATIONS)
            if np.array_equal(after, number):
                break
            number = after
        order = np.argsort(number, kind="stable")
        ends = np.cumsum(np.bincount(number)) if len(number) else np.zeros(0, np.int64)
        return np.split(order, ends[:-1])

    @cached_property
    def elders(self) -> Int64s:
        """How many siblings stand before each object."""
        ranks = np.zeros(len(self.mother), np.int64)
        mothers = self.mother[self._order]
        first = np.flatnonzero(np.concatenate([[True], mothers[1:] != mothers[:-1]]))
        counts = np.diff(np.append(first, len(mothers))) if len(mothers) else np.zeros(0, np.int64)
        ranks[self._order] = np.arange(len(mothers)) - np.repeat(first[: len(counts)], counts)
        return ranks

    def siblings(self) -> Int64s:
        """How many objects have the mother of each, itself included; 0 without a mother."""
        counts = np.bincount(self.mother[self._order], minlength=len(self.mother))
        return np.where(self.mother >= 0, counts[self.mother], 0)

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """The sum of the values of each object's elder siblings, added in order from 0; 0 if there are too many."""
        total = np.zeros(len(values), values.dtype)
        for group in self._by_elders:
            elder = self.elder[group]
            total[group] = total[elder] + values[elder]
        return total

    @cached_property
    def _by_elders(self) -> list[Int64s]:
        """The rows with one elder sibling, those with two, and so on."""
        rows = np.flatnonzero((self.elders > 0) & (self.elders <= MAX_GENERATIONS))
        if not len(rows):
            return []
        ranks = self.elders[rows]
        return np.split(rows[np.argsort(ranks, kind="stable")], np.cumsum(np.bincount(ranks))[1:-1])


_LAST: WeakKeyDictionary[View, tuple[NDArray[Any], Families]] = WeakKeyDictionary()
