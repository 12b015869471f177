"""`Feature`: an integer that a conditional model may look at, made from columns decoded before.

Floats become integers by their bits in the order of their values, so that no rounding is involved and
every machine sees the same integer. docs/learned.md, "Features", is normative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.conditional import Features
from hepack.conditional.base import MAX_FEATURE
from hepack.learned.axis import firsts, ranks
from hepack.relations import Families, View
from hepack.relations.expression import numbers
from hepack.relations.families import pointed
from hepack.relations.view import is_above, spread
from hepack.table import EVENTS, Schema

FeatureKind = Literal[
    "own", "up", "previous", "same", "lead", "length", "rank", "count", "predicted", "lag",
    "at", "siblings", "elders",
]  # fmt: skip
"""Where a feature comes from.

========= =====================================================================
own       the source's value in the same row
up        the source's value in the entry that owns the row, one or more levels up
previous  the source's value in the row before, if it is of the same owner
same      1 if the source's value equals that of the row before, of the same owner
lead      the source's value in the first object of the row's run (source: one level below)
length    the length of the row's run in the collection ``source`` (one level below)
rank      the row's place among its siblings
count     how many siblings the row has, itself included
predicted what the relation predicts for the row
lag       the row's own target in the row before, shifted right by ``source`` bits (see `waves`)
at        the source's value in the object that the index ``through`` points at
siblings  how many objects of the run share the row's mother by the index ``source`` (`Families`)
elders    how many of them stand before it
========= =====================================================================
"""

MISSING = -MAX_FEATURE
SHIFTS = tuple(map(str, range(64)))


@dataclass(frozen=True)
class Feature:
    """``source`` names a variable, a collection for ``length``, a number for ``lag``; else it is empty.

    ``through`` names the index of ``at``.
    """

    kind: FeatureKind
    source: str = ""
    through: str = ""

    def __str__(self) -> str:
        if self.kind == "at":
            return f"{self.source}[{self.through}]"
        return f"{self.kind} {self.source}".strip()

    def to_json(self) -> list[str]:
        return [part for part in (self.kind, self.source, self.through) if part]

    @classmethod
    def from_json(cls, value: Any, schema: Schema, axis: str) -> Feature:
        """Read a feature of rows on ``axis``.

        Raises:
            CorruptFileError: no such feature can be made from a table of that schema.
        """
        match value:
            case [str(kind), *rest] if kind in get_args(FeatureKind) and all(type(s) is str for s in rest):
                feature = cls(kind, *rest[:2])  # type: ignore[arg-type]
                if len(rest) <= (2 if kind == "at" else 1) and feature.fits(schema, axis):
                    return feature
        raise CorruptFileError(f"a model uses the impossible feature {str(value)[:80]}")

    def fits(self, schema: Schema, axis: str) -> bool:
        """Whether the source is where the kind says."""
        if self.kind in ("rank", "count", "predicted"):
            return not self.source
        if self.kind == "lag":
            return axis != EVENTS and self.source in SHIFTS
        if self.kind == "length":
            collection = schema.collection_by_name.get(self.source)
            return collection is not None and collection.layout != "text" and collection.parent == axis
        variable = schema.by_name.get(self.source)
        if variable is None or variable.shape or variable.kind == "text":
            return False
        place = variable.axis
        if self.kind == "at":
            return self._is_gathered(schema, axis, place)
        if self.kind in ("siblings", "elders"):
            return place == axis != EVENTS and variable.dtype.kind in "iu"
        if self.kind == "up":
            return place != axis and (place == EVENTS or place in schema.ancestors(axis))
        if self.kind == "lead":
            return place != EVENTS and schema.collection_by_name[place].parent == axis
        return self.kind in ("own", "previous", "same") and place == axis

    def _is_gathered(self, schema: Schema, axis: str, place: str) -> bool:
        """Whether ``through`` is an index of rows on ``axis`` to objects on ``place``."""
        index = schema.by_name.get(self.through)
        if index is None or index.shape or index.dtype.kind not in "iu" or index.axis != axis:
            return False
        return place != EVENTS and is_above(schema, schema.collection_by_name[place].parent, axis)

    def column(self, view: View, axis: str, predicted: NDArray[Any] | None) -> NDArray[np.int32]:
        """The feature for every row of ``axis``, shape ``(row,)``."""
        if self.kind == "rank":
            return _narrow(ranks(view, axis))
        if self.kind == "count":
            return _narrow(_siblings(view, axis))
        if self.kind == "length":
            return _narrow(np.diff(view.offsets(self.source)))
        if self.kind == "predicted":
            assert predicted is not None
            return predicted_integers(predicted)
        if self.kind == "lag":  # filled in while the rows are coded
            return np.zeros(view.length(axis), np.int32)
        values = view.column(self.source)
        if self.kind == "siblings":
            return _narrow(Families(numbers(values), axis, view).siblings())
        if self.kind == "elders":
            return _narrow(Families(numbers(values), axis, view).elders)
        if self.kind == "same":
            return _same(values, firsts(view, axis))
        found = integers(values)
        if self.kind == "up":
            return spread(found, view.schema.by_name[self.source].axis, axis, view)
        if self.kind == "at":
            place = view.schema.by_name[self.source].axis
            rows = pointed(numbers(view.column(self.through)), place, axis, view)
            missing = np.full(len(rows), MISSING, np.int32)
            return np.where(rows >= 0, found[rows], missing) if len(found) else missing
        if self.kind == "previous":
            before = np.full(len(found), MISSING, np.int32)
            before[1:] = found[:-1]
            before[firsts(view, axis)] = MISSING
            return before
        if self.kind == "lead":
            return _lead(found, view.offsets(view.schema.by_name[self.source].axis))
        return found


def assemble(
    features: Sequence[Feature | None],
    view: View,
    axis: str,
    predicted: NDArray[Any] | None,
    used: Sequence[int],
) -> Features:
    """The features of every row of ``axis``, shape ``(row, feature)``; those not ``used`` are zero."""
    # column by column, so that the memory of features that are not used is never touched
    rows = np.zeros((view.length(axis), len(features)), np.int32, order="F")
    for i in used:
        feature = features[i]
        assert feature is not None
        rows[:, i] = feature.column(view, axis, predicted)
    return rows


def integers(values: NDArray[Any]) -> NDArray[np.int32]:
    """Numbers as integers of the same order, within +-(2**24 - 1).

    Floats by the upper bits of their ordered bits (sign, exponent, 15 or 12 mantissa bits); integers
    themselves, kept within the range.
    """
    if values.dtype.kind == "f":
        size = values.dtype.itemsize
        signed = np.ascontiguousarray(values).view(np.dtype(f"i{size}"))
        ordered = signed ^ ((signed >> (8 * size - 1)) & np.iinfo(signed.dtype).max)
        return np.asarray(ordered >> max(0, 8 * size - 24)).astype(np.int32)
    return _narrow(values)


def predicted_integers(predicted: NDArray[Any]) -> NDArray[np.int32]:
    """The same of predictions; of NaN, whose bits machines do not agree on, `MISSING`."""
    found = integers(predicted)
    if predicted.dtype.kind == "f":
        found[np.isnan(predicted)] = MISSING
    return found


def _narrow(values: NDArray[Any]) -> NDArray[np.int32]:
    if values.dtype.kind == "b" or values.dtype.itemsize < 4:
        return values.astype(np.int32)
    if values.dtype.kind == "u":
        return np.asarray(np.minimum(values, MAX_FEATURE), np.int32)
    return np.asarray(np.clip(values, -MAX_FEATURE, MAX_FEATURE), np.int32)


def _siblings(view: View, axis: str) -> NDArray[np.int64]:
    if axis == EVENTS:
        return np.ones(view.n_events, np.int64)
    counts = np.diff(view.offsets(axis))
    return np.repeat(counts, counts)


def _same(values: NDArray[Any], first: NDArray[np.bool_]) -> NDArray[np.int32]:
    same = np.zeros(len(values), np.int32)
    if values.dtype.kind == "f":
        values = np.ascontiguousarray(values).view(np.dtype(f"u{values.dtype.itemsize}"))
    same[1:] = values[1:] == values[:-1]
    same[first] = 0
    return same


def _lead(values: NDArray[np.int32], offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    lead = np.full(len(offsets) - 1, MISSING, np.int32)
    filled = np.diff(offsets) > 0
    lead[filled] = values[offsets[:-1][filled]]
    return lead
