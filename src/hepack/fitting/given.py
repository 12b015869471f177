"""A model that was fitted before, to other files: which of its items serve a table."""

from __future__ import annotations

from hepack.fitting.draft import Drafter
from hepack.fitting.sample import sample_rows
from hepack.learned import ItemModel, Key, TableModel
from hepack.table import Schema

DRIFT = 1.01
"""An item that costs more than this part of what a plain coder needs on the new file is not used."""


def matching(model: TableModel, schema: Schema) -> TableModel:
    """The items that a table of ``schema`` can use: the same columns, tolerances and sources."""
    old = model.schema
    same: set[Key] = {
        ("values", variable.name)
        for variable in schema.variables
        if (known := old.by_name.get(variable.name)) is not None
        and (known.dtype, known.axis, known.shape, known.period, known.tolerance)
        == (variable.dtype, variable.axis, variable.shape, variable.period, variable.tolerance)
    }
    for collection in schema.collections:
        before = old.collection_by_name.get(collection.name)
        if before is not None and (before.parent, before.layout) == (collection.parent, collection.layout):
            same.add(("counts", collection.name))
    dropped: set[Key] = set()
    kept = []
    for item in model.items:
        needs = item.dependencies(old)
        if item.key in same and needs <= same and not needs & dropped:
            kept.append(item)
        else:
            dropped.add(item.key)
    return TableModel(schema, tuple(kept))


def without_drift(model: TableModel, drafter: Drafter) -> TableModel:
    """The items that still pay on the drafter's sample; its view gets what they decode to."""
    dropped: set[Key] = set()
    kept = []
    for item in model.items:
        if item.dependencies(model.schema) & dropped or not _pays(item, drafter):
            dropped.add(item.key)
        else:
            kept.append(item)
    return TableModel(model.schema, tuple(kept))


def _pays(item: ItemModel, drafter: Drafter) -> bool:
    values = drafter.values(item)
    if not len(values):
        return True
    found = item.quantise(values, drafter.view)
    plain = drafter.plain_bits(item)
    rows, _ = sample_rows(len(values), drafter.rows)
    cost = float(item.bits_of(found, drafter.view)[rows].mean()) if item.conditional else drafter.bits(found)
    if cost > DRIFT * plain:
        return False
    if item.role == "values":
        drafter.put(item.name, found.restored)
    return True


def show(model: TableModel, drafter: Drafter) -> None:
    """Let the drafter's view have what the items of a model decode to."""
    for item in model.items:
        restored = item.quantise(drafter.values(item), drafter.view).restored
        if item.role == "values":
            drafter.put(item.name, restored)
