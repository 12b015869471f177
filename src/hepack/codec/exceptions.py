"""Values of a column that are stored exactly, beside the symbols.

NaN, infinities, -0.0, sentinels such as -999, and strays off the grid. A frequent one is a *pattern*,
stored once; the rest are stored raw, bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.codec.choose import Chooser
from hepack.codec.description import MASK, MAX_PATTERNS, PLACES, StreamReader
from hepack.codec.streams import Stream
from hepack.table import Variable
from hepack.transforms import Transform, exact_transform, sentinels

SLICE = 1 << 16


def special_values(flat: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where values are NaN, infinite or -0.0; None if nowhere."""
    if flat.dtype.kind != "f":
        return None
    mask = np.empty(len(flat), np.bool_)
    for start in range(0, len(flat), SLICE):
        part = flat[start : start + SLICE]
        mask[start : start + SLICE] = ~np.isfinite(part) | ((part == 0) & np.signbit(part))
    return mask if mask.any() else None


def sentinels_moved(
    ordinary: NDArray[Any], transform: Transform, variable: Variable
) -> NDArray[np.bool_] | None:
    """Where a lossy transform would move a sentinel; None if nowhere."""
    if variable.tolerance.is_lossless:
        return None
    values = sentinels(ordinary, lambda part: transform.inverse(transform.forward(part), variable.dtype))
    return np.isin(ordinary, values) if len(values) else None


def encode_exceptions(
    flat: NDArray[Any], special: NDArray[np.bool_], chooser: Chooser
) -> tuple[list[int], list[Stream]]:
    places = np.flatnonzero(special)
    exact = exact_transform(flat.dtype).forward(flat[places])
    distinct, inverse, counts = np.unique(exact, return_inverse=True, return_counts=True)
    frequent = np.flatnonzero(counts >= 3)
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")][:MAX_PATTERNS]
    class_of = np.full(len(distinct), len(frequent) + 1, np.int64)
    class_of[frequent] = np.arange(1, len(frequent) + 1)
    classes = class_of[inverse]
    raw = exact[classes > len(frequent)]
    form = PLACES if len(places) * 32 < len(flat) else MASK
    parts = [distinct[frequent]]
    if form == PLACES:
        parts += [np.diff(places, prepend=0), classes]
    else:
        mask = np.zeros(len(flat), np.int64)
        mask[places] = classes
        parts.append(mask)
    parts.append(raw)
    return [form, len(places), len(frequent), len(raw)], [chooser.stream(part, "") for part in parts]


def decode_exceptions(
    ordinary: NDArray[Any], form: list[int], total: int, reader: StreamReader, dtype: np.dtype[Any]
) -> NDArray[Any]:
    kind, exceptions, n_patterns, n_raw = form
    if n_raw > exceptions:
        raise CorruptFileError("a column's exceptions contradict each other")
    patterns = reader.next(n_patterns)
    if kind == PLACES:
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
    flat[places] = exact_transform(dtype).inverse(exact, dtype)
    return flat
