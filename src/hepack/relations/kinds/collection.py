"""Kinds that move between a collection and what owns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.relations.families import Families, pointed
from hepack.relations.kinds.base import Axes, Leaves, Settings, Values
from hepack.relations.kinds.elementwise import NOTHING
from hepack.relations.view import View, is_above, parent_of
from hepack.table import EVENTS, Schema


def nothing_of(values: NDArray[Any]) -> float | int:
    return np.nan if values.dtype.kind == "f" else NOTHING


@dataclass(frozen=True)
class Reduce:
    """``(sum | max | min | count)`` over each run of a collection, or ``("nth", k)``: its k-th object.

    A second input selects: only objects where it is not zero count. Sums add in the order of the
    objects; an empty sum or count is 0; of an empty run the others say nothing. ``count`` takes the
    objects where its one input is not zero.
    """

    elementwise: bool = False

    def check(self, settings: Settings, axes: Axes, leaves: Leaves, schema: Schema) -> str | None:
        if len(set(axes)) != 1 or axes[0] == EVENTS:
            return None
        match settings:
            case ["sum" | "max" | "min"] if len(axes) <= 2:
                return parent_of(schema, axes[0])
            case ["count"] if len(axes) == 1:
                return parent_of(schema, axes[0])
            case ["nth", int(k)] if type(k) is int and 0 <= k < 1 << 31 and len(axes) <= 2:
                return parent_of(schema, axes[0])
        return None

    def evaluate(
        self, settings: Settings, values: Values, axes: Axes, view: View
    ) -> tuple[NDArray[Any], str]:
        parent, offsets = parent_of(view.schema, axes[0]), view.offsets(axes[0])
        selected = None if len(values) == 1 else values[1] != 0
        if settings[0] == "count":
            return _sums((values[0] != 0).astype(np.int64), offsets), parent
        if selected is not None:
            kept = np.concatenate([[0], np.cumsum(selected)])
            values, offsets = [values[0][selected]], kept[offsets]
        if settings[0] == "sum":
            return _sums(values[0], offsets), parent
        if settings[0] == "nth":
            places = offsets[:-1] + settings[1]
            return _take(values[0], places, places < offsets[1:]), parent
        return _extremes(values[0], offsets, np.maximum if settings[0] == "max" else np.minimum), parent


def _sums(values: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[Any]:
    if values.dtype.kind == "i":
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
        return np.asarray(total[offsets[1:]] - total[offsets[:-1]])
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    if not len(owner):
        return np.zeros(len(offsets) - 1)
    return np.asarray(np.bincount(owner, values, len(offsets) - 1))  # adds one by one, in order


def _extremes(values: NDArray[Any], offsets: NDArray[np.int64], choose: np.ufunc) -> NDArray[Any]:
    result = np.full(len(offsets) - 1, nothing_of(values), values.dtype)
    filled = offsets[1:] > offsets[:-1]
    if filled.any():
        result[filled] = choose.reduceat(values, offsets[:-1][filled])
    return result


def _take(values: NDArray[Any], places: NDArray[np.int64], valid: NDArray[np.bool_]) -> NDArray[Any]:
    if not len(values):
        return np.full(len(places), nothing_of(values), values.dtype)
    return np.where(valid, values[np.where(valid, places, 0)], nothing_of(values))


@dataclass(frozen=True)
class Length:
    """Settings: a collection. How many objects each entry of its parent owns."""

    elementwise: bool = False

    def check(self, settings: Settings, axes: Axes, leaves: Leaves, schema: Schema) -> str | None:
        match settings:
            case [str(name)] if not axes and name in schema.collection_by_name:
                return parent_of(schema, name)
        return None

    def evaluate(
        self, settings: Settings, values: Values, axes: Axes, view: View
    ) -> tuple[NDArray[Any], str]:
        return np.diff(view.offsets(settings[0])), parent_of(view.schema, settings[0])


@dataclass(frozen=True)
class Rank:
    """Settings: a collection, and the number of the first object of a run; the others count on."""

    elementwise: bool = False

    def check(self, settings: Settings, axes: Axes, leaves: Leaves, schema: Schema) -> str | None:
        match settings:
            case [str(name), int(start)] if (
                not axes and name in schema.collection_by_name and type(start) is int and abs(start) < 1 << 31
            ):
                return name
        return None

    def evaluate(
        self, settings: Settings, values: Values, axes: Axes, view: View
    ) -> tuple[NDArray[Any], str]:
        offsets = view.offsets(settings[0])
        first = np.repeat(offsets[:-1], np.diff(offsets))
        return np.arange(len(first)) - first + settings[1], settings[0]


@dataclass(frozen=True)
class Gather:
    """``x[index]``: of the objects that share an owner with the entry, the one that the index numbers.

    Nothing where the index is below 0 or beyond the run.
    """

    elementwise: bool = False

    def check(self, settings: Settings, axes: Axes, leaves: Leaves, schema: Schema) -> str | None:
        if settings or len(axes) != 2 or axes[0] == EVENTS:
            return None
        return axes[1] if is_above(schema, parent_of(schema, axes[0]), axes[1]) else None

    def evaluate(
        self, settings: Settings, values: Values, axes: Axes, view: View
    ) -> tuple[NDArray[Any], str]:
        rows = pointed(values[1], axes[0], axes[1], view)
        return _take(values[0], rows, rows >= 0), axes[1]


@dataclass(frozen=True)
class Elder:
    """The sum of x over the siblings before each object: those whose ``index`` names the same mother (`Families`)."""

    elementwise: bool = False

    def check(self, settings: Settings, axes: Axes, leaves: Leaves, schema: Schema) -> str | None:
        return axes[0] if not settings and len(axes) == 2 and axes[0] == axes[1] != EVENTS else None

    def evaluate(
        self, settings: Settings, values: Values, axes: Axes, view: View
    ) -> tuple[NDArray[Any], str]:
        return Families.of(values[1], axes[0], view).sums(values[0]), axes[0]
