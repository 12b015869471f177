"""The constants of the adaptive coder, all from integers, so that every machine has the same.

A probability is an integer out of 2**16, its logit ``ln(p / (1 - p))`` an integer in units of 1/128.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOGIT = 1535
"""The largest logit, in units of 1/128."""

MOST_SEEN = 127
"""A slot counts its bits up to here; from then on it forgets."""

BUCKETS = 8
FIRST_WEIGHT = 20_000
LEARNING_BITS = 13
"""A weight moves by ``input * error / 2**13``, the error being out of 2**16."""

_UNIT_BITS = 60


@dataclass(frozen=True, eq=False)
class Tables:
    """``squash[logit + LOGIT]`` (int32): a probability; ``stretch[p >> 10]`` (int16), for a p of 22 bits: its
    logit; ``rates[seen]`` (int32): how far a slot moves, of 2**16; ``buckets[seen]`` (uint8): which of a
    context's weights counts; ``costs[p]`` (float64): bits of an event of probability p, for scores alone."""

    squash: NDArray[np.int32]
    stretch: NDArray[np.int16]
    rates: NDArray[np.int32]
    buckets: NDArray[np.uint8]
    costs: NDArray[np.float64]


@functools.cache
def tables() -> Tables:
    squash = _squash()
    middles = np.arange(4096) * 16 + 8
    stretch = np.searchsorted(squash, middles, side="left") - LOGIT
    rates = [(2 << 16) // (2 * seen + 3) for seen in range(MOST_SEEN + 1)]
    edges = np.array([1, 2, 3, 4, 6, 12, 32])
    buckets = np.searchsorted(edges, np.arange(MOST_SEEN + 1), side="right")
    costs = 16 - np.log2(np.maximum(np.arange((1 << 16) + 1), 1))
    return Tables(
        squash, stretch.astype(np.int16), np.array(rates, np.int32), buckets.astype(np.uint8), costs
    )


def _squash() -> NDArray[np.int32]:
    """``2**16 / (1 + exp(-x / 128))`` rounded down, for x below 0 by symmetry, within 1 and 2**16 - 1."""
    one = 1 << _UNIT_BITS
    step, divisor = 0, 1
    for k in range(16):  # exp(-1 / 128) by its series
        step += one // divisor if k % 2 == 0 else -(one // divisor)
        divisor *= 128 * (k + 1)
    upper, power = [], one
    for _ in range(LOGIT + 1):
        upper.append(min((one << 16) // (one + power), (1 << 16) - 1))
        power = (power * step) >> _UNIT_BITS
    lower = [(1 << 16) - value for value in upper[:0:-1]]
    return np.array(lower + upper, np.int32)
