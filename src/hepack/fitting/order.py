"""By which column to sort, when the order of events or objects need not be kept: estimates on a block.

An order is worth ``log2(N!)`` bits at most. Sorting pays that back in the column that is sorted by, and
takes away what the other columns knew from their neighbours; so whole tables are compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hepack.codec.choose import Chooser, sample
from hepack.codec.item import encode_item, items_of
from hepack.table import EVENTS, Cell, EventTable, Order, Variable, split_table
from hepack.table.order import sorted_events
from hepack.table.split import split_schema, splittable
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
    events = sample(np.arange(len(block)), _sampled(block))
    before = block.take(events)
    savings: dict[str, float] = {}
    orders: dict[str, Order] = {}
    for variable in _most_different(before, _event_keys(block)):
        name, only = variable.name, block.select([variable.name])
        orders[name] = Order(name)
        savings[name] = _size(only.take(events)) - _size(_part(only, orders[name], len(events)))
    found = sorted((name for name in savings if savings[name] > 0), key=lambda name: -savings[name])
    tried = [orders[name] for name in found[:FINALISTS]]
    for first in tried[:]:
        cell = _cell(block, first.events)
        axis = block.schema.by_name[first.events].axis
        others = [n for n in found if n != first.events and block.schema.by_name[n].axis == axis]
        tried += [Order(first.events, then=name, cell=cell) for name in others[:FINALISTS]]
    sizes = [_size(_part(block, order, len(events))) for order in tried]
    best = min(range(len(tried)), key=sizes.__getitem__, default=None)
    return tried[best] if best is not None and sizes[best] < _size(before) else Order()


def _part(block: EventTable, order: Order, events: int) -> EventTable:
    """So many events of the block in this order, in runs."""
    return block.take(sample(sorted_events(block, order), events))


def _cell(block: EventTable, name: str) -> Cell:
    """What the coders will take for one value of a column."""
    variable, values = block.schema.by_name[name], block.columns[name]
    ordinary = values[np.isfinite(values)] if variable.dtype.kind == "f" else values
    if variable.dtype.kind != "f" or not len(ordinary):
        return Cell()
    grid = Chooser(effort="fast").transform(variable, ordinary[(ordinary != 0) | ~np.signbit(ordinary)])
    if isinstance(grid, Steps):
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


def _size(table: EventTable) -> int:
    """Bytes that the quick plain coders need for a table, each column by itself."""
    coded = split_table(table, split_schema(table.schema, splittable(table.schema)))
    chooser = Chooser(effort="fast")
    return sum(len(encode_item(coded, item, chooser).data) for item in items_of(coded.schema))


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
