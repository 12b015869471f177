"""`ItemModel`: how one item of a table is predicted, made integers, and coded; bound to no block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hepack.conditional import Conditional, Features
from hepack.learned import chain
from hepack.learned.axis import firsts, ranks
from hepack.learned.features import MISSING, Feature, assemble
from hepack.learned.predictor import Predictor
from hepack.learned.quantiser import Quantised, Quantiser
from hepack.learned.waves import decode_waves, waves_of, with_lag
from hepack.relations import Relation, View
from hepack.table import EVENTS, Collection, Schema, Variable
from hepack.transforms import Symbols

Role = Literal["values", "counts"]
Key = tuple[str, str]
"""Role and name: a variable's values, or a collection's lengths (``counts``)."""


def lengths_of(collection: Collection) -> Variable:
    """A collection's lengths as a variable: int64 on the parent's axis."""
    name = f"lengths of {collection.name}"
    return Variable(name=name, dtype=np.dtype(np.int64), axis=collection.parent, kind="integer")


@dataclass(frozen=True, eq=False)
class ItemModel:
    """``conditional`` codes the targets given ``features`` (None where it uses none); without one, a plain coder does.

    ``plain_bits`` and ``bits`` are what a value was found to cost on the sample, by a plain coder and so.
    """

    role: Role
    name: str
    quantiser: Quantiser
    relation: Predictor | None = None
    features: tuple[Feature | None, ...] = ()
    conditional: Conditional | None = None
    plain_bits: float = 0.0
    bits: float = 0.0

    @property
    def key(self) -> Key:
        return self.role, self.name

    def variable(self, schema: Schema) -> Variable:
        """The column as a variable."""
        if self.role == "values":
            return schema.by_name[self.name]
        return lengths_of(schema.collection_by_name[self.name])

    def dependencies(self, schema: Schema) -> set[Key]:
        """The items that must be decoded before this one."""
        axis = self.variable(schema).axis
        found = self.prediction_dependencies(schema)
        used = self.conditional.used if self.conditional else ()
        for feature in (self.features[i] for i in used):
            assert feature is not None
            found |= _needs(feature, schema, axis)
        if self.conditional and self.conditional.lagged and axis != EVENTS:
            found.add(("counts", axis))
        return found

    def prediction_dependencies(self, schema: Schema) -> set[Key]:
        """The items that the prediction needs."""
        return set() if self.relation is None else self.relation.needs(schema)

    @property
    def chained(self) -> Relation | None:
        """The relation, if it reads the item's own column."""
        return self.relation if isinstance(self.relation, Relation) and self.relation.index else None

    def predict(self, view: View) -> NDArray[Any] | None:
        """What the relation says, one value for each row; None without one, or with one that is `chained`."""
        return self.relation.predict(view) if self.relation and not self.chained else None

    def quantise(self, values: NDArray[Any], view: View, *, row_by_row: bool = False) -> Quantised:
        """Targets of a column of shape ``(row,)``, given the columns as unpacking gives them back."""
        if self.chained:
            return chain.forward(self.quantiser, self.chained, values, view, row_by_row=row_by_row)
        variable = self.variable(view.schema)
        return self.quantiser.forward(values, variable, self.predict(view), row_by_row=row_by_row)

    def restore(
        self, targets: Symbols, raw: Symbols, view: View, predicted: NDArray[Any] | None
    ) -> NDArray[Any]:
        """Undo `quantise`; ``predicted`` is what `predict` gave.

        Raises:
            CorruptFileError: the targets and the exact values contradict each other.
        """
        if self.chained:
            return chain.inverse(self.quantiser, self.chained, targets, raw, view)
        return self.quantiser.inverse(targets, raw, self.variable(view.schema), predicted)

    def encode(self, found: Quantised, view: View) -> bytes:
        """Code the targets by the conditional model."""
        assert self.conditional is not None
        features, first = self._inputs(view, found.predicted, found.targets)
        if self.lag is None:
            return self.conditional.encode(features, found.targets, first)
        order, _ = waves_of(ranks(view, self.variable(view.schema).axis))
        return self.conditional.encode(features[order], found.targets[order])

    def bits_of(self, found: Quantised, view: View) -> NDArray[np.float64]:
        """The code length of each target by the conditional model, in bits."""
        assert self.conditional is not None
        features, first = self._inputs(view, found.predicted, found.targets)
        return self.conditional.bits(features, found.targets, first)

    def decode(self, data: bytes | memoryview, view: View, predicted: NDArray[Any] | None) -> Symbols:
        """Undo `encode`.

        Raises:
            CorruptFileError: the data are not such targets.
        """
        assert self.conditional is not None
        features, first = self._inputs(view, predicted)
        if self.lag is None:
            return self.conditional.decode(features, data, first)
        place, shift = self.lag
        decoder = self.conditional.decoder(data, len(features))  # type: ignore[attr-defined]
        axis = self.variable(view.schema).axis
        return decode_waves(decoder, features, place, ranks(view, axis), shift, MISSING)

    @property
    def lag(self) -> tuple[int, int] | None:
        """Which feature is the previous row's target, and its shift; None if none that is used."""
        for i in self.conditional.used if self.conditional else ():
            feature = self.features[i]
            if feature is not None and feature.kind == "lag":
                return i, int(feature.source)
        return None

    def _inputs(
        self, view: View, predicted: NDArray[Any] | None, targets: Symbols | None = None
    ) -> tuple[Features, NDArray[np.bool_] | None]:
        assert self.conditional is not None
        axis = self.variable(view.schema).axis
        features = assemble(self.features, view, axis, predicted, self.conditional.used)
        if targets is not None and self.lag is not None:
            place, shift = self.lag
            features = with_lag(features, place, targets, ranks(view, axis), shift, MISSING)
        return features, firsts(view, axis) if self.conditional.lagged else None


def _needs(feature: Feature, schema: Schema, axis: str) -> set[Key]:
    """The items that a feature of rows on ``axis`` is made from."""
    found: set[Key] = set()
    if feature.kind == "length":
        return {("counts", feature.source)}
    if feature.source and feature.kind != "lag":
        found.add(("values", feature.source))
    if feature.kind == "at":
        found.add(("values", feature.through))
        axes = {axis, schema.by_name[feature.source].axis}
        found |= {("counts", name) for each in axes for name in schema.ancestors(each)}
    if feature.kind in ("previous", "same", "rank", "count", "lag", "siblings", "elders") and axis != EVENTS:
        found.add(("counts", axis))
    elif feature.kind == "up":
        path = schema.ancestors(axis)
        source = schema.by_name[feature.source].axis
        start = 0 if source == EVENTS else path.index(source) + 1
        found |= {("counts", name) for name in path[start:]}
    elif feature.kind == "lead":
        found.add(("counts", schema.by_name[feature.source].axis))
    return found
