"""The inner loop of coding, compiled by numba; `hepack.conditional.history.reference` holds the slow twin.

Integers alone (but for the costs), no GIL, no state. `docs/history.md` has the arithmetic.
"""

from __future__ import annotations

import numpy as np

from hepack._loops import jit
from hepack.conditional.history.tables import BUCKETS, FIRST_WEIGHT, LEARNING_BITS, LOGIT, MOST_SEEN

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint32(1 << 31)
_U29, _U31, _U8, _U64 = np.uint64(29), np.uint64(31), np.uint64(8), np.uint64(64)
_LOW32 = np.uint64((1 << 32) - 1)
_ROUND = 1 << (LEARNING_BITS - 1)
_TOP = (1 << 22) - 1


@jit
def _contexts(row, hashes, lags, one, two, full):  # type: ignore[no-untyped-def]
    """The row's hashes with the ranks before it (``one``, and ``two`` before that) mixed in."""
    for j in range(len(lags)):
        h = hashes[row, j]
        if lags[j] >= 1:
            h = (h ^ np.uint64(one)) * _MULTIPLIER
            h ^= h >> _U29
        if lags[j] >= 2:
            h = (h ^ np.uint64(two)) * _MULTIPLIER
            h ^= h >> _U29
        full[j] = h


@jit
def _lines(full, prefix, log, slots, starts):  # type: ignore[no-untyped-def]
    """Find each context's line for a prefix; one that belongs to another is cleared."""
    for j in range(len(full)):
        h = (full[j] + np.uint64(prefix)) * _MULTIPLIER
        h ^= h >> _U31
        h *= _MULTIPLIER
        start = (np.uint64(j) << np.uint64(log + 4)) + ((h >> (_U64 - np.uint64(log))) << np.uint64(4))
        check = np.uint32((h >> _U8) & _LOW32) | np.uint32(1)
        if slots[start] != check:
            slots[start] = check
            for k in range(1, 16):
                slots[start + np.uint64(k)] = _HALF
        starts[j] = start


@jit
def _predict(node, depth, slots, starts, weights, tables, inputs, places):  # type: ignore[no-untyped-def]
    """The probability of a one, of 2**16; also each context's input and the place of its weight."""
    squash, stretch, _, buckets = tables
    total = 0
    for j in range(len(starts)):
        slot = slots[starts[j] + np.uint64(node)]
        seen = slot & np.uint32(1023)
        place = np.uint64((depth * len(starts) + j) * BUCKETS) + np.uint64(buckets[seen])
        value = np.int64(stretch[slot >> np.uint32(20)]) if seen > 0 else 0
        inputs[j] = value
        places[j] = place
        total += value * weights[place]
    return np.int64(squash[np.uint64(min(max(total >> 16, -LOGIT), LOGIT) + LOGIT)])


@jit
def _learn(bit, chance, node, slots, starts, weights, tables, inputs, places):  # type: ignore[no-untyped-def]
    rates = tables[2]
    error = (bit << 16) - chance
    goal = bit << 22
    for j in range(len(starts)):
        weights[places[j]] += (inputs[j] * error + _ROUND) >> LEARNING_BITS
        at = starts[j] + np.uint64(node)
        slot = slots[at]
        seen = slot & np.uint32(1023)
        value = np.int64(slot >> np.uint32(10))
        value += ((goal - value) * rates[seen]) >> 16
        if value > _TOP:
            value = np.int64(_TOP)
        slots[at] = np.uint32((value << 10) + np.int64(seen) + np.int64(seen < MOST_SEEN))


@jit
def _split(coder, chance):  # type: ignore[no-untyped-def]
    """The last place of the part of the interval that means a one."""
    width = coder[1] - coder[0]
    return coder[0] + (width >> 16) * chance + (((width & 65535) * chance) >> 16)


@jit
def _shift(coder, data, decode):  # type: ignore[no-untyped-def]
    """Move the bytes that are settled out (or in); ``coder`` is low, high, word, bytes."""
    while (coder[0] ^ coder[1]) >> 24 == 0:
        if decode:
            at = coder[3] + 4
            coder[2] = ((coder[2] << 8) & 0xFFFFFFFF) | (np.int64(data[at]) if at < len(data) else 0)
        elif coder[3] < len(data):
            data[coder[3]] = coder[1] >> 24
        coder[3] += 1
        coder[0] = (coder[0] << 8) & 0xFFFFFFFF
        coder[1] = ((coder[1] << 8) & 0xFFFFFFFF) | 255


@jit
def code(mode, hashes, lags, first, bits, none, log, tables, ranks, data, coder, costs, lengths):  # type: ignore[no-untyped-def]
    """Measure (mode 0, into ``lengths``), encode (1, ``ranks`` into ``data``) or decode (2) all rows.

    ``hashes`` (row, context) u64; ``lags`` i64; ``first`` bool; ``ranks`` i64 of ``bits`` bits; ``none`` is the
    rank of a row that is not there; ``2**log`` lines a context; ``coder`` i64 (4), see `_shift`. Returns
    whether the data were long enough.
    """
    count = len(lags)
    slots = np.zeros(count << (log + 4), np.uint32)
    weights = np.full((bits * count) * BUCKETS, FIRST_WEIGHT, np.int64)
    full, starts, places = np.empty(count, np.uint64), np.empty(count, np.uint64), np.empty(count, np.uint64)
    inputs = np.empty(count, np.int64)
    one, two = none, none
    for row in range(len(ranks)):
        if first[row]:
            one, two = none, none
        _contexts(row, hashes, lags, one, two, full)
        rank = ranks[row] if mode < 2 else 0
        node, prefix, length = 1, 1, 0.0
        for depth in range(bits):
            if depth == 0 or node >= 16:
                prefix = prefix * 16 + (node & 15) if depth else 1
                node = 1
                _lines(full, prefix, log, slots, starts)
            chance = _predict(node, depth, slots, starts, weights, tables, inputs, places)
            bit = (rank >> (bits - 1 - depth)) & 1
            if mode == 0:
                length += costs[chance if bit else 65536 - chance]
            else:
                middle = _split(coder, chance)
                if mode == 2:
                    bit = np.int64(coder[2] <= middle)
                    rank = rank * 2 + bit
                coder[bit] = middle + 1 - bit
                _shift(coder, data, mode == 2)
            _learn(bit, chance, node, slots, starts, weights, tables, inputs, places)
            node = node * 2 + bit
        if mode == 0:
            lengths[row] = length
        elif coder[3] > len(data):
            return False
        if mode == 2:
            ranks[row] = rank
        two, one = one, rank
    return True
