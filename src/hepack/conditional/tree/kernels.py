"""The inner loops of coding, compiled by numba; `hepack.conditional.tree.reference` holds the slow twins.

Integers alone, no GIL, no state. Callers pass contiguous arrays of exactly the dtypes named here. Unsigned
indices spare numba's check for negative ones. `docs/trees.md` has the equations.
"""

from __future__ import annotations

import numpy as np

from hepack._loops import jit

_BLOCK = 128
_COEFFICIENTS = 8
_GROUP = np.uint64(16)
_NO_ROW = -(1 << 31)
_ONE = np.uint64(1)
_LOW6 = np.uint64(63)
_LOW16 = np.uint64(0xFFFF)
_SIX = np.uint64(6)


@jit
def _sum_leaves(x, n, row, columns, thresholds, leaves, depth, trees, sums):  # type: ignore[no-untyped-def]
    """``sums`` (u64, 2) becomes the sum of the row's leaves, four coefficients of 16 bits in each."""
    first, second, at = np.uint64(0), np.uint64(0), np.uint64(0)
    half = np.uint64(trees) << np.uint64(depth)
    for tree in range(trees):
        leaf = np.uint64(tree)
        for _ in range(depth):
            leaf = (leaf << _ONE) + np.uint64(x[columns[at] * n + row] > thresholds[at])
            at += _ONE
        first += leaves[leaf]
        second += leaves[half + leaf]
    sums[0], sums[1] = first, second


@jit
def _sum_block(x, n, row, columns, thresholds, leaves, depth, trees, leaf, sums):  # type: ignore[no-untyped-def]
    """`_sum_leaves` for as many rows as ``leaf`` (i32) has; ``sums`` has two for each of them."""
    count = np.uint64(len(leaf))
    half = np.uint64(trees) << np.uint64(depth)
    for i in range(count):
        sums[i] = sums[count + i] = 0
    at = 0
    for tree in range(trees):
        for i in range(count):
            leaf[i] = tree
        for _ in range(depth):
            start, threshold = columns[at] * n + np.uint64(row), thresholds[at]
            at += 1
            for i in range(count):
                leaf[i] = np.int32(np.int32(leaf[i] << np.int32(1)) + np.int32(x[start + i] > threshold))
        for i in range(count):
            place = np.uint64(np.uint32(leaf[i]))
            sums[i] += leaves[place]
            sums[count + i] += leaves[half + place]


@jit
def _unpack(first, second, trees, grain, factors):  # type: ignore[no-untyped-def]
    """The eight coefficients (i32) of summed leaves, each of which was stored 128 too high."""
    zero = np.int64(trees) << np.int64(7)
    for j in range(4):
        shift = np.uint64(16 * j)
        factors[j] = (np.int64((first >> shift) & _LOW16) - zero) * grain
        factors[j + 4] = (np.int64((second >> shift) & _LOW16) - zero) * grain


@jit
def _weigh(factors, base, shapes, rows, weights):  # type: ignore[no-untyped-def]
    """The weight (1 .. 2**15, or 0 where very unlikely) of each cell, and their sum."""
    cells = len(base)
    done = 0
    for k in range(cells):  # a loop, since numba's assignment of slices takes longer than all that follows
        weights[k] = base[k]
    while done + 4 <= rows:
        a, b, c, d = factors[done], factors[done + 1], factors[done + 2], factors[done + 3]
        at = done * cells
        s, t = shapes[at : at + cells], shapes[at + cells : at + 2 * cells]
        u, v = shapes[at + 2 * cells : at + 3 * cells], shapes[at + 3 * cells : at + 4 * cells]
        for k in range(cells):
            more = np.int32(np.int32(a * s[k]) + np.int32(b * t[k]))
            more = np.int32(more + np.int32(np.int32(c * u[k]) + np.int32(d * v[k])))
            weights[k] = np.int32(weights[k] + more)
        done += 4
    while done < rows:
        a, s = factors[done], shapes[done * cells : (done + 1) * cells]
        for k in range(cells):
            weights[k] = np.int32(weights[k] + np.int32(a * s[k]))
        done += 1
    top = weights[0]
    for k in range(cells):
        top = max(top, weights[k])
    total = np.int32(0)
    for k in range(cells):
        depth = np.uint32(np.uint32(np.int32(top - weights[k])) >> np.uint32(3))
        halvings = min(np.uint32(depth >> np.uint32(8)), np.uint32(31))
        mantissa = np.uint32(np.uint32(np.uint32(512) - np.uint32(depth & np.uint32(255))) << np.uint32(6))
        weight = np.int32(np.uint32(mantissa >> halvings))
        weights[k] = weight
        total = np.int32(total + weight)
    return total


@jit
def _locate(x, n, row, places, knots, slopes, offset):  # type: ignore[no-untyped-def]
    """The line's value for a row, modulo 2**64 before the shift."""
    total = np.int64(offset)
    for t in range(len(places)):
        value = np.int64(x[places[t] * n + row])
        if value != _NO_ROW:
            total += slopes[t] * max(value, knots[t])
    return total >> np.int64(16)


@jit
def locate(x, places, knots, slopes, offset, values):  # type: ignore[no-untyped-def]
    """The line's value (i64) for every row."""
    values[:] = offset
    for t in range(len(places)):
        at = np.int64(places[t]) * len(values)
        column, knot, slope = x[at : at + len(values)], knots[t], slopes[t]
        for i in range(len(values)):
            value = np.int64(column[i])
            values[i] += 0 if value == _NO_ROW else slope * max(value, knot)
    for i in range(len(values)):
        values[i] >>= 16


@jit
def assign(targets, line, lowers, widths, cells, places):  # type: ignore[no-untyped-def]
    """The relative cell (u8) of each target and the target's place (u64) in it; none if it lies in none.

    Cell ``c`` holds ``2**widths[c]`` (u64) values from the line's value plus ``lowers[c]`` (i64, ascending) on.
    """
    count = np.uint64(len(lowers))
    for i in range(len(targets)):
        rest = targets[i] - line[i]
        low, high = np.uint64(0), count
        while low < high:
            middle = (low + high) >> _ONE
            if lowers[middle] <= rest:
                low = middle + _ONE
            else:
                high = middle
        if low:
            offset = np.uint64(rest - lowers[low - _ONE])
            if offset >> widths[low - _ONE] == 0:
                cells[i] = low - _ONE
                places[i] = offset


@jit
def intervals(  # type: ignore[no-untyped-def]
    x, columns, thresholds, leaves, depth, trees, grain, base, shapes, rows, count, cells, starts, sizes
):
    """Where each row's cell (u8) starts and how large it is (both i32), of 2**16 slots."""
    n = len(cells)
    factors, weights = np.zeros(_COEFFICIENTS, np.int32), np.empty(len(base), np.int32)
    leaf, sums = np.empty(_BLOCK, np.int32), np.empty(2 * _BLOCK, np.uint64)
    spare = np.uint64(65536 - count) << np.uint64(32)
    for at in range(0, n, _BLOCK):
        block = min(_BLOCK, n - at)
        _sum_block(x, np.uint64(n), at, columns, thresholds, leaves, depth, trees, leaf[:block], sums)
        for i in range(block):
            _unpack(sums[i], sums[block + i], trees, grain, factors)
            total = _weigh(factors, base, shapes, rows, weights)
            scale = spare // np.uint64(total)
            cell = np.int64(cells[at + i])
            before = np.int32(0)
            for c in range(cell):
                before = np.int32(before + weights[c])
            start = np.int64((np.uint64(before) * scale) >> np.uint64(32)) + cell
            after = np.int32(before + weights[cell])
            end = np.int64((np.uint64(after) * scale) >> np.uint64(32)) + cell + 1
            if cell == count - 1:
                end = np.int64(65536)
            starts[at + i] = start
            sizes[at + i] = end - start


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
def _find(weights, last, scale, slot):  # type: ignore[no-untyped-def]
    """The cell, at most the ``last``, whose slots hold this one; its start and its end, times 2**32."""
    limit = np.uint64(slot + 1) << np.uint64(32)
    end_cell = np.uint64(last)
    cell, start = np.uint64(0), np.uint64(0)
    while cell + _GROUP <= end_cell:
        together = np.int32(0)
        for k in range(_GROUP):
            together = np.int32(together + weights[cell + k])
        end = start + np.uint64(np.uint32(together)) * scale + (_GROUP << np.uint64(32))
        if end >= limit:
            break
        start = end
        cell += _GROUP
    while cell < end_cell:
        end = start + np.uint64(np.uint32(weights[cell])) * scale + np.uint64(1 << 32)
        if end >= limit:
            return cell, start, end
        start = end
        cell += _ONE
    return end_cell, start, np.uint64(1 << 48)


@jit
def decode(  # type: ignore[no-untyped-def]
    x, lag, first, columns, thresholds, leaves, depth, trees, grain, base, shapes, rows, count,
    places, knots, slopes, offset, lowers, widths, kinds, words, limit, states, bits, n_bits, values,
):  # fmt: skip
    """Pop every row; returns words read and bits read, -1 where either runs out.

    ``x`` (i32, column after column) is overwritten in column ``lag`` (if not negative) as rows come.
    """
    n, width = len(values), np.uint64(len(values))
    factors, weights = np.zeros(_COEFFICIENTS, np.int32), np.empty(len(base), np.int32)
    leaf, sums = np.empty(_BLOCK, np.int32), np.zeros(2 * _BLOCK, np.uint64)
    spare = np.uint64(65536 - count) << np.uint64(32)
    lane_mask = len(states) - 1
    position = 0
    taken = np.uint64(0)
    previous = np.int64(0)
    done, block = 0, 0
    for i in range(n):
        row = np.uint64(i)
        if lag >= 0:
            at = np.uint64(lag) * width + row
            previous = np.int64(0) if first[i] else previous
            x[at] = _NO_ROW if first[i] else min(max(previous, -0x7FFFFFFF), 0x7FFFFFFF)
            done, block = i, 1
            _sum_leaves(x, width, row, columns, thresholds, leaves, depth, trees, sums)
        elif i == done + block:
            done, block = i, min(_BLOCK, n - i)
            _sum_block(x, width, i, columns, thresholds, leaves, depth, trees, leaf[:block], sums)
        _unpack(sums[i - done], sums[i - done + block], trees, grain, factors)
        total = _weigh(factors, base, shapes, rows, weights)
        scale = spare // np.uint64(total)
        state = states[i & lane_mask]
        slot = state & 0xFFFF
        cell, low, high = _find(weights, count - 1, scale, slot)
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
            result += _locate(x, width, row, places, knots, slopes, offset)
        elif kinds[cell] == 2:
            result += previous
        values[i] = result
        previous = result
    return position, taken
