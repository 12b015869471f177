"""Awkward layouts to Arrow arrays of a wanted type, bit for bit."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def arrow_type(layout: Any) -> Any:
    """The plain Arrow type that holds a layout, and whether it may be null."""
    if layout.is_option or layout.is_indexed:
        return arrow_type(layout.project())
    marker = layout.parameter("__array__")
    if marker in ("string", "bytestring"):
        return pa.large_string() if marker == "string" else pa.large_binary()
    if layout.is_regular:
        return pa.list_(_item(layout.content), layout.size)
    if layout.is_list:
        return pa.large_list(_item(layout.content))
    if layout.is_record:
        names = layout.fields
        return pa.struct([arrow_field(name, layout.content(name)) for name in names])
    values = np.asarray(layout.data)
    kind = pa.from_numpy_dtype(values.dtype)
    for size in reversed(values.shape[1:]):
        kind = pa.list_(pa.field("element", kind, nullable=False), size)
    return kind


def arrow_field(name: str, layout: Any) -> Any:
    """The field of a column: nullable only where values can be missing."""
    return pa.field(name, arrow_type(layout), nullable=bool(layout.is_option))


def _item(layout: Any) -> Any:
    return arrow_field("element", layout)


def to_arrow(layout: Any, wanted: Any) -> Any:
    """An Arrow array of the ``wanted`` type with the values of a layout.

    Raises:
        pyarrow.ArrowInvalid: the values do not fit the type.
        TypeError: the layout is of another form than the type.
    """
    present = None
    if layout.is_option:
        present = ~np.asarray(layout.mask_as_bool(valid_when=False))
        layout = layout.project()
    if layout.is_indexed:
        layout = layout.project()
    if isinstance(wanted, pa.ExtensionType):
        return wanted.wrap_array(_array(layout, wanted.storage_type, present))
    return _array(layout, wanted, present)


def _array(layout: Any, wanted: Any, present: NDArray[np.bool_] | None) -> Any:
    if pa.types.is_dictionary(wanted):
        plain = _array(layout, wanted.value_type, present)
        return plain.dictionary_encode().cast(wanted)
    if layout.parameter("__array__") in ("string", "bytestring"):
        return _strings(layout, wanted, present)
    if pa.types.is_struct(wanted):
        children = [to_arrow(layout.content(i), wanted.field(i).type) for i in range(wanted.num_fields)]
        return _spread(pa.StructArray.from_arrays(children, fields=list(wanted)), present)
    if pa.types.is_fixed_size_list(wanted):
        return _spread(_fixed(layout, wanted), present)
    if pa.types.is_list(wanted) or pa.types.is_large_list(wanted):
        return _lists(layout, wanted, present)
    return _numbers(np.asarray(layout.data), wanted, present)


def _numbers(values: NDArray[Any], wanted: Any, present: NDArray[np.bool_] | None) -> Any:
    if values.dtype.kind in "mM":
        values = values.view(np.int64)
    if pa.types.is_temporal(wanted):
        bits = np.dtype(np.int32 if wanted.bit_width == 32 else np.int64)
        return _spread(pa.array(values.astype(bits)).view(wanted), present)
    array = pa.array(values)
    return _spread(array if array.type == wanted else array.cast(wanted), present)


def _lists(layout: Any, wanted: Any, present: NDArray[np.bool_] | None) -> Any:
    listed = layout.to_ListOffsetArray64(True)
    offsets = np.asarray(listed.offsets.data)
    content = to_arrow(listed.content[: offsets[-1]], wanted.value_type)
    kind, wide = (pa.LargeListArray, True) if pa.types.is_large_list(wanted) else (pa.ListArray, False)
    cuts, mask = _spread_offsets(offsets, present)
    return kind.from_arrays(_cuts(cuts, wide=wide), content, type=wanted, mask=mask)


def _strings(layout: Any, wanted: Any, present: NDArray[np.bool_] | None) -> Any:
    listed = layout.to_ListOffsetArray64(True)
    offsets = np.asarray(listed.offsets.data)
    data = np.ascontiguousarray(np.asarray(listed.content.data)[: offsets[-1]])
    cuts, mask = _spread_offsets(offsets, present)
    valid = None if present is None else pa.array(present).buffers()[1]
    nulls = 0 if mask is None else int((~present).sum()) if present is not None else 0
    plain = pa.large_string() if layout.parameter("__array__") == "string" else pa.large_binary()
    array = pa.Array.from_buffers(
        plain, len(cuts) - 1, [valid, pa.py_buffer(cuts.astype(np.int64)), pa.py_buffer(data)], nulls
    )
    array.validate(full=True)
    return array if plain == wanted else array.cast(wanted)


def _fixed(layout: Any, wanted: Any) -> Any:
    if layout.is_numpy:
        values = np.asarray(layout.data)
        inner = ak.contents.NumpyArray(values.reshape(-1, *values.shape[2:]))
        length = len(values)
    else:
        regular = layout.to_RegularArray()
        inner, length = regular.content[: len(regular) * regular.size], len(regular)
    content = to_arrow(inner, wanted.value_type)
    if len(content) != length * wanted.list_size:
        raise TypeError(f"{len(content)} values for {length} lists of {wanted.list_size}")
    return pa.FixedSizeListArray.from_arrays(content, type=wanted)


def _spread(array: Any, present: NDArray[np.bool_] | None) -> Any:
    """Put nulls between the values that are there."""
    if present is None or present.all():
        return array
    index = np.cumsum(present) - 1
    return array.take(pa.array(index, mask=~present))


def _spread_offsets(
    offsets: NDArray[np.int64], present: NDArray[np.bool_] | None
) -> tuple[NDArray[np.int64], Any]:
    """Offsets with an empty run for each missing list, and Arrow's mask of those."""
    if present is None or present.all():
        return offsets, None
    counts = np.zeros(len(present), np.int64)
    counts[present] = np.diff(offsets)
    cuts = np.zeros(len(present) + 1, np.int64)
    np.cumsum(counts, out=cuts[1:])
    return cuts, pa.array(~present)


def _cuts(offsets: NDArray[np.int64], *, wide: bool) -> Any:
    if wide:
        return pa.array(offsets, pa.int64())
    if len(offsets) and offsets[-1] >= 1 << 31:
        raise TypeError("a block's lists hold over 2^31 values")
    return pa.array(offsets.astype(np.int32), pa.int32())
