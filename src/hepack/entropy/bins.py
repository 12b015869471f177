"""Code a column of any integers: bins by rANS, and the place within the bin as plain bits.

`docs/entropy.md`, "Stream layout", says what every byte means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.entropy import rans
from hepack.entropy.fit import Bins, Census, fit_bins
from hepack.entropy.frequencies import MAX_PRECISION, MIN_PRECISION, Frequencies
from hepack.entropy.packing import (
    BitReader,
    BitWriter,
    UInt64s,
    best_order,
    pack_classes,
    read_varint,
    unpack_classes,
    unzigzag,
    varint,
    zigzag,
)

MAX_BINS = 1 << 13
_ORDER_BITS = (6, 3, 4)  # the fields that hold the orders of the codes for steps, widths, frequencies
_MODEL_HEAD, _MODEL_PER_BIN = 2, 48  # bytes that a model can take at most
_PRECISIONS = (8, 10, 12, 14)
_SAMPLE = 1 << 20
_CONSTANT, _BITS, _BINS = 0, 1, 2
_HAS_STEP = 4


@dataclass(frozen=True)
class _Affine:
    """Values are ``base + step * x`` modulo 2**64, with ``x`` starting at 0."""

    base: int
    step: int

    @classmethod
    def of(cls, values: NDArray[np.int64]) -> tuple[_Affine, UInt64s]:
        base = int(values.min())
        shifted = values.view(np.uint64) - np.uint64(base % (1 << 64))
        step = _common_divisor(shifted)
        return cls(base, step), shifted // np.uint64(step) if step > 1 else shifted

    def to_bytes(self, kind: int) -> bytes:
        base = varint(int(zigzag(np.array([self.base], np.int64))[0]))
        if self.step == 1:
            return bytes([kind]) + base
        return bytes([kind | _HAS_STEP]) + base + varint(self.step)

    @classmethod
    def read(cls, data: bytes | memoryview) -> tuple[_Affine, int]:
        base, at = read_varint(data, 1)
        step = 1
        if data[0] & _HAS_STEP:
            step, at = read_varint(data, at)
        return cls(int(unzigzag(np.array([base], np.uint64))[0]), step), at


def _common_divisor(shifted: UInt64s) -> int:
    """The greatest common divisor (1 if all are zero), mostly settled by a few of them."""
    divisor = int(np.gcd.reduce(shifted[:: max(1, len(shifted) // 64)]))
    if divisor == 0 or (shifted % np.uint64(divisor)).any():
        divisor = int(np.gcd.reduce(shifted))
    return max(divisor, 1)


def encode_integers(values: NDArray[np.int64]) -> bytes:
    """Encode any int64 values, shape ``(row,)``; `decode_integers` gives them back exactly.

    Raises:
        BadRequestError: not a row of int64.
    """
    array = np.ascontiguousarray(values)
    if array.ndim != 1 or array.dtype != np.int64:
        raise BadRequestError(
            f"integers to encode must be a row of int64, got {array.dtype} of shape {array.shape}"
        )
    if len(array) == 0:
        return b""
    affine, shifted = _Affine.of(array)
    top = int(shifted.max())
    if top == 0:
        return affine.to_bytes(_CONSTANT)
    head = affine.to_bytes(_BITS) + bytes([top.bit_length()])
    plain_size = len(head) + -(-len(array) * top.bit_length() // 8)
    bins, symbols = _fit_and_assign(shifted)
    if len(bins) > 1:
        coded = _encode_bins(affine, shifted, bins, symbols)
        if len(coded) < plain_size:
            return coded
    width = np.array([top.bit_length()], np.uint64)
    return head + pack_classes(shifted, np.zeros(len(array), np.uint16), np.zeros(1, np.uint64), width)


def _fit_and_assign(shifted: UInt64s) -> tuple[Bins, NDArray[np.uint16]]:
    """Bins for the values, and each value's bin; a long column is fitted on every k-th value."""
    stride = -(-len(shifted) // _SAMPLE)
    bins = fit_bins(Census.of(shifted[::stride]), weight=float(stride))
    symbols, outside = bins.assign(shifted)
    return bins.filled(shifted, symbols) if outside else (bins, symbols)


def _encode_bins(affine: _Affine, shifted: UInt64s, bins: Bins, symbols: NDArray[np.uint16]) -> bytes:
    counts = np.bincount(symbols, minlength=len(bins))
    if not counts.all():  # a sample's bin may turn out empty
        kept = np.cumsum(counts > 0) - 1
        symbols = kept.astype(np.uint16)[symbols]
        bins = Bins(bins.firsts[counts > 0], bins.lowers[counts > 0], bins.widths[counts > 0])
        counts = counts[counts > 0]
    model, frequencies = _best_model(bins, counts)
    offsets = pack_classes(shifted, symbols, bins.lowers, bins.widths)
    kind = _BINS | (frequencies.precision - MIN_PRECISION) << 3
    return affine.to_bytes(kind) + varint(len(bins) - 2) + model + rans.encode(symbols, frequencies) + offsets


def _best_model(bins: Bins, counts: NDArray[np.int64]) -> tuple[bytes, Frequencies]:
    """The model's bytes and frequencies at the precision where both and the symbols take the fewest bits."""
    best: tuple[float, bytes, Frequencies] | None = None
    for precision in _PRECISIONS:
        if len(bins) > 1 << precision:
            continue
        frequencies = Frequencies.from_counts(counts, precision)
        model = _write_model(bins, frequencies)
        bits = 8 * len(model) + float((counts * (precision - np.log2(frequencies.values[0]))).sum())
        if best is None or bits < best[0]:
            best = (bits, model, frequencies)
    assert best is not None
    return best[1], best[2]


def _write_model(bins: Bins, frequencies: Frequencies) -> bytes:
    widths = bins.widths.astype(np.int64)
    steps = bins.lowers - np.concatenate([np.zeros(1, np.uint64), _ends(bins.lowers, widths)[:-1]])
    fields = (
        zigzag(steps.view(np.int64)),
        zigzag(np.diff(widths, prepend=0)),
        (frequencies.values[0][:-1] - 1).astype(np.uint64),
    )
    writer = BitWriter()
    for field, size in zip(fields, _ORDER_BITS, strict=True):
        order = best_order(field, (1 << size) - 1)
        writer.number(order, size)
        writer.codes(field, order)
    return writer.to_bytes()


def _read_model(data: bytes | memoryview, n_bins: int, precision: int) -> tuple[Bins, Frequencies, int]:
    """Undo `_write_model`; also the bytes it took."""
    reader = BitReader(data[: _MODEL_HEAD + _MODEL_PER_BIN * n_bins])
    steps = unzigzag(reader.codes(n_bins, reader.number(_ORDER_BITS[0]))).view(np.uint64)
    widths = np.cumsum(unzigzag(reader.codes(n_bins, reader.number(_ORDER_BITS[1]))))
    head = reader.codes(n_bins - 1, reader.number(_ORDER_BITS[2]))
    if int(widths.min()) < 0 or int(widths.max()) > 64:
        raise CorruptFileError("a bin's width is not within 0 to 64 bits")
    if int(head.max()) >= 1 << precision:
        raise CorruptFileError("a bin's frequency is larger than its table")
    values = np.append(head.astype(np.int64) + 1, 0)
    values[-1] = (1 << precision) - int(values.sum())
    if values[-1] < 1:
        raise CorruptFileError("the frequencies of the bins sum to more than their table's size")
    sizes = _ends(np.zeros(n_bins, np.uint64), widths)
    lowers = np.cumsum(steps, dtype=np.uint64)
    lowers[1:] += np.cumsum(sizes[:-1], dtype=np.uint64)
    bins = Bins(lowers, lowers, widths.astype(np.uint64))
    return bins, Frequencies.from_values(values, precision), reader.used()


def _ends(lowers: UInt64s, widths: NDArray[np.int64]) -> UInt64s:
    """The first value after each bin, modulo 2**64."""
    sizes = np.where(widths < 64, np.uint64(1) << np.minimum(widths, 63).astype(np.uint64), np.uint64(0))
    return lowers + sizes


def decode_integers(data: bytes | memoryview, n: int) -> NDArray[np.int64]:
    """Decode the ``n`` values that `encode_integers` wrote.

    Raises:
        CorruptFileError: the data is not such a stream of ``n`` values.
        LimitError: ``n`` is over the cap.
    """
    if not 0 <= n <= rans.MAX_SYMBOLS:
        raise LimitError(f"a stream of integers claims {n} values, the cap is {rans.MAX_SYMBOLS}")
    if n == 0 or not data:
        if n or data:
            raise CorruptFileError(f"a stream of {n} integers has {len(data)} bytes")
        return np.zeros(0, np.int64)
    data = memoryview(data)
    kind = data[0] & 3
    if data[0] >> 3 > (MAX_PRECISION - MIN_PRECISION if kind == _BINS else 0) or kind > _BINS:
        raise CorruptFileError(f"a stream of integers starts with the impossible byte {data[0]}")
    affine, at = _Affine.read(data)
    if kind == _CONSTANT:
        if at != len(data):
            raise CorruptFileError("a constant stream is followed by bytes that do not belong to it")
        return np.full(n, affine.base, np.int64)
    if kind == _BITS:
        return _decode_bits(data[at:], n, affine)
    return _decode_bins(data[at:], n, affine, MIN_PRECISION + (data[0] >> 3))


def encode_sized(values: NDArray[np.integer]) -> bytes:
    """`encode_integers` after the varint of its length, so that more can follow."""
    coded = encode_integers(np.ascontiguousarray(values, np.int64))
    return varint(len(coded)) + coded


def decode_sized(data: bytes | memoryview, at: int, n: int) -> tuple[NDArray[np.int64], int]:
    """The ``n`` values that `encode_sized` wrote at byte ``at``, and where they end.

    Raises:
        CorruptFileError, LimitError: they are not there.
    """
    length, at = read_varint(data, at)
    if length > len(data) - at:
        raise CorruptFileError("a list of integers reaches beyond its stream")
    return decode_integers(data[at : at + length], n), at + length


def _decode_bits(data: memoryview, n: int, affine: _Affine) -> NDArray[np.int64]:
    if not data or data[0] > 64 or -(-n * data[0] // 8) != len(data) - 1:
        raise CorruptFileError(f"a stream of {n} integers of equal width has {len(data)} bytes")
    width = np.array([data[0]], np.uint64)
    lower = np.array([affine.base], np.int64).view(np.uint64)
    classes = np.zeros(n, np.uint16)
    return unpack_classes(data[1:], classes, lower, width, step=affine.step).view(np.int64)


def _decode_bins(data: memoryview, n: int, affine: _Affine, precision: int) -> NDArray[np.int64]:
    n_bins, at = read_varint(data, 0)
    n_bins += 2
    if n_bins > min(MAX_BINS, 1 << precision):
        raise LimitError(
            f"a stream of integers claims {n_bins} bins, the cap is {min(MAX_BINS, 1 << precision)}"
        )
    bins, frequencies, used = _read_model(data[at:], n_bins, precision)
    at += used
    symbols, used = rans.decode_head(data[at:], n, frequencies)
    base = np.array([affine.base], np.int64).view(np.uint64)
    lowers = base + bins.lowers * np.uint64(affine.step)
    return unpack_classes(data[at + used :], symbols, lowers, bins.widths, step=affine.step).view(np.int64)
