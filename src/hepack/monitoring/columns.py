"""`Columns`: the numbers of a table that are watched, each with the event that every value belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.physics.fields import Field, fields_of
from hepack.table import EVENTS, Collection, EventTable, Schema
from hepack.table.names import listed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Columns:
    """Columns of ``n_events`` events: ``values`` by name, float64 of shape ``(row,)``, the axis of each, and
    for each axis the event of each row."""

    n_events: int
    values: Mapping[str, Floats]
    axes: Mapping[str, str]
    owners: Mapping[str, Ints]

    def events_of(self, name: str) -> Ints:
        """The event of each value of a column, int64 ``(row,)``, never falling."""
        return self.owners[self.axes[name]]

    def with_columns(self, values: Mapping[str, Floats], axes: Mapping[str, str]) -> Columns:
        """With more columns on axes that are there."""
        return Columns(
            n_events=self.n_events, values={**self.values, **values}, axes={**self.axes, **axes}, owners=self.owners
        )  # fmt: skip


def watched_fields(schema: Schema) -> tuple[Field, ...]:
    """The fields that are single numbers; text and wide arrays are not watched."""
    return tuple(field for field in fields_of(schema) if field.is_number and field.width == 1)


def length_name(collection: Collection) -> str:
    """What the number of objects of a collection is called: NanoAOD's ``nJet``."""
    return collection.counter or f"n{collection.name}"


def columns_of(table: EventTable, names: frozenset[str]) -> Columns:
    """The watched fields of a table that are among ``names``, and the lengths of its collections."""
    owners = dict(_owners(table))
    values: dict[str, Floats] = {}
    axes: dict[str, str] = {}
    for field in watched_fields(table.schema):
        if field.name in names:
            values[field.name] = field.values(table).astype(np.float64)
            axes[field.name] = field.axis
    for collection in table.schema.collections:
        if collection.layout != "text" and collection.parent in owners:
            values[length_name(collection)] = table.counts(collection.name).astype(np.float64)
            axes[length_name(collection)] = collection.parent
    return Columns(n_events=len(table), values=values, axes=axes, owners=owners)


def _owners(table: EventTable) -> Iterator[tuple[str, Ints]]:
    known = {EVENTS: np.arange(len(table), dtype=np.int64)}
    yield EVENTS, known[EVENTS]
    for collection in table.schema.collections:
        known[collection.name] = np.repeat(known[collection.parent], table.counts(collection.name))
        yield collection.name, known[collection.name]


def check_same(reference: Schema, run: Schema, file: str) -> tuple[str, ...]:
    """Notes on what the run has besides.

    Raises:
        BadInputError: the run lacks a variable or a collection of the reference, or has it elsewhere.
    """
    wanted = {field.name: field.axis for field in watched_fields(reference)}
    found = {field.name: field.axis for field in watched_fields(run)}
    missing = [name for name in wanted if name not in found]
    missing += [c.name for c in reference.collections if c.name not in run.collection_by_name]
    if missing:
        raise BadInputError(
            f"run '{file}' lacks {listed(missing)} of the reference; give runs with the columns of the reference"
        )
    moved = [name for name, axis in wanted.items() if found[name] != axis]
    if moved:
        raise BadInputError(
            f"in run '{file}' {listed(moved)} belongs to other objects than in the reference; give runs of one layout"
        )
    extra = [name for name in found if name not in wanted]
    return (f"{file}: {listed(extra)} not in the reference, not watched",) if extra else ()
