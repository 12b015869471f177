"""By which column to sort, when the order of events or objects need not be kept: estimates on a block.

An order is worth ``log2(N!)`` bits at most. Sorting pays that back in the column that is sorted by, and
takes away what the other columns knew from their neighbours; so whole tables are compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.codec.choose import MAX_SPLIT, Chooser, sample
from hepack.codec.item import Item, items_of, values_of
from hepack.codec.streams import FAST
from hepack.table import EVENTS, Cell, EventTable, Order, Variable
from hepack.table.order import sorted_events
from hepack.transforms import Transform
from hepack.transforms.grid import Ratio, Steps

LEAST_EVENTS = 64
"""Of fewer events the order is worth less than the words that say how they were sorted."""

MOST_KEYS = 48
"""Columns looked at: those with most different values."""

FINALISTS = 3
"""Of those, the ones for which the whole table is looked at."""

SAMPLE_BYTES = 4 << 20

PROBED = 4096
"""Values on which columns are called different or not."""

BINS = 32
"""Of a column's values, to see what neighbours tell: enough for an order, few enough for small samples."""

LEAST_GAIN = 0.02
"""Bits per object below which a change of order is noise."""


def event_order(block: EventTable) -> Order:
    """How the events should be sorted, by the plain coders; as they are if nothing saves anything."""
    if len(block) < LEAST_EVENTS:
        return Order()
    prices = _Prices(block)
    savings: dict[str, float] = {}
    for variable in _most_different(block, _event_keys(block)):
        kept, moved = (prices.size(order, [variable.name]) for order in (Order(), Order(variable.name)))
        savings[variable.name] = kept - moved
    found = sorted((name for name in savings if savings[name] > 0), key=lambda name: -savings[name])
    tried = [Order(), *(Order(name) for name in found[:FINALISTS])]
    axes = {name: block.schema.by_name[name].axis for name in found}
    for first in found[:FINALISTS]:
        others = [name for name in found if name != first and axes[name] == axes[first]]
        cell = _cell(prices, first) if others else Cell()
        tried += [Order(first, then=name, cell=cell) for name in others[:FINALISTS]]
    return min(tried, key=prices.size)  # the first of the smallest: the order as it is, if nothing is smaller


class _Prices:
    """What tables of a block's events cost in this order or that, on runs of neighbouring events."""

    def __init__(self, block: EventTable) -> None:
        self.block, self.events = block, _sampled(block)
        self.grids: dict[str, Transform] = {}
        self._chooser = Chooser(effort="fast")

    def size(self, order: Order, names: Sequence[str] | None = None) -> float:
        """Bytes by the quick plain coders, each column by itself; of the variables ``names`` (None: of all)."""
        whole = self.block if names is None else self.block.select(names)
        rows = sorted_events(whole, order) if order else np.arange(len(whole))
        part = whole.take(sample(rows, self.events))
        items = [item for item in items_of(part.schema) if item.role != "text"]
        return sum(self._column(item, values_of(part, item)) for item in items)

    def grid(self, item: Item) -> Transform:
        """How a column becomes integers, whatever its order."""
        if item.name not in self.grids:
            values = _ordinary(values_of(self.block, item))
            self.grids[item.name] = self._chooser.transform(item.variable, values)
        return self.grids[item.name]

    def _column(self, item: Item, values: NDArray[Any]) -> float:
        if item.variable.shape and item.variable.width <= MAX_SPLIT:
            values = values.reshape(len(values), -1).T
        ordinary = _ordinary(values)
        if not len(ordinary):
            return 0.0
        symbols = self.grid(item).forward(ordinary)
        streams = [encode(symbols) for encode in FAST.values()]
        return min(float(len(stream)) for stream in streams if stream is not None)


def _ordinary(values: NDArray[Any]) -> NDArray[Any]:
    """The values that are neither infinite nor NaN nor -0.0, in one row."""
    flat = np.ascontiguousarray(values).reshape(-1)
    if flat.dtype.kind != "f":
        return flat
    good: NDArray[np.bool_] = np.isfinite(flat) & ((flat != 0) | ~np.signbit(flat))
    return flat[good]


def _cell(prices: _Prices, name: str) -> Cell:
    """What the coders will take for one value of a column."""
    (item,) = (item for item in items_of(prices.block.schema) if item.key == ("values", name))
    grid = prices.grid(item)
    if item.variable.dtype.kind == "f" and isinstance(grid, Steps):
        return Cell("step", grid.numerator, grid.denominator)
    if isinstance(grid, Ratio):
        rho = 2.0**grid.width
        return Cell("ratio", grid.width, math.log2(2 * rho / (rho + 1)))
    return Cell()


def object_key(block: EventTable, collection: str) -> str:
    """The column by which the objects of each event should be sorted; empty if none promises to save anything.

    The plain coders do not know where an event begins; so this asks for each column what an object's value
    tells of the next one's, in bins: the entropy of a chain of first order.
    """
    members = [v for v in block.schema.on(collection) if not v.shape and v.kind != "text"]
    part = block.slice(0, _sampled(block))
    offsets = part.offsets[collection]
    if not members or offsets[-1] < LEAST_EVENTS:
        return ""
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    binned = {v.name: _binned(part.columns[v.name]) for v in members}
    before = sum(_chain_bits(values, owner) for values in binned.values())
    costs: dict[str, float] = {}
    for variable in _most_different(part, members):
        after = Order(objects=((collection, variable.name),)).apply(part.select([v.name for v in members]))
        costs[variable.name] = sum(_chain_bits(_binned(after.columns[v.name]), owner) for v in members)
    best = min(costs, key=lambda name: costs[name], default="")
    return best if best and costs[best] < before - LEAST_GAIN * len(owner) else ""


def _sampled(block: EventTable) -> int:
    """The events to look at: a multiple of 8, for `sample`'s runs."""
    share = SAMPLE_BYTES / max(1, block.nbytes)
    events = min(len(block), 1 << 14, max(1024, int(len(block) * share)))
    return max(8, events // 8 * 8)


def _event_keys(block: EventTable) -> list[Variable]:
    lists = {c.name for c in block.schema.collections if c.parent == EVENTS and c.layout == "list"}
    usable = [v for v in block.schema.variables if not v.shape and v.kind != "text"]
    return [v for v in usable if v.axis == EVENTS or (v.axis in lists and block.length(v.axis))]


def _most_different(block: EventTable, variables: Iterable[Variable]) -> list[Variable]:
    """Those with most different values, in the order of the table where they agree; none that is constant."""
    counts = [(len(np.unique(block.columns[v.name][:PROBED])), v) for v in variables]
    ranked = sorted((each for each in counts if each[0] > 1), key=lambda each: -each[0])
    return [variable for _, variable in ranked[:MOST_KEYS]]


def _binned(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Numbers of bins with about equally many values; NaN in the last one."""
    ordered = np.sort(values)
    edges = np.unique(ordered[np.linspace(0, len(ordered) - 1, BINS + 1).astype(np.int64)[1:-1]])
    return np.searchsorted(edges, values, side="right")


def _chain_bits(bins: NDArray[np.int64], owner: NDArray[np.int64]) -> float:
    """Bits for the bins, each given the one before in its run (or that there is none)."""
    width = BINS + 1
    given = np.full(len(bins), width - 1, np.int64)
    follows = owner[1:] == owner[:-1]
    given[1:][follows] = bins[:-1][follows]
    pairs = np.bincount(given * width + bins, minlength=width * width).reshape(width, width)
    totals = pairs.sum(axis=1)
    bits = _weighted_log(totals) - _weighted_log(pairs.reshape(-1))
    # a cell that was met pays for its number (half a logarithm, as in the BIC)
    return bits + 0.5 * np.count_nonzero(pairs) * math.log2(max(2, len(bins)))


def _weighted_log(counts: NDArray[np.int64]) -> float:
    some = counts[counts > 0].astype(np.float64)
    return float((some * np.log2(some)).sum())
