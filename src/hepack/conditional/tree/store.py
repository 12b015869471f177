"""A model as bytes and back; `docs/trees.md` says what every bit means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError, LimitError
from hepack.conditional.tree.cells import MAX_CELLS, Cells
from hepack.conditional.tree.parts import MAX_DEPTH, MAX_TERMS, MAX_TREES, NO_KNOT, Forest, Line
from hepack.conditional.tree.shapes import COEFFICIENTS, MAX_POLYNOMIALS
from hepack.entropy.packing import BitReader, BitWriter, UInt64s, best_order, unzigzag, zigzag

Int64s = NDArray[np.int64]

_MAX_COLUMN = 1 << 24


def write_model(used: tuple[int, ...], lagged: bool, line: Line, cells: Cells, forest: Forest) -> bytes:
    writer = BitWriter()
    writer.number(int(lagged), 1)
    _few(writer, len(used))
    places = np.array((-1, *used), np.int64)
    _codes(writer, places[1:] - places[:-1] - 1, 4)
    _write_cells(writer, cells)
    columns = len(used) + lagged
    _few(writer, len(line.places))
    if len(line.places):
        bent = line.knots != NO_KNOT
        for place, bends in zip(line.places.tolist(), bent.tolist(), strict=True):
            writer.number(place, _width(columns))
            writer.number(int(bends), 1)
        _rounded(writer, line.knots[bent])
        _rounded(writer, line.slopes)
        _signed(writer, np.array([line.offset], np.int64), 6)
    _write_forest(writer, forest, columns)
    return writer.to_bytes()


def read_model(data: bytes, features: int) -> tuple[tuple[int, ...], bool, Line, Cells, Forest]:
    """Undo `write_model`.

    Raises:
        CorruptFileError, LimitError: the data are not a model for so many features.
    """
    reader = BitReader(data)
    lagged = bool(reader.number(1))
    used = _steps(reader, _read_few(reader, features), features)
    columns = len(used) + lagged
    cells = _read_cells(reader)
    terms = _read_few(reader, MAX_TERMS)
    line = Line.none()
    if terms:
        pairs = np.array([(reader.number(_width(columns)), reader.number(1)) for _ in range(terms)], np.int64)
        bent = pairs[:, 1] == 1
        knots = np.full(terms, NO_KNOT, np.int64)
        knots[bent] = _read_rounded(reader, int(bent.sum()), 32)
        slopes = _read_rounded(reader, terms, 64)
        line = Line(pairs[:, 0].copy(), knots, slopes, int(_read_signed(reader, 1, 6)[0]))
    forest = _read_forest(reader, columns)
    if reader.used() != len(data):
        raise CorruptFileError("a tree model is followed by bytes that do not belong to it")
    line.check(columns)
    forest.check(columns)
    return used, lagged, line, cells, forest


def _write_cells(writer: BitWriter, cells: Cells) -> None:
    _few(writer, len(cells.relative))
    _few(writer, len(cells.absolute))
    writer.number(int(cells.copies), 1)
    writer.number(cells.polynomials, 3)
    if len(cells.relative):
        ends = cells.relative + np.left_shift(np.int64(1), cells.widths)
        _signed(writer, cells.relative[:1], 6)
        _signed(writer, cells.relative[1:] - ends[:-1], 6)
        _signed(writer, np.diff(cells.widths, prepend=0), 3)
    _signed(writer, np.diff(cells.absolute, prepend=np.int64(0)), 6)
    _signed(writer, np.diff(cells.heights, prepend=0), 3)


def _read_cells(reader: BitReader) -> Cells:
    relative = _read_few(reader, MAX_CELLS)
    absolute = _read_few(reader, MAX_CELLS)
    copies = bool(reader.number(1))
    polynomials = reader.number(3)
    if polynomials > MAX_POLYNOMIALS:
        raise CorruptFileError("a tree model has too many polynomials")
    lowers, widths = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if relative:
        start = _read_signed(reader, 1, 6)
        steps = _read_signed(reader, relative - 1, 6)
        widths = np.cumsum(_read_signed(reader, relative, 3))
        if int(widths.min()) < 0 or int(widths.max()) > 63:
            raise CorruptFileError("a cell's width is not within 0 to 63 bits")
        sizes = np.left_shift(np.int64(1), widths)
        lowers = np.cumsum(np.concatenate([start, steps + sizes[:-1]]))
    singles = np.cumsum(_read_signed(reader, absolute, 6))
    heights = np.cumsum(_read_signed(reader, relative + absolute + copies + 1, 3))
    return Cells(lowers, widths, singles, copies, heights, polynomials)


def _write_forest(writer: BitWriter, forest: Forest, columns: int) -> None:
    _few(writer, forest.trees)
    if not forest.trees:
        return
    writer.number(forest.depth, 3)
    writer.number(forest.grain - 1, 3)
    for column in forest.columns.reshape(-1).tolist():
        writer.number(column, _width(columns))
    _rounded(writer, forest.thresholds.reshape(-1).astype(np.int64))
    for row in range(COEFFICIENTS):
        _signed(writer, forest.leaves[:, :, row].reshape(-1), 3)


def _read_forest(reader: BitReader, columns: int) -> Forest:
    trees = _read_few(reader, MAX_TREES)
    if not trees:
        return Forest.none()
    depth = reader.number(3)
    grain = reader.number(3) + 1
    if depth > MAX_DEPTH:
        raise LimitError(f"the trees of a model claim {depth} levels, the cap is {MAX_DEPTH}")
    splits = trees * depth
    asked = np.array([reader.number(_width(columns)) for _ in range(splits)], np.int64)
    thresholds = _read_rounded(reader, splits, 32)
    leaves = np.stack(
        [_read_signed(reader, trees << depth, 3).reshape(trees, 1 << depth) for _ in range(COEFFICIENTS)], 2
    )
    if int(leaves.min()) < -128 or int(leaves.max()) > 127:
        raise CorruptFileError("a leaf's coefficient does not fit 8 bits")
    shape = (trees, depth)
    return Forest(asked.reshape(shape), thresholds.astype(np.int32).reshape(shape), leaves, grain)


def _trailing_zeros(values: Int64s) -> Int64s:
    """Up to 31, also for zero."""
    count = np.zeros_like(values)
    for bit in range(1, 32):
        count += (values & ((1 << bit) - 1)) == 0
    return np.where(values == 0, 0, count)


def _rounded(writer: BitWriter, values: Int64s) -> None:
    """Numbers with zeros at their ends: how many, then what is before them."""
    zeros = _trailing_zeros(values)
    _codes(writer, zeros, 4)
    _signed(writer, values >> zeros, 6)


def _read_rounded(reader: BitReader, count: int, bits: int) -> Int64s:
    """Undo `_rounded`, for numbers of so many bits."""
    zeros = _read_codes(reader, count, 4).astype(np.int64)  # may wrap below zero, which is too many as well
    heads = _read_signed(reader, count, 6)
    if count and int(zeros.max()) > 31:
        raise CorruptFileError("a number of a tree model has too many zeros at its end")
    values: Int64s = heads << zeros
    wrong = (values >> zeros != heads) | (values >> (bits - 1) != values >> 63)
    if wrong.any():
        raise CorruptFileError(f"a number of a tree model does not fit {bits} bits")
    return values


def _width(columns: int) -> int:
    """Bits that name one of so many columns."""
    return max(columns - 1, 0).bit_length()


def _few(writer: BitWriter, count: int) -> None:
    writer.codes(np.array([count], np.uint64), 3)


def _read_few(reader: BitReader, limit: int) -> int:
    count = int(reader.codes(1, 3)[0])
    if count > limit:
        raise LimitError(f"a tree model claims {count} parts of a kind, the cap is {limit}")
    return count


def _codes(writer: BitWriter, values: Int64s | UInt64s, bits: int) -> None:
    """An order in ``bits`` bits, then codes of that order; nothing at all for no values."""
    if len(values):
        order = best_order(values.astype(np.uint64), (1 << bits) - 1)
        writer.number(order, bits)
        writer.codes(values.astype(np.uint64), order)


def _read_codes(reader: BitReader, count: int, bits: int) -> UInt64s:
    if not count:
        return np.zeros(0, np.uint64)
    return reader.codes(count, reader.number(bits))


def _signed(writer: BitWriter, values: Int64s, bits: int) -> None:
    if len(values):
        _codes(writer, zigzag(values), bits)


def _read_signed(reader: BitReader, count: int, bits: int) -> Int64s:
    return unzigzag(_read_codes(reader, count, bits))


def _steps(reader: BitReader, count: int, limit: int) -> tuple[int, ...]:
    steps = _read_codes(reader, count, 4)
    if count and int(steps.max()) >= min(limit, _MAX_COLUMN):
        raise CorruptFileError("a tree model uses a feature that does not exist")
    used = np.cumsum(steps.astype(np.int64) + 1) - 1
    if count and int(used[-1]) >= limit:
        raise CorruptFileError("a tree model uses a feature that does not exist")
    return tuple(used.tolist())
