"""`Draft`: an item on its way to a model: how it becomes integers, and what those are on the sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.codec.choose import Chooser
from hepack.codec.item import Item, items_of, values_of
from hepack.fitting.sample import sample_rows
from hepack.learned import ItemModel, Key, Predictor, Quantised, Quantiser
from hepack.learned.quantiser import MAX_BASE, MAX_SPIKES
from hepack.relations import Centred, Found, TableView
from hepack.table import EVENTS, EventTable
from hepack.transforms import Ratio, Symbols, Transform, exact_transform

MAX_STRAYS = 0.02
"""If a transform misses more than this part of a column, beside the spikes, its exact bits are taken."""

NONE = np.zeros(0, np.int64)

ROOM = 1 << 12
"""Levels below the smallest of the sample, for smaller values elsewhere."""


@dataclass(frozen=True, eq=False)
class Draft:
    """``found``: the item on the sample. A value costs ``plain_bits`` as a column by itself, and ``bits`` as
    these targets, both by a plain coder."""

    item: Item
    model: ItemModel
    found: Quantised
    plain_bits: float
    bits: float


class Drafter:
    """Makes drafts. ``view`` shows what each drafted column decodes to, for those that look at it."""

    def __init__(self, block: EventTable, part: EventTable, chooser: Chooser, rows: int) -> None:
        self._block, self._part = block, part
        self._restored: dict[str, NDArray[Any]] = {}
        self.view = TableView(part, self._restored)
        self._chooser, self.rows = chooser, rows
        self._items = {item.key: item for item in items_of(part.schema)}
        self._plain: dict[Key, Draft] = {}

    def put(self, name: str, restored: NDArray[Any]) -> None:
        """From now on, the view shows this as the column."""
        self._restored[name] = restored

    def values(self, model: ItemModel) -> NDArray[Any]:
        """The column of an item on the sample."""
        return values_of(self._part, self._items[model.key])

    def plain_bits(self, model: ItemModel) -> float:
        """What a value of an item costs by a plain coder."""
        return self._by_itself(self._items[model.key]).plain_bits

    def draft(self, item: Item, relation: Found | None) -> Draft:
        """An item's draft; its relation's sources must have been drafted."""
        draft = self._by_itself(item)
        if relation is not None and len(draft.found.targets):
            about = self.about(item, relation.relation, relation.centred)
            draft = about if about.bits < draft.plain_bits else draft
        if item.role == "values":
            self.put(item.name, draft.found.restored)
        return draft

    def about(self, item: Item, predictor: Predictor, centred: Centred) -> Draft:
        """An item's draft about a prediction, whatever it costs."""
        draft = self._by_itself(item)
        values = values_of(self._part, item)
        model = replace(draft.model, quantiser=Quantiser(None, centred, NONE, MAX_BASE), relation=predictor)
        found = model.quantise(values, self.view)
        spikes, _ = _spikes(found.raw, len(values))
        model = replace(model, quantiser=Quantiser(None, centred, spikes, _base(found.targets)))
        if model.chained:
            found = model.quantise(values, self.view)
        else:
            found = model.quantiser.forward(values, item.variable, found.predicted)
        return replace(draft, model=model, found=found, bits=self.bits(found))

    def _by_itself(self, item: Item) -> Draft:
        """The draft without a relation, which every set of relations starts from."""
        if item.key not in self._plain:
            values = values_of(self._part, item)
            quantiser = self._quantiser(item, self._transform(item), values)
            found = quantiser.forward(values, item.variable, None)
            bits = self.bits(found)
            model = ItemModel("counts" if item.role == "counts" else "values", item.name, quantiser)
            self._plain[item.key] = Draft(item, model, found, bits, bits)
        return self._plain[item.key]

    def bits(self, found: Quantised) -> float:
        """Bits for each value, by plain coders."""
        if not len(found.targets):
            return 0.0
        rows, _ = sample_rows(len(found.targets), self.rows)
        targets = self._chooser.bits(found.targets[rows]) / len(rows)
        return targets + self._chooser.bits(found.raw) / len(found.targets)

    def _transform(self, item: Item) -> Transform:
        values = values_of(self._block, item)
        if values.dtype.kind == "f":
            values = values[np.isfinite(values) & ~((values == 0) & np.signbit(values))]
        transform = self._chooser.transform(item.variable, values)
        return (
            replace(transform, lowest=transform.lowest - ROOM) if isinstance(transform, Ratio) else transform
        )

    def _quantiser(self, item: Item, transform: Transform, values: NDArray[Any]) -> Quantiser:
        """A transform with the spikes that the sample shows; the exact bits if it misses too many others."""
        found = Quantiser(transform, None, NONE, MAX_BASE).forward(values, item.variable, None)
        spikes, strays = _spikes(found.raw, len(values))
        if strays > MAX_STRAYS * len(values):
            return Quantiser(exact_transform(item.variable.dtype), None, NONE, MAX_BASE)
        return Quantiser(transform, None, spikes, _base(found.targets))


def _spikes(raw: Symbols, total: int) -> tuple[Symbols, int]:
    """The exact values that repeat enough to be stored once, ascending; how many others there are."""
    distinct, counts = np.unique(raw, return_counts=True)
    frequent = np.flatnonzero(counts >= max(3, total // 4096))
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")][:MAX_SPIKES]
    return np.sort(distinct[frequent]), len(raw) - int(counts[frequent].sum())


def _base(targets: Symbols) -> int:
    """A place for spikes well above all symbols that the sample shows."""
    top = int(np.abs(targets[targets < MAX_BASE - 1]).max(initial=0))
    return min(MAX_BASE, 1 << (top.bit_length() + 3))


def ordered(
    items: Sequence[Item],
    relations: Mapping[str, Found],
    depth: Mapping[str, int],
    *,
    integers_first: bool,
) -> list[Item]:
    """Lengths first, then event variables, then objects; the sources of a relation before its target.

    Collections of less ``depth`` go first: those that others point into. ``integers_first``: of objects, integers go
    before floats. Trees make more of the kind of an object than they can say about it (0.3 % of the jets in
    `benchmarks/campaign`), nets do not (-0.4 %); and numbers of events tell nothing.
    """
    by_key: dict[Key, Item] = {item.key: item for item in items}
    placed: dict[Key, Item] = {}

    def place(item: Item) -> None:
        waiting = [item]
        while waiting:
            top = waiting[-1]
            needs = _sources(top, relations, by_key)
            missing = [need for need in needs if need.key not in placed]
            if missing and top.key not in placed:
                waiting += missing
            else:
                placed.setdefault(waiting.pop().key, top)

    def rank(item: Item) -> tuple[bool, bool, int, bool]:
        floats = integers_first and item.axis != EVENTS and item.variable.dtype.kind == "f"
        return item.role != "counts", item.axis != EVENTS, depth.get(item.axis, 0), floats

    for item in sorted(items, key=rank):
        place(item)
    return list(placed.values())


def levels(items: Sequence[Item], relations: Mapping[str, Found]) -> list[list[Item]]:
    """The items in groups whose relations look at earlier groups only."""
    by_key = {item.key: item for item in items}
    level: dict[Key, int] = {}
    for item in items:  # in an order where sources come first
        level[item.key] = 1 + max((level[s.key] for s in _sources(item, relations, by_key)), default=-1)
    groups: list[list[Item]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for item in items:
        groups[level[item.key]].append(item)
    return groups


def _sources(item: Item, relations: Mapping[str, Found], by_key: Mapping[Key, Item]) -> list[Item]:
    if item.role != "values" or item.name not in relations:
        return []
    keys = [("values", name) for name in relations[item.name].relation.sources]
    return [by_key[key] for key in keys if key in by_key]
