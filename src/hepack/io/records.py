"""`Records`: an array of any NumPy dtype as columns of an event table, and back.

The first axis of the array is the events. A record's fields become variables (``jet.pt`` for a record in
a record), further axes their fixed shape, strings text collections, HDF5's lists list collections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.io.base import Skipped
from hepack.io.column import number_column
from hepack.io.dtypes import metadata_of
from hepack.io.refusal import refusal
from hepack.io.strings import join_text, split_text, text_column
from hepack.table import Collection, EventTable, Variable, offsets_from_counts

Pieces = tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[Any]]]
"""Offsets and columns of an `EventTable`."""


@dataclass(frozen=True)
class Leaf:
    """A field that is no record itself: where it lies in the array, its dtype and shape in one event."""

    name: str
    path: tuple[str, ...]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """The view of this field, shape ``(events, *shape)``."""
        for name in self.path:
            array = array[name]
        return array

    @property
    def vlen(self) -> Any:
        return metadata_of(self.dtype).get("vlen")

    @property
    def is_text(self) -> bool:
        return self.dtype.kind in "SU" or self.vlen in (str, bytes)

    @property
    def is_list(self) -> bool:
        return self.vlen is not None and not self.is_text

    @property
    def obstacle(self) -> str:
        """Why a table cannot hold this field; empty if it can."""
        dtype = self.dtype
        if self.is_text or dtype.kind in "biuV" or (dtype.kind == "f" and dtype.itemsize <= 8):
            return ""
        if dtype.kind in "mM" or (dtype.kind == "c" and dtype.itemsize <= 16):
            return ""
        if self.is_list:
            of = np.dtype(self.vlen)
            if of.byteorder == ">":
                return "lists of big-endian numbers, whose bytes h5py mislabels"
            plain = of.kind in "biu" or (of.kind == "f" and of.itemsize <= 8)
            return "" if plain and not self.shape else f"lists of {of} in arrays or records of lists"
        if dtype.kind in "fc":
            return f"{8 * dtype.itemsize}-bit {'complex' if dtype.kind == 'c' else 'floats'} ({dtype})"
        if metadata_of(dtype).get("ref") is not None:
            return "references to other objects"
        return f"Python objects ({dtype})"


def leaves(
    dtype: np.dtype[Any], name: str, shape: tuple[int, ...], path: tuple[str, ...] = ()
) -> Iterator[Leaf]:
    """The leaves of a dtype, in order."""
    if dtype.subdtype is not None:
        base, inner = dtype.subdtype
        yield from leaves(base, name, shape + inner, path)
    elif dtype.names is not None:
        for field in dtype.names:
            inside = f"{name}.{field}" if name else field
            yield from leaves(dtype[field], inside, shape, (*path, field))
    else:
        yield Leaf(name or "data", path, dtype, shape)


class Records:
    """The plan for arrays of one dtype and shape ``(events, *shape)``.

    ``name`` is the column's name, or the first part of it for the fields of a record. ``sample`` gives
    the first events; it is asked for only where a name suggests an angle.
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        *,
        name: str = "",
        unit: str = "",
        sample: Callable[[], NDArray[Any]] | None = None,
    ) -> None:
        self.dtype, self.shape = _without_obstacles(dtype), shape
        every = list(leaves(dtype, name, shape))
        self.leaves = [leaf for leaf in every if not leaf.obstacle]
        self.skipped = [Skipped(leaf.name, leaf.obstacle) for leaf in every if leaf.obstacle]
        pairs = [_plan(leaf, unit) for leaf in self.leaves]
        angles = any(variable.kind == "angle" for _, variable in pairs)
        if angles and sample is not None:
            first = sample()
            pairs = [_plan(leaf, unit, None if leaf.is_list else leaf.of(first)) for leaf in self.leaves]
        self.collections = tuple(c for collections, _ in pairs for c in collections)
        self.variables = tuple(variable for _, variable in pairs)

    def take(self, array: NDArray[Any]) -> Pieces:
        """Offsets and columns of an array ``(events, *shape)``; all are copies."""
        offsets: dict[str, NDArray[np.int64]] = {}
        columns: dict[str, NDArray[Any]] = {}
        for leaf, variable in zip(self.leaves, self.variables, strict=True):
            values = leaf.of(array)
            if leaf.is_text:
                columns[leaf.name] = self._take_text(leaf, values, offsets)
            elif leaf.is_list:
                rows = list(values)
                offsets[leaf.name] = offsets_from_counts(np.fromiter(map(len, rows), np.int64, len(rows)))
                parts = [np.asarray(row, variable.dtype) for row in rows]
                columns[leaf.name] = np.concatenate([*parts, np.empty(0, variable.dtype)])
            else:
                columns[leaf.name] = _bits(values, variable)
        return offsets, columns

    @staticmethod
    def _take_text(
        leaf: Leaf, values: NDArray[Any], offsets: dict[str, NDArray[np.int64]]
    ) -> NDArray[np.uint8]:
        parent = leaf.name
        if leaf.shape:
            width = int(np.prod(leaf.shape))
            offsets[parent] = offsets_from_counts(np.full(len(values), width))
            parent += "[]"
        texts = values.ravel().tolist()
        offsets[parent], data = join_text([_encoded(text) for text in texts])
        return data

    def holds(self, block_of: Mapping[str, Variable]) -> bool:
        """Whether a schema's variables (by name) have all that `give` needs."""
        return bool(self.leaves) and all(
            (found := block_of.get(mine.name)) is not None
            and (found.dtype, found.shape, found.axis) == (mine.dtype, mine.shape, mine.axis)
            for mine in self.variables
        )

    def give(self, block: EventTable) -> NDArray[Any]:
        """The array ``(events, *shape)`` of `dtype`: the original but for the fields that were skipped."""
        array = np.zeros((block.n_events, *self.shape), self.dtype)
        for leaf, variable in zip(self.leaves, self.variables, strict=True):
            if leaf.path:
                target = leaf.of(array)
                target[...] = self._given(leaf, variable, block)
            else:
                array = self._given(leaf, variable, block)
        return array

    def _given(self, leaf: Leaf, variable: Variable, block: EventTable) -> NDArray[Any]:
        values = block.columns[variable.name]
        shape = (block.n_events, *leaf.shape)
        axis = block.schema.by_name[variable.name].axis
        if leaf.is_text:
            texts = split_text(block.offsets[axis], values)
            return _text_array(texts, leaf, shape)
        if leaf.is_list:
            of = np.dtype(leaf.vlen)
            rows = np.split(values.astype(of, copy=False), block.offsets[axis][1:-1])
            array = np.empty(block.n_events, object)
            array[:] = [row for row in rows][: block.n_events]  # noqa: C416  (a list of arrays, not one array)
            return array.astype(leaf.dtype)
        if leaf.dtype.kind in "cmMV":
            values = np.ascontiguousarray(values).view(leaf.dtype.newbyteorder("<"))
            values = values.reshape(shape)
        return values.astype(leaf.dtype, copy=False)


def _without_obstacles(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A record's dtype without the fields that a table cannot hold; any other dtype as it is."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return np.dtype((_without_obstacles(base), shape))
    if dtype.names is None or not any(leaf.obstacle for leaf in leaves(dtype, "", ())):
        return dtype
    kept = [name for name in dtype.names if any(not leaf.obstacle for leaf in leaves(dtype[name], "", ()))]
    return np.dtype([(name, _without_obstacles(dtype[name])) for name in kept])


def _plan(leaf: Leaf, unit: str, sample: NDArray[Any] | None = None) -> tuple[list[Collection], Variable]:
    if leaf.is_text:
        if not leaf.shape:
            collection, variable = text_column(leaf.name)
            return [collection], variable
        inner = Collection(name=f"{leaf.name}[]", parent=leaf.name, layout="text")
        _, variable = text_column(leaf.name)
        text = Variable(name=leaf.name, dtype=variable.dtype, axis=inner.name, kind="text")
        return [Collection(name=leaf.name), inner], text
    if leaf.is_list:
        dtype = np.dtype(leaf.vlen).newbyteorder("<")
        return [Collection(name=leaf.name)], number_column(leaf.name, dtype, axis=leaf.name, unit=unit)
    dtype, shape = leaf.dtype.newbyteorder("<"), leaf.shape
    if dtype.kind == "c":
        dtype, shape = np.dtype(f"<f{dtype.itemsize // 2}"), (*shape, 2)
    elif dtype.kind in "mM":
        step: str = np.datetime_data(leaf.dtype)[0]
        dtype, unit = np.dtype("<i8"), unit or step
    elif dtype.kind == "V":
        dtype, shape = np.dtype("u1"), (*shape, dtype.itemsize)
    if dtype.kind != "f" or leaf.dtype.kind == "c":
        sample = None
    return [], number_column(leaf.name, np.dtype(dtype.str), shape=shape, unit=unit, sample=sample)


def _bits(values: NDArray[Any], variable: Variable) -> NDArray[Any]:
    """Numbers in the variable's dtype and shape, with the same bits but for the byte order."""
    little = np.array(values, values.dtype.newbyteorder("<"), order="C")
    if little.dtype.kind in "cmMV":
        little = little.view(variable.dtype)
    return little.reshape(len(values), *variable.shape)


def _encoded(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogatepass")


def _text_array(texts: Sequence[bytes], leaf: Leaf, shape: tuple[int, ...]) -> NDArray[Any]:
    """Strings as an array of fixed width, or of objects."""
    decode: Callable[[bytes], Any] = lambda text: text.decode("utf-8", "surrogatepass")  # noqa: E731
    kind = leaf.dtype.kind
    items = list(map(decode, texts)) if kind == "U" else list(texts)
    width = leaf.dtype.itemsize // (4 if kind == "U" else 1)
    if kind != "O" and any(len(item) > width for item in items):
        raise refusal(
            "this array", leaf.name, f"a string is longer than {width} characters", "hdf5 or parquet"
        )
    array = np.empty(len(items), leaf.dtype)
    array[:] = items
    return array.reshape(shape)
