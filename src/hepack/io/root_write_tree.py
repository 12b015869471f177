"""Write one table as a TTree."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np

from hepack.io.fieldpath import has_records, split
from hepack.io.root_wide import quick_sums
from hepack.table import EVENTS, Collection, EventTable, Schema, Variable

_SPARE = 1
"""Baskets that uproot wants room for beyond those that it writes."""

_MOST_BASKETS = 100
"""Baskets (one for each block) for which room is made at most at first."""


def tree_obstacle(schema: Schema) -> tuple[str, str] | None:
    """The first column that uproot cannot write to a TTree, and why."""
    if has_records(schema):
        return _first_record(schema), "it has records"
    for collection in schema.collections:
        inside = schema.on(collection.name)
        name = inside[0].name if inside else collection.name
        if collection.parent != EVENTS:
            return name, "it has lists or strings inside lists"
        if collection.layout == "option":
            return name, "some of its values may be missing"
        if "regular" in collection.attributes:
            return name, "it has lists of fixed length that are no plain arrays"
        if any(v.shape for v in inside):
            return name, "it has arrays inside lists"
    for variable in schema.variables:
        if "[" in variable.name or "/" in variable.name:
            return variable.name, "its name has a bracket or slash"
    return None


def _first_record(schema: Schema) -> str:
    paths = [split(variable.name, records=True) for variable in schema.variables]
    return next((path for path in paths if len(path) > 1), paths[0])[0]


class TreeWriter:
    """A TTree being filled; each block becomes a basket of every branch.

    The tree is laid out with the first block, which tells how many will come: every branch holds a
    place for each basket, so that in a small file too much room would be most of the file.
    """

    def __init__(self, file: Any, schema: Schema, n_events: int) -> None:
        self._file, self._schema, self._n_events = file, schema, n_events
        self._jagged = {f"#{i}": c for i, c in enumerate(schema.collections) if c.layout == "list"}
        self._counters = _counters(schema, self._jagged)
        self._tree: Any = None

    def _lay_out(self, baskets: int) -> None:
        with quick_sums():
            self._tree = self._file.mktree(
                self._schema.name,
                self._types(),
                self._schema.attributes.get("title", ""),
                counter_name=lambda group: self._counters.get(group, "n" + group),
                field_name=lambda _, field: field,
                initial_basket_capacity=max(1, min(baskets, _MOST_BASKETS)),
                resize_factor=4,
            )
            self._refine()

    def _types(self) -> dict[str, Any]:
        """Branch types in the order of the schema, jagged ones as a record for each collection."""
        empty = EventTable.empty(self._schema)
        groups = {c.name: group for group, c in self._jagged.items()}
        types: dict[str, Any] = {}
        for variable in self._schema.variables:
            group = groups.get(variable.axis, variable.name)
            if group not in types:
                value = self._group(empty, self._jagged[group]) if group in self._jagged else None
                types[group] = (_flat(empty, variable) if value is None else value).type.content
        return types

    def _group(self, block: EventTable, collection: Collection) -> ak.Array:
        """The columns of a collection as lists of records, so that they share their counter."""
        inside = self._schema.on(collection.name)
        contents = [ak.contents.NumpyArray(block.columns[v.name]) for v in inside]
        record = ak.contents.RecordArray(contents, [v.name for v in inside])
        return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(block.offsets[collection.name]), record))

    def _refine(self) -> None:
        """Counters in their own integer type, and titles: uproot has no arguments for either.

        It keeps both in a table of branches, from which the head of the tree can be written anew.
        """
        types = {self._counters[group]: c.counter_dtype for group, c in self._jagged.items()}
        titles = {v.name: v.attributes["title"] for v in self._schema.variables if "title" in v.attributes}
        changed = bool(titles)
        tree = self._tree._cascading
        for branch in tree._branch_data:
            name = branch.get("fName")
            if branch["kind"] == "counter" and types[name] != np.dtype(np.int32):
                branch["dtype"] = types[name].newbyteorder(">")
                branch["fTitle"] = f"{name}/{_LETTERS[types[name].str[1:]]}"
                changed = True
            elif name in titles:
                branch["fTitle"] = titles[name]
        if changed:
            tree._relocate(self._file._file, self._file._file.sink)

    def write(self, block: EventTable) -> None:
        """Append a block of at least one event."""
        if self._tree is None:
            self._lay_out(-(-self._n_events // len(block)) + _SPARE)
        arrays: dict[str, Any] = {group: self._group(block, c) for group, c in self._jagged.items()}
        for variable in self._schema.variables:
            collection = self._schema.collection_by_name.get(variable.axis)
            if collection is None or collection.layout == "text":
                arrays[variable.name] = _flat(block, variable)
        with quick_sums():
            self._tree.extend(arrays)

    def finish(self) -> None:
        """Make sure that there is a tree, also without events."""
        if self._tree is None:
            self._lay_out(1)


_LETTERS = {"i1": "B", "u1": "b", "i2": "S", "u2": "s", "i4": "I", "u4": "i", "i8": "L", "u8": "l"}
"""ROOT's letter for an integer type."""


def _flat(block: EventTable, variable: Variable) -> ak.Array:
    """A column with one number, fixed array or string for each event."""
    values = block.columns[variable.name]
    if variable.axis == EVENTS:
        return ak.Array(ak.contents.NumpyArray(values))
    characters = ak.contents.NumpyArray(values, parameters={"__array__": "char"})
    offsets = ak.index.Index64(block.offsets[variable.axis])
    return ak.Array(ak.contents.ListOffsetArray(offsets, characters, parameters={"__array__": "string"}))


def _counters(schema: Schema, jagged: dict[str, Collection]) -> dict[str, str]:
    """The name of each collection's counter, made up where the source had none."""
    taken = {v.name for v in schema.variables} | set(schema.counters)
    names = {}
    for group, collection in jagged.items():
        name = collection.counter or "n" + collection.name
        while not collection.counter and name in taken:
            name += "_"
        taken.add(name)
        names[group] = name
    return names
