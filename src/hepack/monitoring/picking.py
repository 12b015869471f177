"""Tables made of the events or objects of another: bootstraps, and faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.monitoring.columns import Ints
from hepack.table import EVENTS, EventTable, offsets_from_counts


def kept_objects(table: EventTable, collection: str, mask: NDArray[np.bool_]) -> EventTable:
    """Without the objects of a collection that ``mask`` leaves out. See `picked_objects`."""
    counts = table.counts(collection)
    return picked_objects(
        table, collection, np.flatnonzero(mask), np.repeat(np.arange(len(counts)), counts)[mask]
    )


def picked_objects(table: EventTable, collection: str, rows: Ints, owner: Ints) -> EventTable:
    """With the objects ``rows`` of a collection, each in the event ``owner`` (never falling).

    Columns such as ``Tau_jetIdx`` follow the objects that they name, and are -1 where those are gone.

    Raises:
        BadRequestError: another collection lies in this one, or it lies in another.
    """
    if any(c.parent == collection for c in table.schema.collections) or (
        table.schema.collection_by_name[collection].parent != EVENTS
    ):
        raise BadRequestError(f"'{collection}' is nested; choose a collection of events without collections")
    columns = dict(table.columns)
    for variable in table.schema.on(collection):
        columns[variable.name] = table.columns[variable.name][rows]
    offsets = dict(table.offsets)
    offsets[collection] = offsets_from_counts(np.bincount(owner, minlength=len(table)))
    found = EventTable(table.schema, len(table), offsets, columns)
    return with_columns(found, _followed(table, found, collection, rows, owner))


def _followed(
    before: EventTable, after: EventTable, collection: str, rows: Ints, owner: Ints
) -> dict[str, NDArray[Any]]:
    """Columns of indices into a collection, brought up to date."""
    old = before.offsets[collection]
    home = np.repeat(np.arange(len(before)), np.diff(old))
    place = np.full(len(home), -1, np.int64)
    own = home[rows] == owner  # not those that came from another event
    place[rows[own]] = (np.arange(len(rows)) - after.offsets[collection][owner])[own]
    changed: dict[str, NDArray[Any]] = {}
    for variable in before.schema.variables:
        target = variable.name.rsplit("_", 1)[-1].lower()
        if variable.axis in (EVENTS, collection) or target != f"{collection.lower()}idx":
            continue
        index = before.columns[variable.name].astype(np.int64)
        events = np.repeat(np.arange(len(before)), before.counts(variable.axis))
        known = (index >= 0) & (index < np.diff(old)[events])
        moved = np.full(len(index), -1, np.int64)
        moved[known] = place[old[events[known]] + index[known]]
        changed[variable.name] = np.where(known, moved, index)
    return changed


def with_columns(table: EventTable, changed: Mapping[str, NDArray[Any]]) -> EventTable:
    """With other values in some columns, in the dtypes that they have."""
    columns = {**table.columns, **{n: v.astype(table.columns[n].dtype) for n, v in changed.items()}}
    return replace(table, columns=columns)
