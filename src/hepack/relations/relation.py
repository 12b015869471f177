"""`Relation`: what one column should be, given others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.relations.expression import Expression, Memory, axis_of, evaluate, from_json, to_json
from hepack.relations.kinds import NOTHING
from hepack.relations.view import View, is_above, spread
from hepack.relations.words import in_words
from hepack.table import EVENTS, Schema


@dataclass(frozen=True)
class Relation:
    """The column ``target`` is about what ``formula`` says, on the target's axis or one above it.

    A formula may read the target itself through an index, in the objects that come before (`Families`): then
    values are predicted generation by generation, each from those restored before it.
    """

    target: str
    formula: Expression

    @property
    def kind(self) -> str:
        return self.formula.kind

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that must be decoded before; lengths of collections are always known."""
        return tuple(name for name in self.formula.sources if name != self.target)

    @cached_property
    def index(self) -> str:
        """The column through which the formula reads its own target; empty if it does not."""
        found = sorted(_indices(self.formula, self.target))
        return found[0] if found else ""

    @property
    def settings(self) -> tuple[Any, ...]:
        return self.formula.settings

    def needs(self, schema: Schema) -> set[tuple[str, str]]:
        """Role and name of every item that must be decoded before."""
        found = {("values", name) for name in self.sources}
        axes = {schema.by_name[name].axis for name in (self.target, *self.sources)}
        found |= {("counts", name) for axis in axes for name in schema.ancestors(axis)}
        return found | {("counts", name) for name in _collections(self.formula, schema)}

    def predict(self, view: View, memory: Memory | None = None) -> NDArray[Any]:
        """The predicted value of every entry of the target, shape ``(entries,)``, the same on every machine.

        float64 with NaN where it says nothing; for an integer or flag int64 with `NOTHING`. ``memory`` keeps what
        does not depend on the target from one prediction to the next.
        """
        variable = view.schema.by_name[self.target]
        values, axis = evaluate(self.formula, view, memory)
        if memory is not None:
            _forget(self.formula, self.target, memory)
        values = spread(values, axis, variable.axis, view)
        if variable.dtype.kind == "f":
            if values.dtype.kind == "f":
                return values
            return np.where(values == NOTHING, np.nan, values.astype(np.float64))
        if values.dtype.kind == "i":
            return values
        inside = np.abs(values) < 2.0**62  # False for NaN
        return np.where(inside, np.rint(np.where(inside, values, 0.0)).astype(np.int64), NOTHING)

    def to_json(self) -> list[Any]:
        """Plain JSON values; `from_json` gives an equal relation back."""
        return [self.target, to_json(self.formula)]

    @classmethod
    def from_json(cls, value: Any, schema: Schema) -> Relation:
        """Read a relation between columns of ``schema``.

        Raises:
            CorruptFileError: wrong form, unknown columns or kinds, axes that do not fit.
        """
        match value:
            case [str(target), formula]:
                relation = cls(target, from_json(formula, schema))
            case _:
                raise CorruptFileError("a relation has an impossible form")
        variable = schema.by_name.get(target)
        if variable is None or variable.shape or variable.kind == "text":
            raise CorruptFileError(
                f"a relation predicts '{target[:80]}', which is no column of single numbers"
            )
        if target in relation.formula.sources and not _reads_itself_well(relation, schema):
            raise CorruptFileError(f"the relation of '{target}' reads its own column")
        if not is_above(schema, axis_of(relation.formula, schema), variable.axis):
            raise CorruptFileError(f"the relation of '{target}' lies on another axis")
        return relation

    def __str__(self) -> str:
        return f"{self.target} = {in_words(self.formula, self.target)}"


def _collections(formula: Expression, schema: Schema) -> set[str]:
    """The collections whose lengths a formula names in its settings."""
    found = {name for name in formula.settings if name in schema.collection_by_name}
    return found.union(
        *(_collections(part, schema) for part in formula.inputs if isinstance(part, Expression))
    )


def _indices(formula: Expression, target: str) -> set[str]:
    """The columns through which a formula reads ``target``; "" where it reads it otherwise."""
    found: set[str] = set()
    for number, part in enumerate(formula.inputs):
        inside = _indices(part, target) if isinstance(part, Expression) else set[str]()
        if part == target:
            inside = {""}
        through = formula.inputs[1] if formula.kind in ("gather", "elder") and number == 0 else None
        if isinstance(through, str) and inside == {""} and through != target:
            inside = {through}
        found |= inside
    return found


def _reads_itself_well(relation: Relation, schema: Schema) -> bool:
    """Whether a formula reads its target through one integer column of the target's collection, and not otherwise."""
    found = _indices(relation.formula, relation.target)
    axis = schema.by_name[relation.target].axis
    return (
        len(found) == 1
        and relation.index != ""
        and schema.by_name[relation.index].axis == axis != EVENTS
        and schema.by_name[relation.index].dtype.kind in "iu"
    )


def _forget(part: Expression | str, target: str, memory: Memory) -> None:
    """Drop what depends on ``target``."""
    if isinstance(part, str):
        if part == target:
            memory.pop(id(part), None)
    elif target in part.sources:
        memory.pop(id(part), None)
        for below in part.inputs:
            _forget(below, target, memory)
