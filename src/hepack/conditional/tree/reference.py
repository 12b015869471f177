"""Slow twins of `hepack.conditional.tree.kernels`, in numpy and Python integers: same names and results.

Used by the tests, and in place of the kernels where numba is missing or HEPACK_NO_NUMBA=1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt64s = NDArray[np.uint64]

_COEFFICIENTS = 8
_NO_ROW = -(1 << 31)
_BLOCK = 1 << 12
_MASK = (1 << 64) - 1


def _signed(value: int) -> int:
    """A number modulo 2**64 as an int64."""
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value


def sum_leaves(
    rows: Int32s, columns: UInt64s, thresholds: Int32s, leaves: UInt64s, depth: int, trees: int, grain: int
) -> Int64s:
    """The sums of the leaves, shape ``(row, 8)``, for ``rows`` of shape ``(column, row)``."""
    sums = np.zeros((rows.shape[1], _COEFFICIENTS), np.int64)
    fields = leaves.reshape(2, -1, 1) >> (16 * np.arange(4, dtype=np.uint64)) & np.uint64(0xFFFF)
    table = np.concatenate(list(fields.astype(np.int64) - 128), axis=1)
    for tree in range(trees):
        leaf = np.full(len(sums), tree, np.int64)
        for level in range(depth):
            at = tree * depth + level
            leaf = (leaf << 1) + (rows[int(columns[at])] > thresholds[at])
        sums += table[leaf]
    return sums * grain


def weigh(sums: Int64s, base: Int32s, shapes: Int32s, rows: int) -> Int64s:
    """The weights, shape ``(row, cell)``."""
    logits = sums[:, :rows] @ shapes.reshape(rows, len(base)).astype(np.int64) + base
    depth = (logits.max(axis=1, keepdims=True) - logits) >> 3
    weights: Int64s = ((512 - (depth & 255)) << 6) >> np.minimum(depth >> 8, 31)
    return weights


def starts_of(weights: Int64s) -> Int64s:
    """The slots where the cells start, and the end: shape ``(row, cell + 1)``, each row from 0 to 2**16."""
    count = weights.shape[1]
    bounds = np.zeros((len(weights), count + 1), np.uint64)
    np.cumsum(weights, axis=1, out=bounds[:, 1:], dtype=np.uint64)
    scale = np.uint64((65536 - count) << 32) // bounds[:, -1:]
    starts = ((bounds * scale) >> np.uint64(32)).astype(np.int64) + np.arange(count + 1)
    starts[:, -1] = 65536
    return starts


def locate(x: Int32s, places: UInt64s, knots: Int64s, slopes: Int64s, offset: int, values: Int64s) -> None:
    rows = (
        x.reshape(-1, len(values)).astype(np.int64)
        if len(values)
        else np.zeros((1 + len(places), 0), np.int64)
    )
    total = np.full(len(values), offset, np.int64)
    for place, knot, slope in zip(places.tolist(), knots.tolist(), slopes, strict=True):
        column = rows[place]
        total += slope * np.where(column == _NO_ROW, 0, np.maximum(column, knot))
    values[:] = total >> 16


def assign(
    targets: Int64s, line: Int64s, lowers: Int64s, widths: UInt64s, cells: NDArray[np.uint8], places: UInt64s
) -> None:
    rest = targets - line
    at = np.maximum(np.searchsorted(lowers, rest, side="right") - 1, 0)
    offset = (rest - lowers[at]).view(np.uint64)
    inside = (rest >= lowers[at]) & (offset >> widths[at] == 0)
    cells[inside] = at[inside]
    places[inside] = offset[inside]


def intervals(
    x: Int32s,
    columns: UInt64s,
    thresholds: Int32s,
    leaves: UInt64s,
    depth: int,
    trees: int,
    grain: int,
    base: Int32s,
    shapes: Int32s,
    rows: int,
    count: int,
    cells: NDArray[np.uint8],
    starts: Int32s,
    sizes: Int32s,
) -> None:
    table = x.reshape(-1, len(cells))
    for at in range(0, len(cells), _BLOCK):
        block = slice(at, at + _BLOCK)
        sums = sum_leaves(table[:, block], columns, thresholds, leaves, depth, trees, grain)
        bounds = starts_of(weigh(sums, base, shapes, rows)[:, :count])
        row, cell = np.arange(len(bounds)), cells[block].astype(np.int64)
        starts[block] = bounds[row, cell]
        sizes[block] = bounds[row, cell + 1] - bounds[row, cell]


def push(starts: Int32s, sizes: Int32s, states: Int64s, words: NDArray[np.uint16]) -> int:
    lanes, state, position = len(states), states.tolist(), len(words)
    pairs = list(enumerate(zip(starts.tolist(), sizes.tolist(), strict=True)))
    for i, (start, size) in reversed(pairs):
        x = state[i % lanes]
        if x >= size << 16:
            position -= 1
            words[position] = x & 0xFFFF
            x >>= 16
        quotient, remainder = divmod(x, size)
        state[i % lanes] = (quotient << 16) + remainder + start
    states[:] = state
    return position


def decode(
    x: Int32s,
    lag: int,
    first: NDArray[np.bool_],
    columns: UInt64s,
    thresholds: Int32s,
    leaves: UInt64s,
    depth: int,
    trees: int,
    grain: int,
    base: Int32s,
    shapes: Int32s,
    rows: int,
    count: int,
    places: UInt64s,
    knots: Int64s,
    slopes: Int64s,
    offset: int,
    lowers: Int64s,
    widths: UInt64s,
    kinds: NDArray[np.uint8],
    words: NDArray[np.uint16],
    limit: int,
    states: Int64s,
    bits: UInt64s,
    n_bits: np.uint64,
    values: Int64s,
) -> tuple[int, int]:
    table, state, stored = x.reshape(-1, len(values)), states.tolist(), bits.tolist()
    lower, size, kind = lowers.tolist(), widths.tolist(), kinds.tolist()
    position = taken = previous = 0
    line = np.zeros(1, np.int64)
    for i in range(len(values)):
        if lag >= 0:
            previous = 0 if first[i] else previous
            table[lag, i] = _NO_ROW if first[i] else min(max(previous, -0x7FFFFFFF), 0x7FFFFFFF)
        sums = sum_leaves(table[:, i : i + 1], columns, thresholds, leaves, depth, trees, grain)
        bounds = starts_of(weigh(sums, base, shapes, rows)[:, :count])[0]
        word, slot = divmod(state[i % len(state)], 65536)
        cell = int(np.searchsorted(bounds[:-1], slot, side="right")) - 1
        now = int(bounds[cell + 1] - bounds[cell]) * word + slot - int(bounds[cell])
        if now < 65536:
            if position >= limit:
                return -1, 0
            now = (now << 16) | int(words[position])
            position += 1
        state[i % len(state)] = now
        if taken + size[cell] > int(n_bits):
            return 0, -1
        pair = stored[taken >> 6] | stored[(taken >> 6) + 1] << 64
        result: Any = ((pair >> (taken & 63)) & ((1 << size[cell]) - 1)) + lower[cell]
        taken += size[cell]
        locate(table[:, i].copy(), places, knots, slopes, offset, line)
        result += (0, int(line[0]), previous)[kind[cell]]
        previous = _signed(result)
        values[i] = previous
    states[:] = state
    return position, taken
