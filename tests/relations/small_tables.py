"""Small tables with jagged collections, for the tests of relations."""

from __future__ import annotations

from typing import Any

import numpy as np

from hepack.table import Collection, EventTable, Schema, Tolerance, Variable, offsets_from_counts


def table(
    events: dict[str, Any],
    collections: dict[str, tuple[Any, dict[str, Any]]] | None = None,
    tolerances: dict[str, str] | None = None,
    periods: dict[str, float] | None = None,
) -> EventTable:
    """Columns on the event axis, and ``{collection: (counts, columns)}``."""
    collections, tolerances, periods = collections or {}, tolerances or {}, periods or {}
    columns: dict[str, Any] = {}
    variables, groups, offsets = [], [], {}

    def add(name: str, values: Any, axis: str) -> None:
        values = np.asarray(values)
        columns[name] = values
        angle: dict[str, Any] = {"kind": "angle", "period": periods[name]} if name in periods else {}
        tolerance = Tolerance.parse(tolerances.get(name, "lossless"))
        variables.append(Variable(name=name, dtype=values.dtype, axis=axis, tolerance=tolerance, **angle))

    for name, values in events.items():
        add(name, values, "")
    for group, (counts, inside) in collections.items():
        groups.append(Collection(name=group))
        offsets[group] = offsets_from_counts(counts)
        for name, values in inside.items():
            add(name, values, group)
    n_events = len(next(iter(events.values()))) if events else len(next(iter(collections.values()))[0])
    return EventTable(Schema("t", tuple(variables), tuple(groups)), n_events, offsets, columns)
