"""Slow twins of `hepack.entropy.kernels`, in Python integers and numpy: same names, arguments and results.

Used by the tests, and in place of the kernels where numba is missing or HEPACK_NO_NUMBA=1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
UInt16s = NDArray[np.uint16]
UInt64s = NDArray[np.uint64]

_LOW_STATE = 1 << 16
_MODULUS = 1 << 64


def rans_encode(
    symbols: UInt16s, rows: UInt16s, bounds: Int64s, precision: int, states: Int64s, words: UInt16s
) -> int:
    lanes = len(states)
    table = bounds.tolist()
    state = states.tolist()
    chosen = rows.tolist() or [0] * len(symbols)
    position = len(words)
    for i, symbol in reversed(list(enumerate(symbols.tolist()))):
        start, end = table[chosen[i]][symbol : symbol + 2]
        if end == start:
            return -1
        x = state[i % lanes]
        if x >= (end - start) << (32 - precision):
            position -= 1
            words[position] = x % _LOW_STATE
            x >>= 16
        quotient, remainder = divmod(x, end - start)
        state[i % lanes] = (quotient << precision) + remainder + start
    states[:] = state
    return position


def rans_decode(
    words: UInt16s, limit: int, slots: Int64s, precision: int, states: Int64s, symbols: UInt16s
) -> int:
    state = states.tolist()
    table = slots.tolist()
    position = 0
    for i in range(len(symbols)):
        lane = i % len(state)
        x = state[lane]
        entry = table[x % (1 << precision)]
        x = (((entry >> 16) & 0xFFFF) + 1) * (x >> precision) + (entry & 0xFFFF)
        if x < _LOW_STATE:
            if position >= limit:
                return -1
            x = (x << 16) | int(words[position])
            position += 1
        state[lane] = x
        symbols[i] = entry >> 32
    states[:] = state
    return position


def rans_decode_rows(
    words: UInt16s,
    limit: int,
    rows: UInt16s,
    bounds: Int64s,
    hints: Int64s,
    precision: int,
    states: Int64s,
    symbols: UInt16s,
) -> int:
    state = states.tolist()
    position = 0
    for i, row in enumerate(rows.tolist()):
        lane = i % len(state)
        slot = state[lane] % (1 << precision)
        symbol = int(np.searchsorted(bounds[row], slot, side="right")) - 1
        start, end = bounds[row, symbol : symbol + 2].tolist()
        x = (end - start) * (state[lane] >> precision) + slot - start
        if x < _LOW_STATE:
            if position >= limit:
                return -1
            x = (x << 16) | int(words[position])
            position += 1
        state[lane] = x
        symbols[i] = symbol
    states[:] = state
    return position


def pack(values: UInt64s, classes: UInt16s, lowers: UInt64s, widths: UInt64s, words: UInt64s) -> None:
    base, bits = lowers.tolist(), widths.tolist()
    held, fill, word = 0, 0, 0
    for value, c in zip(values.tolist(), classes.tolist(), strict=True):
        held |= (value - base[c]) << fill
        fill += bits[c]
        if fill >= 64:
            words[word] = held % _MODULUS
            held >>= 64
            fill -= 64
            word += 1
    words[word] = held


def unpack(
    words: UInt64s,
    bits: np.uint64,
    classes: UInt16s,
    lowers: UInt64s,
    widths: UInt64s,
    step: np.uint64,
    values: UInt64s,
) -> int:
    base, size, stored, factor = lowers.tolist(), widths.tolist(), words.tolist(), int(step)
    position = 0
    for i, c in enumerate(classes.tolist()):
        width = size[c]
        if position + width > int(bits):
            return -1
        pair = stored[position >> 6] | stored[(position >> 6) + 1] << 64
        value = (pair >> (position & 63)) & ((1 << width) - 1)
        values[i] = (base[c] + value * factor) % _MODULUS
        position += width
    return position


def read_codes(words: UInt64s, bits: int, position: int, k: int, values: UInt64s) -> int:
    stream = int.from_bytes(words.astype("<u8").tobytes(), "little") % (1 << bits)
    for i in range(len(values)):
        rest = stream >> position
        if rest == 0:
            return -1
        extra = (rest & -rest).bit_length() - 1
        width = k if extra == 0 else k + extra - 1
        position += extra + 1
        if k + extra > 64 or position + width > bits:
            return -1
        value = (stream >> position) & ((1 << width) - 1)
        values[i] = value | (1 << width if extra else 0)
        position += width
    return position


def assign(
    values: UInt64s,
    firsts: UInt64s,
    lowers: UInt64s,
    widths: UInt64s,
    near: UInt16s,
    shift: np.uint64,
    symbols: UInt16s,
) -> int:
    bucket = values >> shift
    at = np.maximum(np.searchsorted(firsts, values, side="right") - 1, 0)
    assert (at >= near[bucket]).all()
    assert (at <= near[bucket + np.uint64(1)]).all()
    width = widths[at]
    high = ((values - lowers[at]) >> np.minimum(width, np.uint64(63))) > np.uint64(0)
    outside = (values < firsts[at]) | (high & (width < 64))
    symbols[:] = np.where(outside, len(firsts), at)
    return int(np.count_nonzero(outside))


def partition(
    lows: UInt64s,
    highs: UInt64s,
    ends: Int64s,
    entry: NDArray[np.float64],
    scale: float,
    logs: NDArray[np.float64],
    previous: Int64s,
) -> float:
    m = len(lows)
    best = np.zeros(m + 1)
    previous[0] = 0
    powers = np.uint64(1) << np.arange(64, dtype=np.uint64)
    for i in range(1, m + 1):
        back = slice(i - 1, None, -1)  # the same order as the kernel, so that ties fall alike
        bits = np.searchsorted(powers, highs[i - 1] - lows[back], side="right")
        count = ends[i] - ends[:i][::-1]
        exponent = np.searchsorted(powers[:63].astype(np.int64), count, side="right") - 1
        log = exponent + logs[((count << 12) >> exponent) - 4096]
        data: NDArray[Any] = count * ((scale - log) + bits)
        cost = (best[:i][::-1] + entry[back]) + data
        nearest = int(np.argmin(cost))
        best[i] = cost[nearest]
        previous[i] = i - 1 - nearest
    return float(best[m])
