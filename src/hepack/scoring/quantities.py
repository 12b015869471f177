"""Quantities that scores are compared with, or decorrelated from: multiplicities, momenta, masses, any variable."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.physics.fields import fields_of
from hepack.physics.objects import Event, build
from hepack.physics.quantities import Cuts, available, compute
from hepack.physics.roles import find_roles
from hepack.table import EVENTS, EventTable, split_table, splittable
from hepack.table.split import split_schema

Floats = NDArray[np.float64]


def event_of(table: EventTable) -> tuple[Event, frozenset[str]] | None:
    """The physicist's objects of a table, and their kinds; None where its names tell of none."""
    fields = fields_of(table.schema)
    medians = {
        f.name: float(np.median(table.columns[f.column]))
        for f in fields
        if f.is_number and f.component is None and len(table.columns[f.column])
    }
    with np.errstate(all="ignore"):
        roles = find_roles(fields, medians=medians)
        if not roles.objects or roles.lone or roles.grouping:
            return None
        event = build(table, {f.name: f for f in fields}, roles)
    kinds = frozenset(event.objects) | ({"met"} if event.met is not None else frozenset())
    return event, kinds


def quantities(table: EventTable) -> dict[str, Floats]:
    """Name -> values ``(event,)``: lengths of collections (``n Jet``), what physics knows, the event's variables."""
    names = splittable(table.schema)
    flat = split_table(table, split_schema(table.schema, names)) if names else table
    found: dict[str, Floats] = {
        f"n {c.name}": table.counts(c.name).astype(np.float64)
        for c in table.schema.collections
        if c.parent == EVENTS and c.layout == "list"
    }
    physics = event_of(table)
    if physics is not None:
        event, kinds = physics
        found |= compute(event, available(kinds), Cuts())
    for variable in flat.schema.variables:
        if variable.axis == EVENTS and not variable.shape and variable.kind != "text":
            found.setdefault(variable.name, flat.columns[variable.name].astype(np.float64))
    return found


def quantities_named(table: EventTable, names: Sequence[str]) -> list[Floats]:
    """Some of `quantities`, in that order.

    Raises:
        BadRequestError: there is no such quantity.
    """
    found = quantities(table)
    for name in names:
        if name not in found:
            near = difflib.get_close_matches(name, found, n=3) or sorted(found)[:5]
            raise BadRequestError(f"there is no quantity '{name}'; the nearest are {', '.join(near)}")
    return [found[name] for name in names]


def usual_quantities(found: Mapping[str, Floats]) -> list[str]:
    """The names to show without being asked: a momentum, a multiplicity, a mass, or else the first variables."""
    wanted = [name for name in ("ht", "jet_pt", "njet30", "m_jj", "met", "lepton_pt") if name in found]
    varies = wanted or [name for name, values in found.items() if np.nanstd(values) > 0]
    return [name for name in varies if np.isfinite(found[name]).any()][:5]
