"""Code integers with a mixture of discretised logistics and spikes of their own for each row.

`docs/intnet.md`, "Mixture" and "Stream", says what every step and byte means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.entropy import rans64
from hepack.entropy.bins import decode_integers, encode_integers
from hepack.entropy.engine import mixture_loops as loops
from hepack.entropy.mixture_axis import MixtureAxis
from hepack.entropy.mixture_tables import exponentials, inverse_scales, sigmoids
from hepack.entropy.packing import as_words, read_varint, varint
from hepack.entropy.packing import pack as pack_bits
from hepack.entropy.rans import MAX_SYMBOLS

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
_ONE, _LOW6 = np.uint64(1), np.uint64(63)


def intervals(axis: MixtureAxis, outputs: Int32s, symbols: Int32s) -> tuple[Int64s, Int64s]:
    """First slot and number of slots (of 2**28) of each row's symbol.

    Raises:
        BadRequestError: the outputs have another shape than the axis needs.
    """
    rows = _checked(axis, outputs, len(symbols))
    starts, sizes = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    tables = exponentials(), inverse_scales(), sigmoids()
    loops().intervals(rows, symbols, axis.edges, axis.shape, *tables, starts, sizes)
    return starts, sizes


def encode_mixture(axis: MixtureAxis, outputs: Int32s, values: Int64s) -> bytes:
    """Code any int64 ``values``, shape ``(row,)``, given ``outputs``, shape ``(row, axis.columns)``."""
    array = np.ascontiguousarray(values, np.int64)
    if len(array) == 0:
        return b""
    symbols, rest, widths = axis.symbols(array)
    starts, sizes = intervals(axis, outputs, symbols)
    escapes = array[symbols < 0]
    escaped = encode_integers(escapes)
    plain = pack_bits(rest, widths) if widths.any() else b""
    head = varint(len(escapes)) + varint(len(escaped)) + varint(len(plain))
    return head + escaped + plain + rans64.encode(starts, sizes)


def mixture_bits(axis: MixtureAxis, outputs: Int32s, values: Int64s) -> NDArray[np.float64]:
    """The code length of each row in bits, 64 for the value of an escape."""
    symbols, _, widths = axis.symbols(np.ascontiguousarray(values, np.int64))
    _, sizes = intervals(axis, outputs, symbols)
    bits: NDArray[np.float64] = rans64.PRECISION - np.log2(sizes) + widths + 64.0 * (symbols < 0)
    return bits


class MixtureDecoder:
    """Decodes the rows of one stream in order, as many at a time as the caller has outputs for.

    Raises:
        CorruptFileError: ``data`` is no such stream of ``rows`` values.
        LimitError: ``rows`` is over the cap.
    """

    def __init__(self, axis: MixtureAxis, data: bytes | memoryview, rows: int) -> None:
        if not 0 <= rows <= MAX_SYMBOLS:
            raise LimitError(f"a stream claims {rows} values, the cap is {MAX_SYMBOLS}")
        if (rows == 0) != (len(data) == 0):
            raise CorruptFileError(f"a stream of {rows} values has {len(data)} bytes")
        self._axis = axis
        self._left = rows
        self._used = self._bit = self._escape = 0
        if rows == 0:
            return
        sizes, at = [], 0
        for _ in range(3):
            number, at = read_varint(data, at)
            sizes.append(number)
        n_escapes, escaped, plain = sizes
        if n_escapes > rows or escaped + plain > len(data) - at:
            raise CorruptFileError("a stream's parts are longer than the stream")
        self._escapes = decode_integers(bytes(data[at : at + escaped]), n_escapes)
        self._plain = as_words(data[at + escaped : at + escaped + plain])
        self._plain_bytes = plain
        self._state, self._words = rans64.start(data[at + escaped + plain :])

    def next(self, outputs: Int32s) -> Int64s:
        """The values of the next ``len(outputs)`` rows.

        Raises:
            CorruptFileError: the stream does not hold them.
            BadRequestError: the outputs have another shape than the axis needs, or are more than the rows left.
        """
        rows = _checked(self._axis, outputs, len(outputs))
        if len(rows) > self._left:
            raise BadRequestError(f"{len(rows)} rows were asked of a stream that has {self._left} left")
        if len(rows) == 0:
            return np.zeros(0, np.int64)
        self._left -= len(rows)
        symbols = np.empty(len(rows), np.int32)
        tables = exponentials(), inverse_scales(), sigmoids()
        axis = self._axis
        self._used = int(
            loops().pop(rows, axis.edges, axis.shape, *tables, self._state, self._words, self._used, symbols)
        )
        if self._used < 0:
            self._left = 0
            raise CorruptFileError("an entropy-coded stream ends early or names an impossible symbol")
        values = axis.values(symbols, self._low_bits(symbols))
        at = np.flatnonzero(symbols < 0)
        if self._escape + len(at) > len(self._escapes):
            raise CorruptFileError("a stream has fewer escaped values than rows that ask for one")
        values[at] = self._escapes[self._escape : self._escape + len(at)]
        self._escape += len(at)
        return values

    def finish(self) -> None:
        """Check that all rows were read and that nothing is left.

        Raises:
            BadRequestError: rows are left.
            CorruptFileError: the stream holds more than its rows.
        """
        if self._left:
            raise BadRequestError(f"{self._left} rows of a stream were not read")
        if not hasattr(self, "_state"):
            return
        rans64.finish(self._state, self._used, self._words)
        if self._escape != len(self._escapes) or (self._bit + 7) // 8 != self._plain_bytes:
            raise CorruptFileError("a stream has more escaped values or plain bits than its rows take")
        if self._bit % 64 and int(self._plain[self._bit >> 6]) >> (self._bit % 64):
            raise CorruptFileError("plain bits are followed by padding that is not zero")

    def _low_bits(self, symbols: Int32s) -> NDArray[np.uint64]:
        widths = self._axis.widths(symbols)
        ends = self._bit + np.cumsum(widths)
        if int(ends[-1]) > 8 * self._plain_bytes:
            raise CorruptFileError("the plain bits of a stream end early")
        if int(ends[-1]) == self._bit:
            return np.zeros(len(symbols), np.uint64)
        starts = ends - widths
        word, shift = starts >> 6, (starts & 63).astype(np.uint64)
        # two steps, because a shift by 64 is undefined
        bits = (self._plain[word] >> shift) | ((self._plain[word + 1] << _ONE) << (_LOW6 - shift))
        self._bit = int(ends[-1])
        low: NDArray[np.uint64] = bits & ((_ONE << widths.astype(np.uint64)) - _ONE)
        return low


def _checked(axis: MixtureAxis, outputs: Int32s, rows: int) -> Int32s:
    array = np.ascontiguousarray(outputs, np.int32)
    if array.shape != (rows, axis.columns):
        raise BadRequestError(f"outputs of shape {array.shape} do not fit {rows} rows of {axis.columns}")
    return array
