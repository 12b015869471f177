"""Walk down an awkward layout and collect its columns and offsets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.io.base import Skipped
from hepack.io.fieldpath import Path, join
from hepack.io.naming import guess_kind
from hepack.table import DTYPES, Collection, Kind, Layout, Variable

UINT8 = np.dtype(np.uint8)


@dataclass
class Flattener:
    """Takes layouts apart; the results gather in its fields. ``records``: see `hepack.io.fieldpath`."""

    records: bool
    variables: list[Variable] = field(default_factory=list)
    collections: list[Collection] = field(default_factory=list)
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    offsets: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    tuples: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def visit(self, layout: Any, path: Path, axis: str, depth: int = 0) -> None:
        """Take apart a layout with one entry for each entry of ``axis``; ``depth`` lists lie above it."""
        if layout.is_indexed and not layout.is_option:
            self.visit(layout.project(), path, axis, depth)
        elif layout.parameter("__array__") in ("string", "bytestring"):
            self._text(layout, path, axis, depth)
        elif layout.is_option:
            self._option(layout, path, axis, depth)
        elif layout.is_numpy or _is_fixed(layout):
            self._numbers(layout, path, axis)
        elif layout.is_list:
            self._list(layout, path, axis, depth)
        elif layout.is_record and layout.fields:
            self._record(layout, path, axis)
        else:
            kinds = {"is_union": "a union of types", "is_record": "a record without fields"}
            kind = next((text for name, text in kinds.items() if getattr(layout, name)), "of unknown type")
            self._skip(path, f"it is {kind}")

    def _skip(self, path: Path, reason: str) -> None:
        self.skipped.append(Skipped(join(path, records=self.records), reason))

    def _enter(self, path: Path, axis: str, depth: int, layout: Layout, offsets: Any, **notes: Any) -> str:
        name = join(path, records=self.records) + "[]" * depth
        while name in self.offsets:  # only where a field's own name ends in []
            name += "[]"
        self.collections.append(Collection(name=name, parent=axis, layout=layout, attributes=notes))
        self.offsets[name] = np.asarray(offsets, np.int64).view()  # a view, so that it can be read-only
        return name

    def _record(self, layout: Any, path: Path, axis: str) -> None:
        if layout.is_tuple:
            self.tuples.append(join(path, records=True))
        for name in layout.fields:
            if name:
                self.visit(layout.content(name), (*path, name), axis)
            else:
                self._skip((*path, "?"), "it has no name")

    def _list(self, layout: Any, path: Path, axis: str, depth: int) -> None:
        notes = {"regular": layout.size} if layout.is_regular else {}
        listed = layout.to_ListOffsetArray64(True)
        name = self._enter(path, axis, depth, "list", listed.offsets.data, **notes)
        self.visit(listed.content[: self.offsets[name][-1]], path, name, depth + 1)

    def _option(self, layout: Any, path: Path, axis: str, depth: int) -> None:
        present = np.asarray(layout.mask_as_bool(valid_when=True))
        offsets = np.zeros(len(present) + 1, np.int64)
        np.cumsum(present, out=offsets[1:])
        name = self._enter(path, axis, depth, "option", offsets)
        self.visit(layout.project(), path, name, depth + 1)

    def _text(self, layout: Any, path: Path, axis: str, depth: int) -> None:
        notes = {"bytes": True} if layout.parameter("__array__") == "bytestring" else {}
        listed = layout.to_ListOffsetArray64(True)
        name = self._enter(path, axis, depth, "text", listed.offsets.data, **notes)
        content = np.asarray(listed.content.data)[: self.offsets[name][-1]]
        self._add(path, name, content.astype(UINT8, copy=False), "text", None, {})

    def _numbers(self, layout: Any, path: Path, axis: str) -> None:
        values, notes = as_numbers(np.asarray(layout.to_backend_array()))
        if values.dtype not in DTYPES:
            self._skip(path, f"its type {values.dtype} has no place in a table")
            return
        kind, period = guess_kind(path[-1], values.dtype, values)
        self._add(path, axis, values, kind, period, notes)

    def _add(
        self,
        path: Path,
        axis: str,
        values: NDArray[Any],
        kind: Kind,
        period: float | None,
        notes: dict[str, Any],
    ) -> None:
        name = join(path, records=self.records)
        self.columns[name] = values.view()
        variable = Variable(
            name=name,
            dtype=values.dtype,
            axis=axis,
            shape=values.shape[1:],
            unit="rad" if kind == "angle" else "",
            kind=kind,
            period=period,
            attributes=notes,
        )
        self.variables.append(variable)


def as_numbers(values: NDArray[Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """Contiguous little-endian numbers, and notes on what they were: complex numbers get a last axis of
    two, times become int64. What has no such form (long doubles) comes back as it is."""
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    if values.dtype.kind == "c" and values.dtype.itemsize <= 16:
        real = np.dtype(f"<f{values.dtype.itemsize // 2}")
        return values.view(real).reshape(*values.shape, 2), {"complex": True}
    if values.dtype.kind in "mM":
        return values.view("<i8"), {"time": values.dtype.str}
    return values, {}


def _is_fixed(layout: Any) -> bool:
    """Fixed-size lists of plain numbers, at any depth."""
    while layout.is_regular and layout.parameter("__array__") is None:
        layout = layout.content
        while layout.is_indexed and not layout.is_option:
            layout = layout.project()
        if layout.is_numpy:
            return True
    return False


def contains_record(layout: Any) -> bool:
    """Whether there is a record anywhere in a layout (but within unions, which are skipped)."""
    if layout.is_record:
        return True
    if layout.is_union or layout.is_numpy or layout.is_unknown:
        return False
    return contains_record(layout.content)
