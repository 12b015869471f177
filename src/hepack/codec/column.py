"""One column to bytes and back: transform, exceptions, streams of integers.

The description of a column, stored in the block's header, is the JSON list
``[transform, streams, exceptions, order]``, trailing zeros left out:

* ``transform``: ``[tag, *settings]``;
* ``streams``: one list ``[length, tag, *settings]`` per stream, in the order symbols, tables of the
  transform, then, if there are exceptions, patterns, places, classes, raw values;
* ``exceptions``: 0, or ``[form, exceptions, patterns, raw values]``;
* ``order``: 1 when entries of a fixed shape are stored component by component.

Or it is ``["split", descriptions]``: each component of the entries is a column of its own.

Values that the transform does not give back within the tolerance are exceptions: NaN, infinities,
-0.0, values that must come back exactly (sentinels such as -999), and strays off the grid. A frequent
one is a *pattern*, stored once; the rest are stored raw, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.codec.choose import Chooser
from hepack.codec.streams import Stream, decode_bytes, decode_stream
from hepack.table import Variable
from hepack.transforms import Dictionary, Identity, OrderedBits, Symbols, Transform, rebuild

SLICE = 1 << 16
"""Values mapped at a time, so that the temporaries stay in the processor's cache."""

MAX_PATTERNS = 64
MAX_STRAYS = 0.02
MAX_SPIKES = 8
_PLACES, _MASK = 1, 2


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
    special = _special(flat)
    ordinary = flat[~special] if special is not None else flat
    transform = chooser.transform(variable, ordinary)
    spikes = _spikes(ordinary, transform, variable)
    if spikes is not None:
        special = _merge(special, spikes, len(flat))
        ordinary = ordinary[~spikes]
    symbols, restored, bad = _map_checked(ordinary, transform, variable)
    if bad is not None and bad.mean() > MAX_STRAYS:  # the sample misled: the exact bits never do
        transform = _exact(flat.dtype)
        symbols, restored, bad = _map_checked(ordinary, transform, variable)
    if bad is not None:
        special = _merge(special, bad, len(flat))
        symbols, restored = symbols[~bad], restored[~bad]
    streams = [chooser.stream(symbols, variable.name)]
    streams += [chooser.stream(table, "") for table in transform.tables()]
    form: Any = 0
    if special is not None:
        form, extra = _encode_exceptions(flat, special, chooser)
        streams += extra
        ordinary = restored
        restored = flat.copy()
        restored[~special] = ordinary
    expected = unarrange(restored, order, len(values), variable.shape)
    return EncodedColumn(_describe(transform, streams, form, order), streams, expected)


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
        flat = _decode_exceptions(flat, form, total, reader, variable.dtype)
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


def data_size(description: list[Any]) -> int:
    """Bytes of the data that a column's description stands for.

    Raises:
        CorruptFileError: it has an impossible form.
    """
    match description:
        case ["split", [*parts]] if all(isinstance(part, list) and part for part in parts):
            return sum(data_size(part) for part in parts if part[0] != "split")
        case ["text", _, [*streams]] | [list(), [*streams], *_]:
            sizes = [stream[0] if isinstance(stream, list) and stream else -1 for stream in streams]
            if all(type(size) is int and size >= 0 for size in sizes):
                return sum(sizes)
    raise CorruptFileError(f"an item has the impossible description {str(description)[:80]}")


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


def parse_description(description: list[Any]) -> tuple[list[Any], list[list[Any]], list[int] | None, int]:
    """Transform, streams, exceptions and order of a column's description.

    Raises:
        CorruptFileError: it has another form.
    """
    match description:
        case [[str(), *_] as transform, [*streams], *rest] if len(rest) <= 2:
            form, order = (*rest, 0, 0)[:2]
        case _:
            raise CorruptFileError(f"a column has the impossible description {str(description)[:80]}")
    if form == 0:
        form = None
    elif not (
        isinstance(form, list)
        and len(form) == 4
        and all(type(number) is int and number >= 0 for number in form)
        and form[0] in (_PLACES, _MASK)
        and form[2] <= MAX_PATTERNS
    ):
        raise CorruptFileError(f"a column has the impossible exceptions {str(form)[:80]}")
    if order not in (0, 1) or not all(isinstance(s, list) and s and type(s[0]) is int for s in streams):
        raise CorruptFileError("a column has an impossible list of streams")
    return transform, streams, form, order


class StreamReader:
    """Hands out the streams of a column one by one."""

    def __init__(self, parts: list[list[Any]], data: bytes | memoryview) -> None:
        self._parts = iter(parts)
        self._data = data
        self._position = 0

    def next(self, count: int) -> Symbols:
        """Decode the next stream, of ``count`` integers."""
        settings, piece = self._take()
        return decode_stream(settings, piece, count)

    def next_bytes(self, count: int) -> NDArray[np.uint8]:
        """Decode the next stream, of ``count`` bytes of text."""
        settings, piece = self._take()
        return decode_bytes(settings, piece, count)

    def _take(self) -> tuple[list[Any], bytes]:
        part = next(self._parts, None)
        if part is None:
            raise CorruptFileError("a column has too few streams")
        length, *settings = part
        end = self._position + length if type(length) is int else -1
        if end < self._position or end > len(self._data):
            raise CorruptFileError("a stream reaches beyond its column")
        piece = bytes(self._data[self._position : end])
        self._position = end
        return settings, piece

    def finish(self, name: str) -> None:
        """Check that nothing is left over."""
        if self._position != len(self._data) or next(self._parts, None) is not None:
            raise CorruptFileError(f"column '{name}' has bytes or streams left over")


def _special(flat: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where values are NaN, infinite or -0.0; None if nowhere."""
    if flat.dtype.kind != "f":
        return None
    mask = np.empty(len(flat), np.bool_)
    for start in range(0, len(flat), SLICE):
        part = flat[start : start + SLICE]
        mask[start : start + SLICE] = ~np.isfinite(part) | ((part == 0) & np.signbit(part))
    return mask if mask.any() else None


def _spikes(ordinary: NDArray[Any], transform: Transform, variable: Variable) -> NDArray[np.bool_] | None:
    """Where a lossy transform would move a value that repeats so often that it must mean something.

    A sentinel (-999), a default or a saturated reading fills at least 1 % of the entries; users
    compare with ``==``, so it has to come back exactly.
    """
    if variable.tolerance.is_lossless or len(ordinary) < 64:
        return None
    sample = ordinary[:: max(1, len(ordinary) // SLICE)]
    distinct, counts = np.unique(sample, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    distinct, counts = distinct[order], counts[order]
    frequent = distinct[counts >= max(16, len(sample) // 100)]
    if not len(frequent):
        return None
    moved = transform.inverse(transform.forward(frequent), variable.dtype) != frequent
    if moved.sum() > MAX_SPIKES:  # a coarse column; what fills 4 % stands out all the same
        moved &= counts[: len(frequent)] * 25 >= len(sample)
    if not moved.any():
        return None
    return np.isin(ordinary, frequent[moved][:MAX_SPIKES])


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


def _exact(dtype: np.dtype[Any]) -> Identity | OrderedBits:
    return OrderedBits() if dtype.kind == "f" else Identity()


def _encode_exceptions(
    flat: NDArray[Any], special: NDArray[np.bool_], chooser: Chooser
) -> tuple[list[int], list[Stream]]:
    places = np.flatnonzero(special)
    exact = _exact(flat.dtype).forward(flat[places])
    distinct, inverse, counts = np.unique(exact, return_inverse=True, return_counts=True)
    frequent = np.flatnonzero(counts >= 3)
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")][:MAX_PATTERNS]
    class_of = np.full(len(distinct), len(frequent) + 1, np.int64)
    class_of[frequent] = np.arange(1, len(frequent) + 1)
    classes = class_of[inverse]
    raw = exact[classes > len(frequent)]
    form = _PLACES if len(places) * 32 < len(flat) else _MASK
    parts = [distinct[frequent]]
    if form == _PLACES:
        parts += [np.diff(places, prepend=0), classes]
    else:
        mask = np.zeros(len(flat), np.int64)
        mask[places] = classes
        parts.append(mask)
    parts.append(raw)
    return [form, len(places), len(frequent), len(raw)], [chooser.stream(part, "") for part in parts]


def _decode_exceptions(
    ordinary: NDArray[Any], form: list[int], total: int, reader: StreamReader, dtype: np.dtype[Any]
) -> NDArray[Any]:
    kind, exceptions, n_patterns, n_raw = form
    if n_raw > exceptions:
        raise CorruptFileError("a column's exceptions contradict each other")
    patterns = reader.next(n_patterns)
    if kind == _PLACES:
        places = np.cumsum(reader.next(exceptions))
        classes = reader.next(exceptions)
        if exceptions and not (places[0] >= 0 and places[-1] < total and (np.diff(places) > 0).all()):
            raise CorruptFileError("the places of a column's exceptions are impossible")
    else:
        mask = reader.next(total)
        places = np.flatnonzero(mask)
        classes = mask[places]
    raw = reader.next(n_raw)
    is_raw = classes == n_patterns + 1
    known = (classes >= 1) & (classes <= n_patterns + 1)
    if len(places) != exceptions or not known.all() or int(is_raw.sum()) != n_raw:
        raise CorruptFileError("a column's exceptions contradict each other")
    exact = np.empty(exceptions, np.int64)
    exact[~is_raw] = patterns[classes[~is_raw] - 1]
    exact[is_raw] = raw
    flat = np.empty(total, dtype)
    keep = np.ones(total, np.bool_)
    keep[places] = False
    flat[keep] = ordinary
    flat[places] = _exact(dtype).inverse(exact, dtype)
    return flat


def _describe(transform: Transform, streams: list[Stream], form: Any, order: int) -> list[Any]:
    parts = [[len(stream.data), *stream.settings] for stream in streams]
    description: list[Any] = [[transform.tag, *transform.settings()], parts, form, order]
    while description[-1] == 0:
        description.pop()
    return description
