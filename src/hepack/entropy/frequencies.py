"""Fixed-point probabilities: integer cumulative tables, valid by construction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.entropy.packing import BitReader, BitWriter, best_order, read_varint, varint

MIN_PRECISION = 8
MAX_PRECISION = 16
MAX_TABLES = 1 << 16
MAX_ENTRIES = 1 << 24
_MAX_ORDER = 15


@dataclass(frozen=True)
class Frequencies:
    """One or more tables over the symbols ``0 .. n_symbols - 1``.

    ``bounds`` has shape ``(table, symbol + 1)``: each row climbs from 0 to exactly ``2**precision``, and symbol
    ``s`` owns the slots ``bounds[t, s] .. bounds[t, s + 1] - 1``. A symbol without slots is absent from its
    table and cannot be encoded with it.

    Raises:
        BadRequestError: the bounds are not such tables.
    """

    bounds: NDArray[np.int64]
    precision: int

    def __post_init__(self) -> None:
        bounds = np.array(self.bounds, np.int64, order="C")
        if not MIN_PRECISION <= self.precision <= MAX_PRECISION:
            raise BadRequestError(
                f"precision {self.precision} is not within {MIN_PRECISION} to {MAX_PRECISION}"
            )
        if bounds.ndim != 2 or bounds.shape[0] < 1 or bounds.shape[1] < 2:
            raise BadRequestError(f"frequency bounds have shape {bounds.shape}, expected (table, symbol + 1)")
        if (
            bounds.shape[0] > MAX_TABLES
            or bounds.shape[1] - 1 > 1 << self.precision
            or bounds.size > 2 * MAX_ENTRIES
        ):
            raise BadRequestError(f"frequency tables of shape {bounds.shape} are too many or too wide")
        ends = (bounds[:, 0] == 0) & (bounds[:, -1] == 1 << self.precision)
        if not ends.all() or (np.diff(bounds, axis=1) < 0).any():
            raise BadRequestError(f"every row of bounds must climb from 0 to {1 << self.precision}")
        bounds.setflags(write=False)
        object.__setattr__(self, "bounds", bounds)

    @property
    def n_tables(self) -> int:
        return int(self.bounds.shape[0])

    @property
    def n_symbols(self) -> int:
        return int(self.bounds.shape[1]) - 1

    @property
    def values(self) -> NDArray[np.int64]:
        """Frequencies, shape ``(table, symbol)``; each row sums to ``2**precision``."""
        return np.diff(self.bounds, axis=1)

    @classmethod
    def from_values(cls, values: NDArray[Any], precision: int) -> Frequencies:
        """From frequencies of shape ``(table, symbol)`` or ``(symbol,)`` that already sum to ``2**precision``."""
        table = np.atleast_2d(np.asarray(values, np.int64))
        bounds = np.zeros((table.shape[0], table.shape[1] + 1), np.int64)
        np.cumsum(table, axis=1, out=bounds[:, 1:])
        return cls(bounds, precision)

    @classmethod
    def from_counts(cls, counts: NDArray[Any], precision: int) -> Frequencies:
        """The nearest tables to ``counts``, shape ``(table, symbol)`` or ``(symbol,)``.

        Counted symbols get at least 1, the others are absent. Deterministic, on every platform.

        Raises:
            BadRequestError: a row counts nothing, less than nothing, or more symbols than ``2**precision``.
        """
        table = np.atleast_2d(np.asarray(counts)).astype(np.int64)
        if not MIN_PRECISION <= precision <= MAX_PRECISION:
            raise BadRequestError(f"precision {precision} is not within {MIN_PRECISION} to {MAX_PRECISION}")
        if table.size == 0 or (table < 0).any() or not table.any(axis=1).all():
            raise BadRequestError("counts must be zero or more, with something counted in every table")
        if (np.count_nonzero(table, axis=1) > 1 << precision).any():
            raise BadRequestError(
                f"a table counts more than the {1 << precision} symbols that its precision holds"
            )
        return cls.from_values(_normalise(table, 1 << precision), precision)

    def to_bytes(self) -> bytes:
        """A compact form; `from_bytes` gives an equal object back."""
        shape = bytes([self.precision]) + varint(self.n_tables - 1) + varint(self.n_symbols - 1)
        values = self.values[:, :-1].reshape(-1).astype(np.uint64)
        order = best_order(values, _MAX_ORDER)
        writer = BitWriter()
        writer.number(order, 4)
        writer.codes(values, order)
        return shape + writer.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Frequencies:
        """Undo `to_bytes`.

        Raises:
            CorruptFileError: the data is not what `to_bytes` writes.
            LimitError: the tables would be larger than any that hepack makes.
        """
        if not data or not MIN_PRECISION <= data[0] <= MAX_PRECISION:
            raise CorruptFileError("a frequency table has no sound precision")
        tables, at = read_varint(data, 1)
        symbols, at = read_varint(data, at)
        tables, symbols = tables + 1, symbols + 1
        if tables > MAX_TABLES or symbols > 1 << data[0] or tables * symbols > MAX_ENTRIES:
            raise LimitError(f"frequency tables claim {tables} x {symbols} entries, the cap is {MAX_ENTRIES}")
        reader = BitReader(memoryview(data)[at:])
        order = reader.number(4)
        head = reader.codes(tables * (symbols - 1), order)
        if at + reader.used() != len(data):
            raise CorruptFileError("a frequency table is followed by bytes that do not belong to it")
        if len(head) and int(head.max()) > 1 << data[0]:
            raise CorruptFileError("a frequency is larger than its table")
        return cls._completed(head.astype(np.int64).reshape(tables, symbols - 1), data[0])

    @classmethod
    def _completed(cls, head: NDArray[np.int64], precision: int) -> Frequencies:
        """Add the last frequency of each row, which is what the others leave."""
        last = (1 << precision) - head.sum(axis=1, keepdims=True)
        if (last < 0).any():
            raise CorruptFileError("the frequencies of a table sum to more than its size")
        return cls.from_values(np.concatenate([head, last], axis=1), precision)


def _normalise(counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Frequencies that sum to ``size`` in each row, at least 1 where counted: a divisor method, integers alone.

    The largest multiplier u is searched for which ``max(1, round(c u / 2**shift))`` sums to at most ``size``; the
    first symbols that the next u would raise get what is left. One slot more saves about ``c / (f + 1/2)``, so
    this is next to the shortest code length, and the cost does not depend on how uneven the counts are.
    """
    counted = counts > 0
    top = counts.max(axis=1, keepdims=True)
    small = np.maximum(counts >> np.maximum(_bits(top) - 29, 0), counted)  # so that the products fit 64 bits
    shift = _bits(small.max(axis=1, keepdims=True)) + 16

    def rounded(multiplier: NDArray[np.int64]) -> NDArray[np.int64]:
        nearest: NDArray[np.int64] = np.maximum(((small * multiplier >> (shift - 1)) + 1) >> 1, counted)
        return nearest

    low = np.zeros_like(top)
    high = np.full_like(top, (size + 1) << 17)  # here the top count alone is over the total
    while (high - low > 1).any():
        middle = (low + high) >> 1
        fits = rounded(middle).sum(axis=1, keepdims=True) <= size
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    values = rounded(low)
    raised = rounded(low + 1) > values
    left = size - values.sum(axis=1, keepdims=True)
    values += raised & (np.cumsum(raised, axis=1) <= left)
    return values


def _bits(values: NDArray[np.int64]) -> NDArray[np.int64]:
    powers = np.left_shift(np.int64(1), np.arange(63, dtype=np.int64))
    return np.searchsorted(powers, values, side="right").astype(np.int64)
