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
    """Frequencies that sum to ``size`` in each row: rounded down, then the rest given where it saves most bits.

    One slot more for a symbol counted ``c`` times saves ``c * log2((f + 1) / f)`` bits, in the order of
    ``c / (2 f + 1)``; one slot less costs in the order of ``c / (2 f - 1)``.
    """
    top = int(counts.sum(axis=1, dtype=np.float64).max())
    shift = max(0, top.bit_length() - 46)  # so that counts * size stays in 64 bits
    small: NDArray[np.int64] = np.where(counts > 0, np.maximum(counts >> shift, 1), 0)
    values: NDArray[np.int64] = small * size // small.sum(axis=1, keepdims=True)
    values = np.where(counts > 0, np.maximum(values, 1), 0)
    while True:
        missing = size - values.sum(axis=1, keepdims=True)
        if not missing.any():
            return values
        gain = np.where(small > 0, small / (2 * values + 1), -1.0)
        loss = np.where(values > 1, small / (2 * values - 1), np.inf)
        values = values + ((_rank(-gain) < missing) & (small > 0)) - ((_rank(loss) < -missing) & (values > 1))


def _rank(keys: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each key in its sorted row; the first of equal keys comes first."""
    order = np.argsort(keys, axis=1, kind="stable")
    rank: NDArray[np.int64] = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(keys.shape[1]), keys.shape), axis=1)
    return rank
