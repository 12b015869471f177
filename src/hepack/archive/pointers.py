"""Columns that hold places of objects in a collection: they would be wrong once its objects are moved."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.table import EVENTS, EventTable, Variable
from hepack.table.names import listed

_POINTS = re.compile(r"Idx|idx|Index")


def refuse_pointers(block: EventTable, collection: str) -> None:
    """Raise if something in the table relies on the places of the objects of a collection.

    Raises:
        BadRequestError: the columns, or the other collections with the same lengths, by name.
    """
    found = [v.name for v in block.schema.variables if _points(block, v, collection)]
    if found:
        raise BadRequestError(
            f"the objects of '{collection}' cannot change places: {listed(found)} would point to others; "
            "leave it out of --free-object-order"
        )
    twins = _twins(block, collection)
    if twins:
        raise BadRequestError(
            f"the objects of '{collection}' cannot change places: in every event there are as many in "
            f"{listed(twins)}, which may be about the same objects; leave it out of --free-object-order"
        )


def _points(block: EventTable, variable: Variable, collection: str) -> bool:
    if variable.dtype.kind not in "iu" or variable.kind == "text":
        return False
    target = _target(block, variable)
    if _POINTS.search(variable.name):
        return target == collection or (not target and _could_point(block, variable, collection))
    return variable.axis != collection and target == collection and _could_point(block, variable, collection)


def _target(block: EventTable, variable: Variable) -> str:
    """The collection that the name of a column mentions, its own prefix left aside; the longest if several."""
    stem = variable.name.removeprefix(variable.axis) if variable.axis != EVENTS else variable.name
    names = [c.name for c in block.schema.collections if _singular(c.name) in stem.lower()]
    return max(names, key=len, default="")


def _singular(name: str) -> str:
    return name.lower().removesuffix("s")


def _could_point(block: EventTable, variable: Variable, collection: str) -> bool:
    """Whether all values are -1 or the place of an object in the same event, and some are places."""
    values = block.columns[variable.name]
    if not values.size:
        return False
    events = _events_of(block, variable.axis)
    first, last = (_first_objects(block, collection)[events + step] for step in (0, 1))
    counts = (last - first).reshape(-1, *(1,) * (values.ndim - 1))
    # of unsigned columns only values beyond any count could change here
    places = values.astype(np.int64) if values.dtype.itemsize < 8 else values
    return bool(((places == -1) | ((places >= 0) & (places < counts))).all() and (places >= 0).any())


def _events_of(block: EventTable, axis: str) -> NDArray[np.int64]:
    """The event of each entry of an axis."""
    events = np.arange(block.n_events)
    for name in block.schema.ancestors(axis):
        events = np.repeat(events, block.counts(name))
    return events


def _first_objects(block: EventTable, collection: str) -> NDArray[np.int64]:
    """The offsets of a collection by event, however deep it lies."""
    offsets = np.arange(block.n_events + 1)
    for name in block.schema.ancestors(collection):
        offsets = block.offsets[name][offsets]
    return offsets


def _twins(block: EventTable, collection: str) -> list[str]:
    """Other lists of the same parent with the same lengths in every entry."""
    mine = block.schema.collection_by_name[collection]
    offsets = block.offsets[collection]
    if not offsets[-1]:
        return []
    others = [c for c in block.schema.collections if c.parent == mine.parent and c.name != collection]
    return [c.name for c in others if c.layout == "list" and np.array_equal(block.offsets[c.name], offsets)]
