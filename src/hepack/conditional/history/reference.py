"""The slow twin of `hepack.conditional.history.kernels`, in Python integers: same name and results.

Used by the tests, and in place of the kernel where numba is missing or HEPACK_NO_NUMBA=1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.history.tables import BUCKETS, FIRST_WEIGHT, LEARNING_BITS, LOGIT, MOST_SEEN

_MULTIPLIER = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_LOW = (1 << 32) - 1
_HALF = 1 << 21

Int64s = NDArray[np.int64]


class _Mind:
    """The slots and weights of all contexts; a slot is a probability of 22 bits and how often it was seen."""

    def __init__(self, count: int, bits: int, log: int, tables: tuple[Any, ...]) -> None:
        self.log = log
        self.squash, self.stretch, self.rates, self.buckets = (table.tolist() for table in tables)
        self.weights = [[[FIRST_WEIGHT] * BUCKETS for _ in range(count)] for _ in range(bits)]
        self.lines: list[dict[int, tuple[int, list[list[int]]]]] = [{} for _ in range(count)]

    def find(self, hashes: list[int], prefix: int) -> list[list[list[int]]]:
        """Each context's line for a prefix; one that belongs to another is cleared."""
        found = []
        for h, lines in zip(hashes, self.lines, strict=True):
            h = ((h + prefix) * _MULTIPLIER) & _MASK
            h = ((h ^ (h >> 31)) * _MULTIPLIER) & _MASK
            place, check = h >> (64 - self.log), ((h >> 8) & _LOW) | 1
            if place not in lines or lines[place][0] != check:
                lines[place] = (check, [[_HALF, 0] for _ in range(16)])
            found.append(lines[place][1])
        return found

    def predict(self, depth: int, slots: list[list[int]]) -> tuple[int, list[int]]:
        """The probability of a one, of 2**16, and each context's input."""
        inputs = [self.stretch[value >> 10] if seen else 0 for value, seen in slots]
        weights = self.weights[depth]
        total = sum(
            x * weights[j][self.buckets[seen]]
            for j, (x, (_, seen)) in enumerate(zip(inputs, slots, strict=True))
        )
        return self.squash[min(max(total >> 16, -LOGIT), LOGIT) + LOGIT], inputs

    def learn(self, depth: int, slots: list[list[int]], inputs: list[int], error: int, bit: int) -> None:
        for j, (x, slot) in enumerate(zip(inputs, slots, strict=True)):
            value, seen = slot
            move = (x * error + (1 << (LEARNING_BITS - 1))) >> LEARNING_BITS
            self.weights[depth][j][self.buckets[seen]] += move
            value += (((bit << 22) - value) * self.rates[seen]) >> 16
            slot[:] = [min(value, (1 << 22) - 1), min(seen + 1, MOST_SEEN)]


class _Coder:
    """A binary range coder; ``state`` is low, high, word, bytes."""

    def __init__(self, state: Int64s, data: NDArray[np.uint8], decode: bool) -> None:
        self.low, self.high, self.word, self.at = state.tolist()
        self.data, self.decode = data, decode

    def code(self, chance: int, bit: int) -> int:
        """Encode a bit, or return the decoded one."""
        width = self.high - self.low
        middle = self.low + (width >> 16) * chance + (((width & 65535) * chance) >> 16)
        if self.decode:
            bit = int(self.word <= middle)
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        while (self.low ^ self.high) >> 24 == 0:
            if self.decode:
                following = int(self.data[self.at + 4]) if self.at + 4 < len(self.data) else 0
                self.word = ((self.word << 8) & _LOW) | following
            elif self.at < len(self.data):
                self.data[self.at] = self.high >> 24
            self.at += 1
            self.low, self.high = (self.low << 8) & _LOW, ((self.high << 8) & _LOW) | 255
        return bit


def code(
    mode: int,
    hashes: NDArray[np.uint64],
    lags: Int64s,
    first: NDArray[np.bool_],
    bits: int,
    none: int,
    log: int,
    tables: tuple[Any, ...],
    ranks: Int64s,
    data: NDArray[np.uint8],
    coder: Int64s,
    costs: NDArray[np.float64],
    lengths: NDArray[np.float64],
) -> bool:
    """Measure (mode 0), encode (1) or decode (2) all rows; see the kernel."""
    mind = _Mind(len(lags), bits, log, tables)
    stream = _Coder(coder, data, mode == 2)
    one = two = none
    for row in range(len(ranks)):
        if first[row]:
            one = two = none
        full = [_mixed(int(h), lag, one, two) for h, lag in zip(hashes[row], lags.tolist(), strict=True)]
        rank, prefix, node = 0, 1, 1
        for depth in range(bits):
            if depth % 4 == 0:
                prefix, node = prefix * 16 + (node & 15) if depth else 1, 1
                lines = mind.find(full, prefix)
            slots = [line[node] for line in lines]
            chance, inputs = mind.predict(depth, slots)
            bit = (int(ranks[row]) >> (bits - 1 - depth)) & 1 if mode < 2 else 0
            if mode == 0:
                lengths[row] += costs[chance if bit else 65536 - chance]
            else:
                bit = stream.code(chance, bit)
            mind.learn(depth, slots, inputs, (bit << 16) - chance, bit)
            rank, node = rank * 2 + bit, node * 2 + bit
        if mode and stream.at > len(data):
            coder[:] = stream.low, stream.high, stream.word, stream.at
            return False
        ranks[row] = rank
        two, one = one, rank
    coder[:] = stream.low, stream.high, stream.word, stream.at
    return True


def _mixed(h: int, lag: int, one: int, two: int) -> int:
    """A context's hash with the ranks before the row mixed in."""
    for before in (one, two)[:lag]:
        h = ((h ^ before) * _MULTIPLIER) & _MASK
        h ^= h >> 29
    return h
