"""`Summary`: events of any length as rows of equal length, for methods that need those.

A row holds the variables of the event, the number of objects of each collection, and the variables of its
first ``leading`` objects in the order of the file (by falling pt in the formats that hepack knows). What an event
does not have is 0, as in the trigger inputs of arXiv:2107.02157; NaN and infinities are the reference's median.
Angles in phi are turned so that the first object of the first collection that has one lies at 0. Collections in
collections are left out. A table without collections is used as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.scoring.conform import conform
from hepack.table import EVENTS, EventTable, Schema

Floats = NDArray[np.float64]
Slot = tuple[str, int]
"""A collection and the rank of an object in it."""

LEADING = 4
MAX_COLUMNS = 4096
LARGEST = 1e30


@dataclass(frozen=True)
class Summary:
    """The columns of a row; ``slots`` says which object each belongs to (None: the event), ``centre`` are medians."""

    schema: Schema
    names: tuple[str, ...]
    slots: tuple[Slot | None, ...]
    centre: tuple[float, ...]
    leading: int

    @classmethod
    def of(cls, reference: EventTable, leading: int = LEADING) -> Summary:
        """The summary of events like those of a reference sample.

        Raises:
            BadRequestError: more than `MAX_COLUMNS` columns.
        """
        empty = cls.bare(reference.schema, leading)
        rows = empty._raw(reference)
        rows[~np.isfinite(rows)] = np.nan
        missing = np.isnan(rows).all(axis=0)
        rows[:, missing] = 0.0
        return empty.centred(np.nanmedian(rows, axis=0)) if len(rows) else empty

    @classmethod
    def bare(cls, schema: Schema, leading: int) -> Summary:
        """With zeros as medians.

        Raises:
            BadRequestError: more than `MAX_COLUMNS` columns.
        """
        count = _count(schema, leading)
        if count > MAX_COLUMNS:
            raise BadRequestError(
                f"a summary would have {count} columns, at most {MAX_COLUMNS} are possible; "
                f"choose fewer with --variables"
            )
        names, slots = _columns(schema, leading)
        return cls(schema, tuple(names), tuple(slots), (0.0,) * len(names), leading)

    def centred(self, centre: Floats) -> Summary:
        """With other medians, shape ``(column,)``."""
        return replace(self, centre=tuple(map(float, centre)))

    @property
    def centres(self) -> Floats:
        """The medians, shape ``(column,)``."""
        return np.array(self.centre, np.float64)

    def rows(self, table: EventTable) -> Floats:
        """The events of a table, shape ``(event, column)``; finite.

        Raises:
            BadInputError: the table lacks a column of the reference.
        """
        rows = self._raw(conform(table, self.schema))
        return np.clip(np.where(np.isfinite(rows), rows, self.centres), -LARGEST, LARGEST)

    def _raw(self, table: EventTable) -> Floats:
        rows = np.zeros((len(table), len(self.names)))
        turn = _turn(table)
        for place, (name, slot) in enumerate(zip(self.names, self.slots, strict=True)):
            if slot is None and name.startswith("n "):
                rows[:, place] = table.counts(name[2:])
                continue
            variable = name if slot is None else name.rpartition(" ")[0]
            values = table.columns[variable].astype(np.float64)
            phi = _is_phi(variable)
            if slot is None:
                rows[:, place] = _turned(values - turn) if phi else values
                continue
            collection, rank = slot
            offsets = table.offsets[collection]
            have = np.diff(offsets) > rank
            found = values[offsets[:-1][have] + rank]
            rows[have, place] = _turned(found - turn[have]) if phi else found
        return rows

    def to_objects(self, contributions: Floats, table: EventTable) -> Mapping[str, Floats]:
        """Contributions ``(event, column)`` summed for each object of a collection; NaN beyond the leading ones."""
        found: dict[str, Floats] = {}
        for place, slot in enumerate(self.slots):
            if slot is None:
                continue
            collection, rank = slot
            offsets = table.offsets[collection]
            if collection not in found:
                found[collection] = np.full(int(offsets[-1]), np.nan)
            have = np.diff(offsets) > rank
            at = offsets[:-1][have] + rank
            found[collection][at] = np.nan_to_num(found[collection][at]) + contributions[have, place]
        return found


def _count(schema: Schema, leading: int) -> int:
    """How many columns `_columns` gives."""
    count = sum(v.axis == EVENTS for v in schema.variables)
    for collection in schema.collections:
        if collection.parent == EVENTS and collection.layout != "text":
            count += 1 + (1 if collection.layout == "option" else leading) * len(schema.on(collection.name))
    return count


def _columns(schema: Schema, leading: int) -> tuple[list[str], list[Slot | None]]:
    names = [v.name for v in schema.variables if v.axis == EVENTS]
    slots: list[Slot | None] = [None] * len(names)
    for collection in schema.collections:
        if collection.parent != EVENTS or collection.layout == "text":
            continue
        names.append(f"n {collection.name}")
        slots.append(None)
        depth = 1 if collection.layout == "option" else leading
        for rank in range(depth):
            own = [v.name for v in schema.on(collection.name)]
            names += [f"{name} {rank + 1}" for name in own]
            slots += [(collection.name, rank)] * len(own)
    return names, slots


def _is_phi(name: str) -> bool:
    return name.lower().endswith(("phi", "azimuth"))


def _turned(angles: Floats) -> Floats:
    turned: Floats = (angles + np.pi) % (2 * np.pi) - np.pi
    return turned


def _turn(table: EventTable) -> Floats:
    """The direction of each event's first object; 0 where there is none."""
    turn = np.zeros(len(table))
    open_ = np.ones(len(table), np.bool_)
    for variable in table.schema.variables:
        if variable.axis == EVENTS or not _is_phi(variable.name):
            continue
        collection = table.schema.collection_by_name[variable.axis]
        if collection.parent != EVENTS or collection.layout == "text":
            continue
        offsets = table.offsets[variable.axis]
        take = open_ & (np.diff(offsets) > 0)
        values = table.columns[variable.name][offsets[:-1][take]].astype(np.float64)
        turn[take] = np.where(np.isfinite(values), values, 0.0)
        open_ &= ~take
    return turn
