"""One column to bytes and back: transform, exceptions, streams of integers.

The description that a column gets is in `hepack.codec.description`. Values that the transform does not
give back within the tolerance are exceptions (`hepack.codec.exceptions`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.codec.choose import Chooser
from hepack.codec.description import StreamReader, data_size, describe, parse_description
from hepack.codec.exceptions import (
    decode_exceptions,
    encode_exceptions,
    sentinels_moved,
    special_values,
)
from hepack.codec.streams import Stream
from hepack.table import Variable
from hepack.transforms import Dictionary, Symbols, Transform, exact_transform, rebuild

SLICE = 1 << 16
"""Values mapped at a time, so that the temporaries stay in the processor's cache."""

MAX_STRAYS = 0.02
"""If a transform misses more than this part of a column, the column is coded by its exact bits."""


@dataclass(frozen=True)
class EncodedColumn:
    """``description`` for the header, ``streams`` for the body; ``expected`` is what decoding must give:
    values, shape ``(entries, *variable.shape)``, that were compared with the originals."""

    description: list[Any]
    streams: list[Stream]
    expected: NDArray[Any]

    @property
    def data(self) -> bytes:
        """The streams, one after the other."""
        return b"".join(stream.data for stream in self.streams)


def encode_column(values: NDArray[Any], variable: Variable, chooser: Chooser) -> EncodedColumn:
    """Encode a column of shape ``(entries, *variable.shape)``; decoding keeps the variable's tolerance."""
    if not values.size:
        return EncodedColumn([["int"], [[0, "e"]]], [Stream(["e"], b"")], values)
    arrangement = chooser.arrangement(values)
    if arrangement == "split":
        return _encode_split(values, variable, chooser)
    order = int(arrangement == "components")
    flat = np.ascontiguousarray(arrange(values, order))
    special = special_values(flat)
    ordinary = flat[~special] if special is not None else flat
    transform = chooser.transform(variable, ordinary)
    spikes = sentinels_moved(ordinary, transform, variable)
    if spikes is not None:
        special = _merge(special, spikes, len(flat))
        ordinary = ordinary[~spikes]
    symbols, restored, bad = _map_checked(ordinary, transform, variable)
    if bad is not None and bad.mean() > MAX_STRAYS:  # the sample misled: the exact bits never do
        transform = exact_transform(flat.dtype)
        symbols, restored, bad = _map_checked(ordinary, transform, variable)
    if bad is not None:
        special = _merge(special, bad, len(flat))
        symbols, restored = symbols[~bad], restored[~bad]
    streams = [chooser.stream(symbols, variable.name)]
    streams += [chooser.stream(table, "") for table in transform.tables()]
    form: Any = 0
    if special is not None:
        form, extra = encode_exceptions(flat, special, chooser)
        streams += extra
        ordinary = restored
        restored = flat.copy()
        restored[~special] = ordinary
    expected = unarrange(restored, order, len(values), variable.shape)
    return EncodedColumn(describe(transform, streams, form, order), streams, expected)


def decode_column(
    description: list[Any], data: bytes | memoryview, entries: int, variable: Variable
) -> NDArray[Any]:
    """Undo `encode_column`.

    Raises:
        CorruptFileError: the description or the data contradict the format.
    """
    if description[0] == "split":
        return _decode_split(description, data, entries, variable)
    transform_part, stream_parts, form, order = parse_description(description)
    reader = StreamReader(stream_parts, data)
    total = entries * variable.width
    if not total:
        return np.empty((entries, *variable.shape), variable.dtype)
    exceptions = form[1] if form else 0
    if not 0 <= exceptions <= total:
        raise CorruptFileError(f"column '{variable.name}' claims {exceptions} exceptions of {total} values")
    symbols = reader.next(total - exceptions)
    transform = rebuild(transform_part[0], transform_part[1:], reader.next)
    if (variable.dtype.kind == "f") != (transform.tag != "int") and transform.tag != "dict":
        raise CorruptFileError(f"column '{variable.name}' cannot have the transform {transform.tag}")
    flat = restore(transform, symbols, variable.dtype)
    if form:
        flat = decode_exceptions(flat, form, total, reader, variable.dtype)
    reader.finish(variable.name)
    return unarrange(flat, order, entries, variable.shape)


def _component(variable: Variable, number: int) -> Variable:
    return replace(variable, name=f"{variable.name}[{number}]", shape=())


def _encode_split(values: NDArray[Any], variable: Variable, chooser: Chooser) -> EncodedColumn:
    flat = values.reshape(len(values), -1)
    parts = [
        encode_column(np.ascontiguousarray(flat[:, i]), _component(variable, i), chooser)
        for i in range(flat.shape[1])
    ]
    expected = np.stack([part.expected for part in parts], axis=1).reshape(values.shape)
    streams = [stream for part in parts for stream in part.streams]
    return EncodedColumn(["split", [part.description for part in parts]], streams, expected)


def _decode_split(
    description: list[Any], data: bytes | memoryview, entries: int, variable: Variable
) -> NDArray[Any]:
    parts = description[1]
    if len(parts) != variable.width or any(part[0] == "split" for part in parts):
        raise CorruptFileError(f"column '{variable.name}' is split into {len(parts)} parts")
    values = np.empty((entries, variable.width), variable.dtype)
    position = 0
    for number, part in enumerate(parts):
        end = position + data_size(part)
        piece = memoryview(data)[position:end]
        values[:, number] = decode_column(part, piece, entries, _component(variable, number))
        position = end
    return values.reshape(entries, *variable.shape)


def arrange(values: NDArray[Any], order: int) -> NDArray[Any]:
    """Flatten ``(entries, *shape)``: entry by entry (0) or component by component (1)."""
    return values.reshape(len(values), -1).T.reshape(-1) if order else values.reshape(-1)


def unarrange(flat: NDArray[Any], order: int, entries: int, shape: tuple[int, ...]) -> NDArray[Any]:
    """Undo `arrange`."""
    if order:
        flat = np.ascontiguousarray(flat.reshape(-1, entries).T)
    return flat.reshape(entries, *shape)


def restore(transform: Transform, symbols: Symbols, dtype: np.dtype[Any]) -> NDArray[Any]:
    """``transform.inverse`` over a long array, through a table where the symbols repeat."""
    out = np.empty(len(symbols), dtype)
    if not len(symbols):
        return out
    low, high = int(symbols.min()), int(symbols.max())
    if isinstance(transform, Dictionary) and not 0 <= low <= high < len(transform.entries):
        raise CorruptFileError("a column's symbols are outside its dictionary")
    try:
        if high - low < min(SLICE, len(symbols)) and transform.tag != "int":
            table = transform.inverse(np.arange(low, high + 1), dtype)
            return table.take(symbols - low) if low else table.take(symbols)
        for start in range(0, len(symbols), SLICE):
            out[start : start + SLICE] = transform.inverse(symbols[start : start + SLICE], dtype)
    except (IndexError, OverflowError) as error:
        raise CorruptFileError(f"a column's symbols are outside its dictionary: {error}") from None
    return out


def _merge(special: NDArray[np.bool_] | None, inside: NDArray[np.bool_], total: int) -> NDArray[np.bool_]:
    """Add a mask over the ordinary values to the mask over all values."""
    if special is None:
        return inside
    merged = special.copy()
    merged[np.flatnonzero(~special)[inside]] = True
    assert len(merged) == total
    return merged


def _map_checked(
    values: NDArray[Any], transform: Transform, variable: Variable
) -> tuple[Symbols, NDArray[Any], NDArray[np.bool_] | None]:
    """Symbols, what they decode to, and where that would break the tolerance (None if nowhere)."""
    symbols = np.empty(len(values), np.int64)
    restored = np.empty(len(values), variable.dtype)
    bad: NDArray[np.bool_] | None = None
    for start in range(0, len(values), SLICE):
        part = values[start : start + SLICE]
        mapped = transform.forward(part)
        symbols[start : start + SLICE] = mapped
        back = transform.inverse(mapped, variable.dtype)
        restored[start : start + SLICE] = back
        wrong = variable.tolerance.violated(part, back, period=variable.period)
        if wrong.any():
            if bad is None:
                bad = np.zeros(len(values), np.bool_)
            bad[start : start + SLICE] = wrong
    return symbols, restored, bad
