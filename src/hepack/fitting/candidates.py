"""`FeatureBank`: the features that items of one axis may look at, on the sample's rows, each made once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from hepack.conditional import Features
from hepack.fitting.sample import sample_rows
from hepack.fitting.screen import ROWS, Codes, coarse, information
from hepack.learned import Feature
from hepack.learned.axis import firsts
from hepack.relations import Relation, View
from hepack.table import EVENTS, Schema

NEAREST = 96
"""At most so many earlier items of the axis, the nearest ones, are candidates."""

ABOVE = 48
"""At most so many items of each axis above."""

POINTED = 24
"""At most so many items of each collection that an index points into."""

LEAST_BITS = 0.003
"""A feature that tells less about a target is not kept."""


class FeatureBank:
    """Features on at most ``rows`` rows of an axis. ``view`` holds the columns as unpacking gives them."""

    def __init__(self, view: View, axis: str, rows: int) -> None:
        self.view, self.axis = view, axis
        self.rows, starts = sample_rows(view.length(axis), rows)
        self.first = firsts(view, axis)[self.rows] | starts
        self._few = np.unique(np.linspace(0, max(0, len(self.rows) - 1), ROWS).astype(np.int64))
        self._columns: dict[Feature, NDArray[np.int32]] = {}
        self._coarse: dict[Feature, Codes] = {}

    def column(self, feature: Feature) -> NDArray[np.int32]:
        """A feature on the sample's rows."""
        if feature not in self._columns:
            self._columns[feature] = feature.column(self.view, self.axis, None)[self.rows]
        return self._columns[feature]

    def best(self, candidates: Iterable[Feature], targets: NDArray[np.int64], most: int) -> list[Feature]:
        """The ``most`` candidates that tell most about ``targets`` (on the sample's rows), best first."""
        goal = coarse(targets[self._few])
        if not goal.any():
            return []
        scores = {feature: information(self._codes(feature), goal) for feature in candidates}
        good = [feature for feature, bits in scores.items() if bits > LEAST_BITS]
        return sorted(good, key=lambda feature: -scores[feature])[:most]

    def matrix(self, features: Sequence[Feature], predicted: NDArray[np.int32] | None) -> Features:
        """The features side by side, shape ``(row, feature)``."""
        rows = np.zeros((len(self.rows), len(features)), np.int32)
        for i, feature in enumerate(features):
            rows[:, i] = (
                predicted if feature.kind == "predicted" and predicted is not None else self.column(feature)
            )
        return rows

    def _codes(self, feature: Feature) -> Codes:
        if feature not in self._coarse:
            self._coarse[feature] = coarse(self.column(feature)[self._few])
        return self._coarse[feature]


Pointers = dict[str, set[str]]
"""Index columns, and the collections that they point into."""


def pointers(relations: Iterable[Relation], schema: Schema) -> Pointers:
    """The integer columns by which relations pick objects."""
    found: Pointers = {}
    for index, name in sorted({pair for relation in relations for pair in relation.formula.pointers}):
        if schema.by_name[index].dtype.kind in "iu" and schema.by_name[name].axis != EVENTS:
            found.setdefault(index, set()).add(schema.by_name[name].axis)
    return found


def depths(pointers: Pointers, schema: Schema) -> dict[str, int]:
    """For each axis with indices, how long the longest way is that they point; circles are left at some link."""
    below: dict[str, set[str]] = {}
    for index, places in pointers.items():
        below.setdefault(schema.by_name[index].axis, set()).update(places)
    found: dict[str, int] = {}

    def depth(axis: str, above: frozenset[str]) -> int:
        if axis not in found:
            inside = above | {axis}
            steps = [1 + depth(place, inside) for place in sorted(below.get(axis, ())) if place not in inside]
            found[axis] = max(steps, default=0)
        return found[axis]

    for axis in sorted(below):
        depth(axis, frozenset())
    return found


def candidates(schema: Schema, axis: str, earlier: Sequence[str], pointers: Pointers) -> list[Feature]:
    """The features of rows on ``axis`` that can be made from the variables ``earlier``, nearest last."""
    by_name = schema.by_name
    own = [name for name in earlier if by_name[name].axis == axis][-NEAREST:]
    found = [Feature(kind, name) for kind in ("own", "previous", "same") for name in own]
    above = [EVENTS, *schema.ancestors(axis)[:-1]] if axis != EVENTS else []
    for place in above:
        names = [name for name in earlier if by_name[name].axis == place][-ABOVE:]
        found += [Feature("up", name) for name in names]
    for collection in schema.collections:
        if collection.parent == axis and collection.layout != "text":
            found.append(Feature("length", collection.name))
            if collection.layout == "list":
                names = [name for name in earlier if by_name[name].axis == collection.name]
                found += [Feature("lead", name) for name in names[:8]]
    if axis != EVENTS:
        found += [Feature("rank"), Feature("count")]
    for index, places in pointers.items():
        known = by_name[index].axis == axis and index in earlier
        for place in sorted(places) if known else ():
            names = [name for name in earlier if by_name[name].axis == place][-POINTED:]
            found += [Feature("at", name, index) for name in names if name != index]
            if place == axis:
                found += [Feature("siblings", index), Feature("elders", index)]
    return found


def earlier_lengths(schema: Schema, collection: str) -> list[Feature]:
    """For the lengths of a collection: those of the collections before it with the same parent."""
    found: list[Feature] = []
    parent = schema.collection_by_name[collection].parent
    for other in schema.collections:
        if other.name == collection:
            break
        if other.parent == parent and other.layout != "text":
            found.append(Feature("length", other.name))
    return found
