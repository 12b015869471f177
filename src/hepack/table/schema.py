"""`Schema`: the columns of one table, without the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from hepack._errors import BadInputError
from hepack.table.variable import EVENTS, Attributes, Collection, Variable


@dataclass(frozen=True)
class Schema:
    """Variables and collections of one table (a ROOT tree, an HDF5 group, a CSV file).

    Promises, checked at construction: names are unique, every axis and parent exists and stands
    earlier in the list of collections, an option or text collection holds what its layout allows.
    """

    name: str
    variables: tuple[Variable, ...] = ()
    collections: tuple[Collection, ...] = ()
    attributes: Attributes = field(default_factory=dict)

    def __post_init__(self) -> None:
        axes = {EVENTS}
        for collection in self.collections:
            if collection.name in axes:
                raise BadInputError(f"table '{self.name}' has two collections named '{collection.name}'")
            if collection.parent not in axes:
                raise BadInputError(
                    f"collection '{collection.name}' of table '{self.name}' comes before its parent "
                    f"'{collection.parent}'"
                )
            axes.add(collection.name)
        names: set[str] = set()
        for variable in self.variables:
            if variable.name in names:
                raise BadInputError(f"table '{self.name}' has two variables named '{variable.name}'")
            if variable.axis not in axes:
                raise BadInputError(f"variable '{variable.name}' lies on the unknown axis '{variable.axis}'")
            names.add(variable.name)
        self._check_text()

    def _check_text(self) -> None:
        for collection in self.collections:
            if collection.layout != "text":
                continue
            inside = [v for v in self.variables if v.axis == collection.name]
            if len(inside) != 1 or inside[0].kind != "text" or inside[0].dtype.str != "|u1":
                raise BadInputError(f"text collection '{collection.name}' must hold one uint8 text variable")

    @cached_property
    def by_name(self) -> Mapping[str, Variable]:
        return {variable.name: variable for variable in self.variables}

    @cached_property
    def collection_by_name(self) -> Mapping[str, Collection]:
        return {collection.name: collection for collection in self.collections}

    @cached_property
    def counters(self) -> Mapping[str, Collection]:
        """Counter column name -> the collection whose lengths it holds."""
        return {collection.counter: collection for collection in self.collections if collection.counter}

    def on(self, axis: str) -> tuple[Variable, ...]:
        """The variables of one axis, in order."""
        return tuple(variable for variable in self.variables if variable.axis == axis)

    def ancestors(self, axis: str) -> tuple[str, ...]:
        """The collections from the event axis down to ``axis``, both ends included but for the event axis."""
        path: list[str] = []
        while axis != EVENTS:
            path.append(axis)
            axis = self.collection_by_name[axis].parent
        return tuple(reversed(path))

    def select(self, names: set[str]) -> Schema:
        """Keep the named variables and the collections they need."""
        variables = tuple(v for v in self.variables if v.name in names)
        needed = {axis for v in variables for axis in self.ancestors(v.axis)}
        return replace(
            self, variables=variables, collections=tuple(c for c in self.collections if c.name in needed)
        )
