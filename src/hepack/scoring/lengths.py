"""`CodeLengths`: what the values of a table cost in bits, by a fitted model and by themselves.

``joint`` is the code length of a value given what the model looks at, ``marginal`` that of the same integer by
its column's distribution on the reference sample. Both are those of the same `Quantiser`, so that their
difference is a log ratio of densities, in bits, that no choice of units or of a tolerance changes: positive
where a value is less likely for its surroundings than it is by itself.

A row's bits depend on its own event alone. Columns whose model looks at other events (a history, or the event
before), and columns without a model, have their marginal bits as joint ones.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.codec.choose import Chooser
from hepack.codec.item import items_of, values_of
from hepack.fitting import CAMPAIGN, CAMPAIGN_EVENTS, FitOptions, fit_table
from hepack.fitting.draft import Drafter
from hepack.learned import ItemModel, Key, Quantised, TableModel
from hepack.relations import TableView
from hepack.scoring.conform import conform
from hepack.scoring.marginal import Floats, Marginal
from hepack.table import EVENTS, EventTable, Schema
from hepack.transforms import Steps

DOUBT = 20.0
"""Bits: how little the marginal code weighs beside the model's."""


@dataclass(frozen=True, eq=False)
class Lengths:
    """Bits of a table's values by name, each of shape ``(row,)`` on the axis of its variable.

    The lengths of a collection are named as in `learned.lengths_of` (``lengths of Jet``), on its parent's axis.
    ``axes`` says where each name lies.
    """

    schema: Schema
    n_events: int
    offsets: Mapping[str, NDArray[np.int64]]
    axes: Mapping[str, str]
    joint: Mapping[str, Floats]
    marginal: Mapping[str, Floats]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.axes)

    def to_events(self, values: Floats, axis: str) -> Floats:
        """The sum over each event's rows of ``axis``, shape ``(event,)``."""
        total: Floats = values
        while axis != EVENTS:
            offsets = self.offsets[axis]
            owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
            total = np.bincount(owner, weights=total, minlength=len(offsets) - 1).astype(np.float64)
            axis = self.schema.collection_by_name[axis].parent
        return total

    def per_event(self, values: Mapping[str, Floats] | None = None) -> Floats:
        """Sums over an event's rows, one column for each of `names`, shape ``(event, name)``.

        ``values`` are those to be summed, in the form of ``joint``, which they are by default.
        """
        given = self.joint if values is None else values
        columns = [self.to_events(given[name], self.axes[name]) for name in self.names]
        return np.stack(columns, axis=1) if columns else np.zeros((self.n_events, 0))

    def per_object(self, collection: str, values: Mapping[str, Floats] | None = None) -> Floats:
        """The same for the objects of a collection by its own variables, shape ``(object, variable)``."""
        given = self.joint if values is None else values
        columns = [given[name] for name in self.names if self.axes[name] == collection]
        return np.stack(columns, axis=1) if columns else np.zeros((int(self.offsets[collection][-1]), 0))

    def excess(self) -> dict[str, Floats]:
        """Joint less marginal bits, in the form of ``joint``."""
        return {name: self.joint[name] - self.marginal[name] for name in self.names}


@dataclass(frozen=True, eq=False)
class CodeLengths:
    """``model`` has an item for every column of numbers; ``marginals`` the reference's histogram of those that count.

    Others are only looked at.
    """

    model: TableModel
    marginals: Mapping[Key, Marginal]

    @classmethod
    def fit(
        cls,
        reference: EventTable,
        model: TableModel | None = None,
        *,
        names: Collection[str] | None = None,
        options: FitOptions | None = None,
        threads: int | None = None,
    ) -> CodeLengths:
        """Take the marginals from a reference sample, and the model too where none is given.

        ``names`` are the variables that count, with the lengths of their collections; by default all of them.

        The tolerances of ``reference`` (of ``model``) say how finely values are looked at. The same sample and
        options give the same result.

        Raises:
            BadInputError: ``reference`` lacks what ``model`` was fitted to.
        """
        with ThreadPoolExecutor(threads) as pool:
            if model is None:
                options = options or replace(CAMPAIGN, independent=True)
                fitted = fit_table(
                    reference, events=CAMPAIGN_EVENTS, chooser=Chooser(), executor=pool, options=options
                )
                model = fitted.model
            table = conform(reference, model.schema)
            whole = unclipped(completed(model, table))
            found = _quantised(whole, table, pool)[1]
        counting = {key for key in found if names is None or _counts(key, whole.schema, names)}
        return cls(whole, {key: Marginal.of(found[key].targets) for key in found if key in counting})

    @property
    def schema(self) -> Schema:
        """The columns that it needs."""
        return self.model.schema

    def measure(self, table: EventTable, *, threads: int | None = None) -> Lengths:
        """The bits of every value of a table, whatever the values are.

        Raises:
            BadInputError: the table lacks a column of the reference.
        """
        table = conform(table, self.schema)
        with ThreadPoolExecutor(threads) as pool:
            view, found = _quantised(self.model, table, pool)
            items = [item for item in self.model.items if item.key in self.marginals]
            pairs = list(pool.map(lambda item: self._bits(item, found[item.key], view), items))
        variables = {item.key: item.variable(self.schema) for item in items}
        names = [variables[item.key].name for item in items]
        return Lengths(
            schema=self.schema, n_events=len(table), offsets=table.offsets,
            axes={v.name: v.axis for v in variables.values()},
            joint={name: joint for name, (joint, _) in zip(names, pairs, strict=True)},
            marginal={name: marginal for name, (_, marginal) in zip(names, pairs, strict=True)},
        )  # fmt: skip

    def _bits(self, item: ItemModel, found: Quantised, view: TableView) -> tuple[Floats, Floats]:
        marginal = self.marginals[item.key].bits(found.targets)
        alone = item.conditional is None or looks_at_other_events(item, self.schema)
        joint = marginal.copy() if alone else mixed(item.bits_of(found, view), marginal)
        exact = found.targets == item.quantiser.base - 1  # its bits are stored beside the escape
        if exact.any():
            size = 8.0 * item.variable(self.schema).dtype.itemsize
            joint[exact] += size
            marginal[exact] += size
        return joint, marginal


def _counts(key: Key, schema: Schema, names: Collection[str]) -> bool:
    """Whether an item is one of the variables, or the lengths of a collection above one."""
    role, name = key
    if role == "values":
        return name in names
    return any(v.name in names for v in schema.variables if v.axis and name in schema.ancestors(v.axis))


def mixed(joint: Floats, marginal: Floats) -> Floats:
    """Bits by a mixture of both codes in which the marginal one has the weight ``2**-DOUBT``.

    It costs next to nothing, and no value more than `DOUBT` bits above its marginal: a model's escape takes the
    same for all that it never saw, the marginal more the further out it is.
    """
    first, second = joint - math.log2(1.0 - 2.0**-DOUBT), marginal + DOUBT
    found: Floats = np.minimum(first, second) - np.log2(1.0 + np.exp2(-np.abs(first - second)))
    return found


def looks_at_other_events(item: ItemModel, schema: Schema) -> bool:
    """Whether the bits of an event depend on the events before it."""
    if item.conditional is None:
        return False
    if item.conditional.tag == "h":
        return True
    if item.variable(schema).axis != EVENTS:
        return False
    kinds = {feature.kind for i in item.conditional.used if (feature := item.features[i]) is not None}
    return item.conditional.lagged or bool(kinds & {"previous", "same"})


def completed(model: TableModel, table: EventTable) -> TableModel:
    """The model, with an item (a transform, no conditional) for each column that it has none for.

    Those come first, since the others may look at them.
    """
    wanted = [item for item in items_of(model.schema) if item.role != "text" and not item.variable.shape]
    missing = [item for item in wanted if item.key not in model.by_key]
    drafter = Drafter(table, table, Chooser(), max(1, len(table)))
    own = tuple(drafter.draft(item, None).model for item in missing)
    whole = TableModel(model.schema, own + model.items)
    whole.check()
    return whole


def unclipped(model: TableModel) -> TableModel:
    """The model with grids that go on beyond the range of the sample they were made for.

    A packed file keeps values within that range and stores others exactly, all at the same price. A score has
    to tell a little outside from far outside; nothing is decoded from it.
    """

    def opened(item: ItemModel) -> ItemModel:
        grid = item.quantiser.transform
        if not isinstance(grid, Steps):
            return item
        endless = replace(grid, low=-math.inf, high=math.inf)
        return replace(item, quantiser=replace(item.quantiser, transform=endless))

    return TableModel(model.schema, tuple(map(opened, model.items)))


def _quantised(
    model: TableModel, table: EventTable, pool: Executor
) -> tuple[TableView, dict[Key, Quantised]]:
    """Every item as integers, and the columns as unpacking gives them back."""
    restored: dict[str, NDArray[Any]] = {}
    view = TableView(table, restored)
    items = {item.key: item for item in items_of(table.schema)}
    found: dict[Key, Quantised] = {}
    for level in model.prediction_levels:
        parts = pool.map(
            lambda item: item.quantise(values_of(table, items[item.key]), view, row_by_row=True), level
        )
        for item, part in zip(level, parts, strict=True):
            found[item.key] = part
            if item.role == "values":
                restored[item.name] = part.restored
    return view, found
