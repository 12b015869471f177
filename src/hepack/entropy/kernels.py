"""The inner loops, compiled by numba; `hepack.entropy.reference` holds the slow twin of each.

Every kernel releases the GIL, keeps no state and works on integers alone. A kernel returns -1 where its input
contradicts itself; the caller turns that into an error. Callers pass contiguous arrays of exactly the dtypes
named here, and indices that were checked; all arithmetic is unsigned, because mixing signs in numba gives floats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_SIX = np.uint64(6)
_SIXTEEN = np.uint64(16)
_THIRTY_TWO = np.uint64(32)
_LOW6 = np.uint64(63)
_SIXTY_FOUR = np.uint64(64)
_LOW16 = np.uint64(0xFFFF)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_LOW_STATE = np.uint64(1 << 16)


def _jit(function: Kernel) -> Kernel:
    """Compile without the GIL; keep the machine code on disk where some cache folder is writable."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)  # type: ignore[no-any-return]
    except RuntimeError:  # numba found no place for its cache
        return numba.njit(nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


@_jit
def rans_encode(symbols, rows, bounds, precision, states, words):  # type: ignore[no-untyped-def]
    """Push ``symbols`` (u16) last to first; ``words`` (u16, as many as symbols) fills from its end.

    ``rows`` (u16) is empty for a single table; ``bounds`` is (table, symbol + 1) u32, ``states`` (lane) u64.
    Returns the index of the first word written, or -1 if a symbol has no frequency.
    """
    lane_mask = len(states) - 1
    up = np.uint64(precision)
    room = _THIRTY_TWO - up
    position = len(words)
    many = len(rows) > 0
    for i in range(len(symbols) - 1, -1, -1):
        row = np.uint64(rows[i]) if many else _ZERO
        symbol = np.uint64(symbols[i])
        start = np.uint64(bounds[row, symbol])
        frequency = np.uint64(bounds[row, symbol + _ONE]) - start
        if frequency == _ZERO:
            return -1
        x = states[i & lane_mask]
        if x >= frequency << room:
            position -= 1
            words[position] = x & _LOW16
            x >>= _SIXTEEN
        quotient = np.uint64(np.uint32(x) // np.uint32(frequency))
        states[i & lane_mask] = (quotient << up) + (x - quotient * frequency) + start
    return position


@_jit
def rans_decode(words, limit, slots, precision, states, symbols):  # type: ignore[no-untyped-def]
    """Pop ``len(symbols)`` symbols with one table.

    ``slots`` (u64, 2**precision) holds ``symbol << 32 | (frequency - 1) << 16 | slot - start``. ``words``
    (u16) has ``limit`` words and at least one more per lane, so that one group of lanes never reads outside.
    Returns the number of words read, or -1 if they ran out.
    """
    lanes = len(states)
    down = np.uint64(precision)
    mask = (_ONE << down) - _ONE
    position = _ZERO
    end = np.uint64(limit)
    for first in range(0, len(symbols), lanes):
        if position > end:
            return -1
        for lane in range(min(lanes, len(symbols) - first)):
            x = states[lane]
            entry = slots[x & mask]
            x = (((entry >> _SIXTEEN) & _LOW16) + _ONE) * (x >> down) + (entry & _LOW16)
            need = x < _LOW_STATE
            x = ((x << _SIXTEEN) | np.uint64(words[position])) if need else x
            position += np.uint64(need)
            states[lane] = x
            symbols[first + lane] = entry >> _THIRTY_TWO
    return np.int64(position) if position <= end else -1


@_jit
def rans_decode_rows(words, limit, rows, bounds, hints, precision, down, states, symbols):  # type: ignore[no-untyped-def]
    """Pop symbols, each with the table that ``rows`` (u16) names.

    ``hints`` (table, slot >> down; u16) is the symbol of the first slot of a bucket; the rest is a short walk
    along ``bounds`` (table, symbol + 1; u32). Words and result as in `rans_decode`.
    """
    lane_mask = len(states) - 1
    by = np.uint64(precision)
    bucket = np.uint64(down)
    mask = (_ONE << by) - _ONE
    position = _ZERO
    end = np.uint64(limit)
    for i in range(len(symbols)):
        if position > end:
            return -1
        row = np.uint64(rows[i])
        x = states[i & lane_mask]
        slot = x & mask
        symbol = np.uint64(hints[row, slot >> bucket])
        while np.uint64(bounds[row, symbol + _ONE]) <= slot:
            symbol += _ONE
        start = np.uint64(bounds[row, symbol])
        x = (np.uint64(bounds[row, symbol + _ONE]) - start) * (x >> by) + (slot - start)
        need = x < _LOW_STATE
        x = ((x << _SIXTEEN) | np.uint64(words[position])) if need else x
        position += np.uint64(need)
        states[i & lane_mask] = x
        symbols[i] = symbol
    return np.int64(position) if position <= end else -1


@_jit
def pack(values, classes, lowers, widths, words):  # type: ignore[no-untyped-def]
    """Write ``values[i] - lowers[classes[i]]`` in ``widths[classes[i]]`` bits, low bits first.

    All u64 but ``classes`` (u16); ``words`` is zeroed and has room for all bits and one word more.
    """
    held = _ZERO
    fill = _ZERO
    word = 0
    for i in range(len(values)):
        c = np.uint64(classes[i])
        value = values[i] - lowers[c]
        held |= value << fill
        total = fill + widths[c]
        if total > _LOW6:
            words[word] = held
            word += 1
            # value >> (64 - fill), in two steps because a shift by 64 is undefined
            held = (value >> _ONE) >> (_LOW6 - fill)
            total -= _SIXTY_FOUR
        fill = total
    words[word] = held


@_jit
def unpack(words, bits, classes, lowers, widths, step, values):  # type: ignore[no-untyped-def]
    """Read what `pack` wrote: ``(offset + lower) * step``, modulo 2**64.

    ``words`` holds ``bits`` bits and two words more. Returns the number of bits read, or -1 if they ran out.
    """
    position = _ZERO
    end = np.uint64(bits)
    for i in range(len(values)):
        c = np.uint64(classes[i])
        width = widths[c]
        if position + width > end:
            return -1
        word = position >> _SIX
        shift = position & _LOW6
        value = (words[word] >> shift) | ((words[word + _ONE] << _ONE) << (_LOW6 - shift))
        # keep the low `width` bits, again without a shift by 64
        half = width >> _ONE
        value &= ((_ONE << half) << (width - half)) - _ONE
        values[i] = (lowers[c] + value) * step
        position += width
    return np.int64(position)


@_jit
def read_codes(words, bits, columns, values):  # type: ignore[no-untyped-def]
    """Read adaptive prefix codes (`hepack.entropy.codes`) from ``bits`` bits; the bits read, or -1 if they break.

    ``words`` (u64) has two words more than the bits need; ``values`` (u64) fills row by row.
    """
    means = np.zeros(columns, np.int64)
    position = 0
    for i in range(len(values)):
        column = i % columns
        order = max(0, (means[column] >> 4) - 1)
        extra = 0
        while position < bits and not (words[position >> 6] >> np.uint64(position & 63)) & _ONE:
            position += 1
            extra += 1
        position += 1
        width = order if extra == 0 else order + extra - 1
        if order + extra > 64 or position + width > bits:
            return -1
        value = _ZERO
        if width > 0:
            word = position >> 6
            shift = np.uint64(position & 63)
            value = (words[word] >> shift) | ((words[word + 1] << _ONE) << (_LOW6 - shift))
            value &= _ALL >> np.uint64(64 - width)
        if extra > 0:
            value |= _ONE << np.uint64(width)
        values[i] = value
        position += width
        length = 0
        while value > _ZERO:
            value >>= _ONE
            length += 1
        means[column] += ((length << 4) - means[column]) >> 2
    return position


@_jit
def assign(values, lowers, symbols):  # type: ignore[no-untyped-def]
    """The bin of every value: the last with ``lower <= value``; u64, ``lowers`` ascending, ``symbols`` u16."""
    for i in range(len(values)):
        value = values[i]
        low = _ZERO
        left = np.uint64(len(lowers))
        while left > _ONE:
            half = left >> _ONE
            low += half if lowers[low + half] <= value else _ZERO
            left -= half
        symbols[i] = low


@_jit
def cut(uniques, counts, price, logs, starts, widths):  # type: ignore[no-untyped-def]
    """The cheapest bins for sorted ``uniques`` (u64) with ``counts`` (int64); see `hepack.entropy.bins`.

    One pass builds the tree of binary prefixes bottom up; a stack holds the open nodes, and ``starts`` (index
    into uniques; int64) and ``widths`` (int64) the bins chosen so far. ``price`` and ``logs`` (log2 of
    1 + k / 4096) are in 1 / 65536 bit. Returns the number of bins.
    """
    firsts = np.empty(66, np.int64)  # the first unique of each open node
    heights = np.empty(66, np.int64)  # its split: it joins its right neighbour in a node this wide
    totals = np.empty(66, np.int64)
    costs = np.empty(66, np.int64)
    marks = np.empty(66, np.int64)  # how many bins were chosen before it
    depth = 0
    n_bins = 0
    for i in range(len(uniques)):
        height = 65
        if i + 1 < len(uniques):
            difference = uniques[i] ^ uniques[i + 1]
            height = 0
            while difference > _ZERO:
                difference >>= _ONE
                height += 1
        first = i
        width = 0
        total = counts[i]
        split = np.int64(-1)
        mark = n_bins
        while True:
            exponent = 0
            while total >> (exponent + 1) > 0:
                exponent += 1
            gap = uniques[first] - (uniques[first - 1] if first > 0 else _ZERO)
            far = 0
            gap = (gap >> np.uint64(width >> 1)) >> np.uint64(width - (width >> 1))
            while gap > _ZERO:
                gap >>= _ONE
                far += 1
            log = (exponent << 16) + logs[((total << 12) >> exponent) - 4096]
            alone = total * ((width << 16) - log) + price + (exponent << 15) + (far << 17)
            if split == -1 or alone <= split:
                n_bins = mark
                starts[n_bins] = first
                widths[n_bins] = width
                n_bins += 1
                split = alone
            if depth == 0 or heights[depth - 1] > height:
                break
            depth -= 1
            width = heights[depth]
            first = firsts[depth]
            total += totals[depth]
            split += costs[depth]
            mark = marks[depth]
        firsts[depth] = first
        heights[depth] = height
        totals[depth] = total
        costs[depth] = split
        marks[depth] = mark
        depth += 1
    return n_bins
