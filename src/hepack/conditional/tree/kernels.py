"""The inner loops of coding, compiled by numba; `hepack.conditional.tree.reference` holds the slow twins.

Integers alone, no GIL, no state. Callers pass contiguous arrays of exactly the dtypes named here. Unsigned
indices spare numba's check for negative ones. `docs/trees.md` has the equations.
"""

from __future__ import annotations

import numpy as np

from hepack._loops import jit

_COEFFICIENTS = 8
_NO_ROW = -(1 << 31)
_ONE = np.uint64(1)
_LOW6 = np.uint64(63)
_SIX = np.uint64(6)


@jit
def _sum_leaves(x, row, columns, thresholds, leaves, depth, trees, sums):  # type: ignore[no-untyped-def]
    """``sums`` (i32, 8) becomes the sum of the row's leaves; ``row`` is where the row starts in ``x``."""
    for j in range(_COEFFICIENTS):
        sums[j] = 0
    at = np.uint64(0)
    for tree in range(trees):
        leaf = np.uint64(tree)
        for _ in range(depth):
            leaf = (leaf << _ONE) + np.uint64(x[row + columns[at]] > thresholds[at])
            at += _ONE
        place = leaf << np.uint64(3)
        for j in range(_COEFFICIENTS):
            sums[j] += leaves[place + np.uint64(j)]


@jit
def _weigh(sums, base, shapes, rows, weights):  # type: ignore[no-untyped-def]
    """The weight (1 .. 2**15, or 0 where very unlikely) of each cell, and their sum."""
    cells = np.uint64(len(base))
    for c in range(cells):
        weights[c] = base[c]
    for j in range(rows):
        factor = sums[j]
        place = np.uint64(j) * cells
        for c in range(cells):
            weights[c] += np.int32(factor * shapes[place + np.uint64(c)])
    top = weights[0]
    for c in range(cells):
        top = max(top, weights[c])
    total = np.int32(0)
    for c in range(cells):
        depth = np.uint32(top - weights[c]) >> np.uint32(3)
        halvings = min(np.uint32(depth >> np.uint32(8)), np.uint32(31))
        mantissa = (np.uint32(512) - (depth & np.uint32(255))) << np.uint32(6)
        weights[c] = np.int32(mantissa >> halvings)
        total += weights[c]
    return total


@jit
def _locate(x, row, places, knots, slopes, offset):  # type: ignore[no-untyped-def]
    """The line's value for a row, modulo 2**64 before the shift."""
    total = np.int64(offset)
    for t in range(len(places)):
        value = np.int64(x[row + places[t]])
        if value != _NO_ROW:
            total += slopes[t] * max(value, knots[t])
    return total >> np.int64(16)


@jit
def locate(x, width, places, knots, slopes, offset, values):  # type: ignore[no-untyped-def]
    """The line's value (i64) for every row."""
    for i in range(len(values)):
        values[i] = _locate(x, np.uint64(i * width), places, knots, slopes, offset)


@jit
def intervals(  # type: ignore[no-untyped-def]
    x, width, columns, thresholds, leaves, depth, trees, base, shapes, rows, cells, starts, sizes
):
    """Where each row's cell (u8) starts and how large it is (both i32), of 2**16 slots."""
    count = len(base)
    sums = np.zeros(_COEFFICIENTS, np.int32)
    weights = np.empty(count, np.int32)
    spare = np.uint64(65536 - count) << np.uint64(32)
    for i in range(len(cells)):
        _sum_leaves(x, np.uint64(i * width), columns, thresholds, leaves, depth, trees, sums)
        total = _weigh(sums, base, shapes, rows, weights)
        scale = spare // np.uint64(total)
        cell = np.uint64(cells[i])
        before = np.int32(0)
        for c in range(cell):
            before += weights[c]
        start = np.int64((np.uint64(before) * scale) >> np.uint64(32)) + np.int64(cell)
        end = np.int64((np.uint64(before + weights[cell]) * scale) >> np.uint64(32)) + np.int64(cell) + 1
        if cells[i] == count - 1:
            end = np.int64(65536)
        starts[i] = start
        sizes[i] = end - start


@jit
def push(starts, sizes, states, words):  # type: ignore[no-untyped-def]
    """rANS of 16-bit precision, last row first; ``words`` (u16) fills from its end, its first index returns."""
    lane_mask = len(states) - 1
    position = len(words)
    for i in range(len(starts) - 1, -1, -1):
        frequency = np.int64(sizes[i])
        x = states[i & lane_mask]
        if x >= frequency << 16:
            position -= 1
            words[position] = x & 0xFFFF
            x >>= 16
        # x < 2**32 and frequency <= 2**16: the rounded double quotient never crosses an integer
        quotient = np.int64(np.float64(x) / np.float64(frequency))
        states[i & lane_mask] = (quotient << 16) + (x - quotient * frequency) + starts[i]
    return position


@jit
def _find(weights, scale, slot):  # type: ignore[no-untyped-def]
    """The last cell that starts at or before the slot, its start and its end, times 2**32."""
    limit = np.uint64(slot + 1) << np.uint64(32)
    last = np.uint64(len(weights) - 1)
    cell = np.uint64(0)
    start = np.uint64(0)
    while cell < last:
        end = start + np.uint64(weights[cell]) * scale + np.uint64(1 << 32)
        if end >= limit:
            return cell, start, end
        start = end
        cell += _ONE
    return last, start, np.uint64(1 << 48)


@jit
def decode(  # type: ignore[no-untyped-def]
    x, width, lag, first, columns, thresholds, leaves, depth, trees, base, shapes, rows,
    places, knots, slopes, offset, lowers, widths, kinds, words, limit, states, bits, n_bits, values,
):  # fmt: skip
    """Pop every row; returns words read and bits read, -1 where either runs out.

    ``x`` (i32, row-major, ``width`` a row) is overwritten in column ``lag`` (if not negative) as rows come.
    """
    count = len(base)
    sums = np.zeros(_COEFFICIENTS, np.int32)
    weights = np.empty(count, np.int32)
    spare = np.uint64(65536 - count) << np.uint64(32)
    lane_mask = len(states) - 1
    position = 0
    taken = np.uint64(0)
    previous = np.int64(0)
    for i in range(len(values)):
        row = np.uint64(i * width)
        if lag >= 0:
            if first[i]:
                previous = np.int64(0)
                x[row + np.uint64(lag)] = _NO_ROW
            else:
                x[row + np.uint64(lag)] = min(max(previous, -0x7FFFFFFF), 0x7FFFFFFF)
        _sum_leaves(x, row, columns, thresholds, leaves, depth, trees, sums)
        total = _weigh(sums, base, shapes, rows, weights)
        scale = spare // np.uint64(total)
        state = states[i & lane_mask]
        slot = state & 0xFFFF
        cell, low, high = _find(weights, scale, slot)
        start = np.int64(low >> np.uint64(32))
        end = np.int64(high >> np.uint64(32))
        state = (end - start) * (state >> 16) + slot - start
        if state < 65536:
            if position >= limit:
                return -1, 0
            state = (state << 16) | words[position]
            position += 1
        states[i & lane_mask] = state
        size = widths[cell]
        if taken + size > n_bits:
            return 0, -1
        word = taken >> _SIX
        shift = taken & _LOW6
        value = (bits[word] >> shift) | ((bits[word + _ONE] << _ONE) << (_LOW6 - shift))
        # keep the low `size` bits, without a shift by 64
        value &= ((_ONE << (size >> _ONE)) << (size - (size >> _ONE))) - _ONE
        taken += size
        result = np.int64(value) + lowers[cell]
        if kinds[cell] == 1:
            result += _locate(x, row, places, knots, slopes, offset)
        elif kinds[cell] == 2:
            result += previous
        values[i] = result
        previous = result
    return position, np.int64(taken)
