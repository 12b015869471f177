"""`Predictor`: what says where the values of an item are about: a relation, or an output of a network."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from hepack.relations import View
from hepack.table import Schema


class Predictor(Protocol):
    """`hepack.relations.Relation` is one."""

    @property
    def target(self) -> str:
        """The column that is predicted."""
        ...

    def needs(self, schema: Schema) -> set[tuple[str, str]]:
        """Role and name of every item that must be decoded before."""
        ...

    def predict(self, view: View) -> NDArray[Any]:
        """The predicted value of every entry of the target, shape ``(entries,)``, the same on every machine."""
        ...

    def to_json(self) -> list[Any]:
        """Plain JSON values, the target first."""
        ...
