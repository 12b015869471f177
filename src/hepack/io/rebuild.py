"""Make one field's awkward layout from the variables and collections that `hepack.io.flatten` made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hepack.io.fieldpath import Path, has_records, join, split
from hepack.table import EVENTS, Collection, EventTable, Variable


class Rebuilder:
    """Puts together the ``members`` of one field."""

    def __init__(self, table: EventTable, members: Sequence[Variable]) -> None:
        schema = table.schema
        self._table = table
        self._records = has_records(schema)
        self._tuples = frozenset(schema.attributes.get("tuples", ()))
        self._leaves = {split(v.name, records=self._records): v for v in members}
        self._inside: dict[str, list[Collection]] = {}
        """Axis -> the collections right below it that some member lies in."""
        used = dict.fromkeys(name for v in members for name in schema.ancestors(v.axis))
        for name in used:
            collection = schema.collection_by_name[name]
            self._inside.setdefault(collection.parent, []).append(collection)
        self._chain = schema.ancestors(members[0].axis)

    def layout(self) -> Any:
        """The field, with one entry for each event."""
        root = next(iter(self._leaves))[:1]
        prefixes = {path[:n] for path in self._leaves for n in range(1, len(path) + 1)}
        # all down to the last collection that no part of a name matches wraps the field at its front
        matches = [split(name, records=self._records) in prefixes for name in self._chain]
        front = self._chain[: max((i + 1 for i, match in enumerate(matches) if not match), default=0)]
        layout = self._node(root, front[-1] if front else EVENTS)
        for name in reversed(front):
            layout = self._wrap(self._table.schema.collection_by_name[name], layout)
        return layout

    def _node(self, path: Path, axis: str) -> Any:
        """What is found at ``path``, with one entry for each entry of ``axis``."""
        for collection in self._inside.get(axis, ()):
            if not self._records or split(collection.name, records=True) == path:
                return self._wrap(collection, self._node(path, collection.name))
        if path in self._leaves:
            return self._leaf(self._leaves[path])
        depth = len(path)
        names = list(dict.fromkeys(p[depth] for p in self._leaves if p[:depth] == path and len(p) > depth))
        contents = [self._node((*path, name), axis) for name in names]
        is_tuple = join(path, records=True) in self._tuples
        return ak.contents.RecordArray(contents, None if is_tuple else names, length=self._table.length(axis))

    def _wrap(self, collection: Collection, content: Any) -> Any:
        offsets = self._table.offsets[collection.name]
        if collection.layout == "option":
            present = np.diff(offsets)
            index = np.where(present == 1, offsets[:-1], -1)
            return ak.contents.IndexedOptionArray.simplified(ak.index.Index64(index), content)
        if collection.layout == "text":
            kind = "bytestring" if collection.attributes.get("bytes") else "string"
            return ak.contents.ListOffsetArray(
                ak.index.Index64(offsets), content, parameters={"__array__": kind}
            )
        if "regular" in collection.attributes:
            size = int(collection.attributes["regular"])
            return ak.contents.RegularArray(content, size, zeros_length=len(offsets) - 1)
        return ak.contents.ListOffsetArray(ak.index.Index64(offsets), content)

    def _leaf(self, variable: Variable) -> Any:
        values = self._table.columns[variable.name]
        if variable.kind == "text":
            text = self._table.schema.collection_by_name[variable.axis]
            kind = "byte" if text.attributes.get("bytes") else "char"
            return ak.contents.NumpyArray(values, parameters={"__array__": kind})
        return ak.contents.NumpyArray(original_numbers(variable, values))


def original_numbers(variable: Variable, values: NDArray[Any]) -> NDArray[Any]:
    """Undo `hepack.io.flatten.as_numbers`: complex numbers and times as they were."""
    if variable.attributes.get("complex"):
        joined: NDArray[Any] = np.ascontiguousarray(values).view(f"c{2 * values.dtype.itemsize}")
        return joined[..., 0]
    if "time" in variable.attributes:
        return np.ascontiguousarray(values).view(variable.attributes["time"])
    return values
