"""The order in which a table is stored, where it need not be kept: chosen on the first block, by its size."""

from __future__ import annotations

import contextlib
import fnmatch
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from hepack._errors import BadRequestError
from hepack.archive.learn import Learned, learn
from hepack.archive.pointers import refuse_pointers
from hepack.codec.plan import Plan
from hepack.codec.recipe import Recipe
from hepack.fitting.order import event_order, object_key
from hepack.io import Source
from hepack.learned import TableModel
from hepack.table import EventTable, Order, Schema, split_table
from hepack.table.names import unknown_name

LEAST_SAVING = 128
"""Bytes of the whole file that another order must save: more than the plan needs to say so."""


@dataclass(frozen=True)
class Ordered:
    """How table ``number`` is stored, and what its first block taught in this order (None: to be learned yet)."""

    number: int
    order: Order
    learned: Learned | None


def choose_order(opened: Source, plan: Plan, recipe: Recipe, pool: Executor) -> Ordered | None:
    """The order in which the only table with events becomes smallest; None if there are no events.

    Each order that the estimates of `hepack.fitting.order` propose is measured: the first block is learned
    and encoded with it and without, so that no file becomes larger for it (as far as its first block tells).

    Raises:
        BadRequestError: several tables have events, a name matches no collection, or something relies on the
            places of its objects.
    """
    filled = [number for number, events in enumerate(opened.contents.n_events) if events]
    if len(filled) > 1:
        names = " and ".join(f"'{plan.schemas[number].name}'" for number in filled[:2])
        raise BadRequestError(
            f"{len(filled)} tables have events ({names}), which belong together by their order; "
            "choose one with --table, or keep the order"
        )
    if not filled:
        return None
    number = filled[0]
    with contextlib.closing(opened.blocks(number, max_bytes=recipe.block_bytes)) as blocks:  # type: ignore[type-var]
        block = replace(next(blocks), schema=plan.schemas[number])
    collections = matching_collections(block.schema, recipe.free_object_order)
    for name in collections:
        refuse_pointers(block, name)
    trial = _Trial(block, plan.coded[number], opened.contents.n_events[number], recipe, pool)
    for name in collections:
        if key := object_key(block, name):
            trial.offer(replace(trial.order, objects=(*trial.order.objects, (name, key))))
    if recipe.free_event_order and (found := event_order(trial.order.apply(block))):
        trial.offer(replace(found, objects=trial.order.objects))
    return Ordered(number, trial.order, trial.learned if recipe.effort != "best" else None)


class _Trial:
    """Orders of one block, the smallest kept."""

    def __init__(self, block: EventTable, coded: Schema, events: int, recipe: Recipe, pool: Executor) -> None:
        self.block, self.coded, self.events, self.pool = block, coded, events, pool
        # nets are trained once, in the order that wins without them
        self.recipe = replace(recipe, effort="default") if recipe.effort == "best" else recipe
        self.order = Order()
        self.learned: Learned | None = None

    def offer(self, order: Order) -> None:
        """Take this order if the table becomes smaller than in the one before."""
        if self.learned is None:
            self.learned = self._learn(self.order)
        other = self._learn(order)
        blocks = self.events / len(self.block)
        if other.nbytes(blocks) + LEAST_SAVING < self.learned.nbytes(blocks):
            self.order, self.learned = order, other

    def _learn(self, order: Order) -> Learned:
        start = split_table(order.apply(self.block), self.coded)
        fixed = TableModel(start.schema, ())
        return learn(start, self.events, self.recipe, self.pool, fixed=fixed).encoded(start, self.pool)


def matching_collections(schema: Schema, patterns: Sequence[str]) -> list[str]:
    """The collections that name patterns mean, parents before what lies in them.

    Raises:
        BadRequestError: a pattern matches none.
    """
    lists = [c.name for c in schema.collections if c.layout == "list"]
    for pattern in patterns:
        if not fnmatch.filter(lists, pattern):
            place = f"the collections of table '{schema.name}'"
            raise BadRequestError(unknown_name(pattern, lists, place))
    return [name for name in lists if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def as_stored(blocks: Iterator[EventTable], lengths: Sequence[int], order: Order) -> Iterator[EventTable]:
    """The events of an original as a packed file holds them: in its blocks, ``lengths`` events each, sorted.

    Raises:
        BadInputError: the original has no such column to sort by.
    """
    if not order:
        yield from blocks
        return
    held: list[EventTable] = []
    waiting = 0
    sizes = list(reversed(lengths))
    for block in blocks:
        held.append(block)
        waiting += len(block)
        while sizes and waiting >= sizes[-1]:
            size = sizes.pop()
            whole = EventTable.concatenate(held)
            yield order.apply(whole.slice(0, size))
            held, waiting = [whole.slice(size, waiting)], waiting - size
    if waiting:
        yield order.apply(EventTable.concatenate(held))
