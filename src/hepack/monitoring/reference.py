"""`Reference`: the events that runs are held against, what was learned from them, and what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from hepack._errors import BadInputError
from hepack.monitoring.bits import BitsModel
from hepack.monitoring.blocks import Blocks
from hepack.monitoring.columns import Columns, Floats, columns_of, length_name, watched_fields
from hepack.monitoring.learn import bits_probes, medians, occupancy_probes, value_probes
from hepack.monitoring.probes import Probe, Test, all_tests
from hepack.physics.fields import Field
from hepack.physics.roles import Roles, find_roles
from hepack.table import EventTable, Schema

LEARNING = 0.3
"""The share of the reference that bins, ranges and the model of code lengths are learned from. The rest is compared:
what was learned must know neither sample, or the two would not be exchangeable."""
MOST_LEARNING = 50_000
FEWEST_EVENTS = 500
EVENT_BITS = "whole event"
BITS = "bits of "
"""What the columns of code lengths are called begins so."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Reference:
    """``columns`` are of the events that are compared; ``roles`` and ``fields`` say what the columns are."""

    file: str
    schema: Schema
    fields: Mapping[str, Field]
    roles: Roles
    names: frozenset[str]
    probes: tuple[Probe, ...]
    columns: Columns
    learned: int
    model: BitsModel | None
    sums_of: dict[int, tuple[Floats, ...]] = field(default_factory=dict)

    @property
    def tests(self) -> tuple[Test, ...]:
        """All that a run is asked."""
        return all_tests(self.probes)

    def measured(self, table: EventTable) -> Columns:
        """The columns of other events of the same schema, their bits among them."""
        return measured(columns_of(table, self.names), table, self.model)

    def sums(self, blocks: Blocks) -> tuple[Floats, ...]:
        """The counts of each probe in blocks of this size; kept for the next run."""
        if blocks.size not in self.sums_of:
            own = blocks.like(self.columns.n_events)
            self.sums_of[blocks.size] = tuple(probe.sums(self.columns, own) for probe in self.probes)
        return self.sums_of[blocks.size]


def measured(columns: Columns, table: EventTable, model: BitsModel | None) -> Columns:
    """The columns with the bits of each, and of each event."""
    if model is None:
        return columns
    bits = model.bits(table, columns)
    axes = {name: columns.axes[name] for name in bits}
    total = np.zeros(len(table))
    for name, values in bits.items():
        total += np.bincount(columns.owners[axes[name]], weights=values, minlength=len(table))
    named = {BITS + name: values for name, values in bits.items()}
    return columns.with_columns(
        {**named, BITS + EVENT_BITS: total},
        {**{BITS + name: axes[name] for name in bits}, BITS + EVENT_BITS: ""},
    )


def make_reference(table: EventTable, file: str, *, bits: bool = True, seed: int = 0) -> Reference:
    """Learn from the first events of a reference; the others are what runs are compared with.

    Raises:
        BadInputError: it has too few events, or no column of numbers.
    """
    if len(table) < FEWEST_EVENTS:
        raise BadInputError(
            f"the reference '{file}' has {len(table)} events; give one of at least {FEWEST_EVENTS}"
        )
    fields = {item.name: item for item in watched_fields(table.schema)}
    first = min(int(LEARNING * len(table)), MOST_LEARNING)
    part, rest = table.slice(0, first), table.slice(first, len(table))
    found = columns_of(part, frozenset(fields))
    roles = find_roles(
        tuple(fields.values()), medians=medians(found, [n for n in found.values if n in fields])
    )
    names = frozenset(fields) - set(roles.identity) - {roles.process}
    found = columns_of(part, names)
    if not found.values:
        raise BadInputError(f"the reference '{file}' has no column of numbers to watch; give event data")
    model = BitsModel.fit(part, names, seed=seed) if bits else None
    learned = measured(found, part, model)
    return Reference(
        file=file, schema=table.schema, fields=fields, roles=roles, names=names,
        probes=_probes(learned, fields, roles, table.schema), columns=measured(columns_of(rest, names), rest, model),
        learned=first, model=model,
    )  # fmt: skip


def _probes(columns: Columns, fields: Mapping[str, Field], roles: Roles, schema: Schema) -> tuple[Probe, ...]:
    own = {name: values for name, values in columns.values.items() if not name.startswith(BITS)}
    bits = {
        name.removeprefix(BITS): values for name, values in columns.values.items() if name.startswith(BITS)
    }
    lengths = {length_name(c) for c in schema.collections}
    whole = frozenset(name for name in own if name in lengths or fields[name].dtype.kind in "iub")
    periods = {name: item.period for name, item in fields.items() if item.period is not None}
    return (
        *value_probes(replace(columns, values=own), periods, whole),
        *occupancy_probes(columns, roles),
        *bits_probes(columns, bits),
    )
