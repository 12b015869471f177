"""Columns beside the network: symbols of a plain transform, and the values that are stored exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.autocoder.integers import pack_integers, unpack_integers
from hepack.codec.exceptions import special_values
from hepack.table import Tolerance, Variable
from hepack.transforms import Transform, candidates, exact_transform, rebuild

Ints = NDArray[np.int64]
SAMPLE = 1 << 15


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """A column's settings for the header and its sections."""

    settings: dict[str, Any]
    sections: list[bytes]

    @property
    def nbytes(self) -> int:
        return sum(map(len, self.sections)) + 8 * len(self.sections)


def filled(values: NDArray[Any]) -> NDArray[Any]:
    """A copy with special values replaced by the median of the others (0 if there are none)."""
    bad = special_values(values)
    if bad is None:
        return values
    out = values.copy()
    rest = values[~bad]
    out[bad] = np.sort(rest)[len(rest) // 2] if len(rest) else 0
    return out


def encode_exceptions(values: NDArray[Any], wrong: NDArray[np.bool_]) -> list[bytes]:
    """The places and the exact values, as two sections."""
    places = np.flatnonzero(wrong)
    exact = exact_transform(values.dtype).forward(values[places])
    return [pack_integers(np.diff(places, prepend=0)), pack_integers(exact)]


def decode_exceptions(restored: NDArray[Any], count: int, sections: Iterator[bytes]) -> NDArray[Any]:
    """Put the exact values into ``restored``.

    Raises:
        CorruptFileError: places outside the column or out of order.
    """
    if not 0 <= count <= len(restored):
        raise CorruptFileError(f"a column of {len(restored)} values claims {count} exceptions")
    places = np.cumsum(unpack_integers(next(sections, b""), count))
    exact = unpack_integers(next(sections, b""), count)
    if count and not (places[0] >= 0 and places[-1] < len(restored) and (np.diff(places) > 0).all()):
        raise CorruptFileError("the places of a column's exceptions are impossible")
    restored[places] = exact_transform(restored.dtype).inverse(exact, restored.dtype)
    return restored


def encode_plain(values: NDArray[Any], tolerance: Tolerance) -> CodedColumn:
    """A column by the smallest of the plain transforms, within its tolerance."""
    ordinary = filled(values)
    variable = Variable(name="x", dtype=values.dtype, tolerance=tolerance)
    sample = ordinary[:: max(1, len(ordinary) // SAMPLE)]
    options = candidates(variable, ordinary, sample) if len(values) else [exact_transform(values.dtype)]
    best = min(options, key=lambda t: len(pack_integers(t.forward(sample))) + _table_bytes(t))
    symbols = best.forward(ordinary)
    restored = best.inverse(symbols, values.dtype)
    wrong = tolerance.violated(values, restored)
    sections = [pack_integers(symbols), *(pack_integers(table) for table in best.tables())]
    if wrong.any():
        sections += encode_exceptions(values, wrong)
    settings = {"form": "plain", "transform": [best.tag, best.settings()], "exceptions": int(wrong.sum())}
    return CodedColumn(settings, sections)


def _table_bytes(transform: Transform) -> int:
    return sum(len(pack_integers(table)) for table in transform.tables())


def decode_plain(
    settings: dict[str, Any], sections: Iterator[bytes], count: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Undo `encode_plain`."""
    symbols = unpack_integers(next(sections, b""), count)
    try:
        tag, numbers = settings["transform"]
        exceptions = int(settings["exceptions"])
        transform = rebuild(tag, numbers, lambda size: unpack_integers(next(sections, b""), size))
        restored = np.array(transform.inverse(symbols, dtype))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CorruptFileError(f"a plain column cannot be read: {error}") from None
    return decode_exceptions(restored, exceptions, sections) if exceptions else restored
