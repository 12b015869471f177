"""The inner loops, compiled by numba; `hepack.entropy.reference` holds the slow twin of each.

Every kernel releases the GIL, keeps no state, and works on integers alone (the encoder's `rans_encode` takes a
quotient through one IEEE division, which is exact there). A kernel returns -1 where its input contradicts
itself; the caller turns that into an error. Callers pass contiguous arrays of exactly the dtypes named here.
"""

from __future__ import annotations

import numpy as np

from hepack._loops import jit

_ONE = np.uint64(1)
_LOW6 = np.uint64(63)
_SIX = np.uint64(6)


@jit
def rans_encode(symbols, rows, bounds, precision, states, words):  # type: ignore[no-untyped-def]
    """Push ``symbols`` (u16) last to first; ``words`` (u16) fills from its end.

    ``rows`` (u16) is empty for a single table; ``bounds`` (table, symbol + 1) and ``states`` (lane) are int64.
    Returns the index of the first word written, or -1 if a symbol has no frequency.
    """
    lane_mask = len(states) - 1
    shift = 32 - precision
    position = len(words)
    many = len(rows) > 0
    for i in range(len(symbols) - 1, -1, -1):
        row = rows[i] if many else 0
        symbol = symbols[i]
        start = bounds[row, symbol]
        frequency = bounds[row, symbol + 1] - start
        if frequency == 0:
            return -1
        x = states[i & lane_mask]
        if x >= frequency << shift:
            position -= 1
            words[position] = x & 0xFFFF
            x >>= 16
        # x < 2**32 and frequency <= 2**16: the rounded double quotient never crosses an integer
        quotient = np.int64(np.float64(x) / np.float64(frequency))
        states[i & lane_mask] = (quotient << precision) + (x - quotient * frequency) + start
    return position


@jit
def rans_decode(words, limit, slots, precision, states, symbols):  # type: ignore[no-untyped-def]
    """Pop ``len(symbols)`` symbols with one table.

    ``slots`` (int64, 2**precision) holds ``symbol << 32 | (frequency - 1) << 16 | slot - start``. ``words``
    (u16) has ``limit`` words and at least one more per lane, so that one group of lanes never reads outside.
    Returns the number of words read, or -1 if they ran out.
    """
    lanes = len(states)
    mask = (1 << precision) - 1
    position = 0
    n = len(symbols)
    whole = n - n % lanes
    for first in range(0, whole, lanes):
        if position > limit:
            return -1
        for lane in range(lanes):
            x = states[lane]
            entry = slots[x & mask]
            x = (((entry >> 16) & 0xFFFF) + 1) * (x >> precision) + (entry & 0xFFFF)
            need = x < 65536
            x = ((x << 16) | words[position]) if need else x
            position += need
            states[lane] = x
            symbols[first + lane] = entry >> 32
    if position > limit:
        return -1
    for i in range(whole, n):
        x = states[i - whole]
        entry = slots[x & mask]
        x = (((entry >> 16) & 0xFFFF) + 1) * (x >> precision) + (entry & 0xFFFF)
        if x < 65536:
            x = (x << 16) | words[position]
            position += 1
        states[i - whole] = x
        symbols[i] = entry >> 32
    return position if position <= limit else -1


@jit
def rans_decode_rows(words, limit, rows, bounds, hints, precision, states, symbols):  # type: ignore[no-untyped-def]
    """Pop symbols, each with the table that ``rows`` (u16) names.

    ``hints`` (table, bucket; int64) is the first symbol that a bucket of slots can hold; the rest is a short
    walk along ``bounds``. Words and result as in `rans_decode`.
    """
    lane_mask = len(states) - 1
    mask = (1 << precision) - 1
    buckets = hints.shape[1]
    down = precision
    while buckets > 1:
        buckets >>= 1
        down -= 1
    position = 0
    for i in range(len(symbols)):
        if position > limit:
            return -1
        row = rows[i]
        x = states[i & lane_mask]
        slot = x & mask
        symbol = hints[row, slot >> down]
        while bounds[row, symbol + 1] <= slot:
            symbol += 1
        start = bounds[row, symbol]
        x = (bounds[row, symbol + 1] - start) * (x >> precision) + slot - start
        if x < 65536:
            x = (x << 16) | words[position]
            position += 1
        states[i & lane_mask] = x
        symbols[i] = symbol
    return position if position <= limit else -1


@jit
def pack(values, classes, lowers, widths, words):  # type: ignore[no-untyped-def]
    """Write ``values[i] - lowers[classes[i]]`` in ``widths[classes[i]]`` bits, low bits first.

    All u64 but ``classes`` (u16); ``words`` is zeroed and has room for all bits and one word more.
    """
    held = np.uint64(0)
    fill = np.uint64(0)
    word = 0
    for i in range(len(values)):
        c = classes[i]
        value = values[i] - lowers[c]
        held |= value << fill
        total = fill + widths[c]
        if total > _LOW6:
            words[word] = held
            word += 1
            # value >> (64 - fill), in two steps because a shift by 64 is undefined
            held = (value >> _ONE) >> (_LOW6 - fill)
            total -= np.uint64(64)
        fill = total
    words[word] = held


@jit
def unpack(words, bits, classes, lowers, widths, step, values):  # type: ignore[no-untyped-def]
    """Read what `pack` wrote, times ``step``, plus ``lowers``, modulo 2**64.

    ``words`` holds ``bits`` bits and two words more. Returns the number of bits read, or -1 if they ran out.
    """
    position = np.uint64(0)
    for i in range(len(values)):
        c = classes[i]
        width = widths[c]
        if position + width > bits:
            return -1
        word = position >> _SIX
        shift = position & _LOW6
        value = (words[word] >> shift) | ((words[word + _ONE] << _ONE) << (_LOW6 - shift))
        # keep the low `width` bits, again without a shift by 64
        value &= ((_ONE << (width >> _ONE)) << (width - (width >> _ONE))) - _ONE
        values[i] = lowers[c] + value * step
        position += width
    return np.int64(position)


@jit
def read_codes(words, bits, position, k, values):  # type: ignore[no-untyped-def]
    """Read prefix codes of order ``k`` from bit ``position`` on; the new position, or -1 where they break."""
    for i in range(len(values)):
        extra = 0
        while True:
            if position >= bits:
                return -1
            bit = (words[position >> 6] >> np.uint64(position & 63)) & _ONE
            position += 1
            if bit:
                break
            extra += 1
        width = k if extra == 0 else k + extra - 1
        if k + extra > 64 or position + width > bits:
            return -1
        value = np.uint64(0)
        if width > 0:
            word = position >> 6
            shift = np.uint64(position & 63)
            value = (words[word] >> shift) | ((words[word + 1] << _ONE) << (_LOW6 - shift))
            value &= (np.uint64(0xFFFFFFFFFFFFFFFF)) >> np.uint64(64 - width)
        if extra > 0:
            value |= _ONE << np.uint64(width)
        values[i] = value
        position += width
    return position


@jit
def assign(values, firsts, lowers, widths, near, shift, symbols):  # type: ignore[no-untyped-def]
    """The bin of every value: the last one with ``firsts <= value``. Returns how many no bin holds.

    Those values get the symbol ``len(firsts)``; all u64 but ``symbols`` (u16), ``firsts`` ascending. The search
    is narrowed by ``near`` (u16): ``near[v >> shift]`` and the entry after it enclose the bin of ``v``.
    """
    n_bins = len(firsts)
    outside = 0
    for i in range(len(values)):
        value = values[i]
        bucket = value >> shift
        low = np.int64(near[bucket])
        left = np.int64(near[bucket + _ONE]) - low + 1
        while left > 1:
            half = left >> 1
            low += half if firsts[low + half] <= value else 0
            left -= half
        offset = value - lowers[low]
        width = widths[low]
        if value < firsts[low] or (width < np.uint64(64) and offset >> width > np.uint64(0)):
            symbols[i] = n_bins
            outside += 1
        else:
            symbols[i] = low
    return outside


@jit
def partition(lows, highs, ends, entry, scale, logs, previous):  # type: ignore[no-untyped-def]
    """The cheapest way to cut the pieces into bins, by dynamic programming.

    Pieces span ``lows..highs`` (u64); ``ends`` (int64, one more) counts the values before each piece;
    ``entry`` (float) is the model's price of a bin that starts at a piece; ``scale`` the bits that each value
    pays at least; ``logs`` log2 of 1 + k / 4096. ``previous[i]`` becomes the start of the best bin that ends
    before piece ``i``.
    """
    m = len(lows)
    best = np.empty(m + 1, np.float64)
    best[0] = 0.0
    previous[0] = 0
    for i in range(1, m + 1):
        bits = 0
        exponent = 0
        cheapest = np.inf
        at = i - 1
        for j in range(i - 1, -1, -1):
            span = highs[i - 1] - lows[j]
            while bits < 64 and span >> np.uint64(bits) > np.uint64(0):
                bits += 1
            count = ends[i] - ends[j]
            while count >> (exponent + 1) > 0:
                exponent += 1
            log = exponent + logs[((count << 12) >> exponent) - 4096]
            data = count * ((scale - log) + bits)
            cost = (best[j] + entry[j]) + data
            if cost < cheapest:
                cheapest = cost
                at = j
        best[i] = cheapest
        previous[i] = at
    return best[m]
