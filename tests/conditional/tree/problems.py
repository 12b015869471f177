"""Problems for the tree coder, the same with every version of numpy."""

from __future__ import annotations

import numpy as np

from hepack.conditional.base import Problem


def integers(seed: int, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
    """Random integers that no version of numpy changes: a multiplicative hash of a counter."""
    counter = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(seed * 1_000_003 + 1)
    for _ in range(3):
        counter *= np.uint64(0x9E3779B97F4A7C15)
        counter ^= counter >> np.uint64(29)
    return (counter % np.uint64(high - low)).astype(np.int64).reshape(shape) + low


def bell(seed: int, n: int, scale: int) -> np.ndarray:
    """Integers spread like a bell of about so many standard deviations."""
    return integers(seed, (n, 12), 0, 2 * scale + 1).sum(axis=1) - 12 * scale


def physics(seed: int, n: int, *, lagged: bool) -> Problem:
    """A target with spikes, copies, a linear and a bent dependence, and a width that changes."""
    x = np.stack([bell(seed + c, n, 4000) for c in range(5)], axis=1)
    flag = integers(seed + 9, (n,), 0, 10)
    y = x[:, 0] // 40 + np.abs(x[:, 1]) // 100 + bell(seed + 6, n, 30) * (1 + (x[:, 2] > 5000))
    y[flag == 0] = 0
    y[(flag == 1) & (x[:, 3] > 0)] = -999_000
    first = None
    if lagged:
        first = integers(seed + 11, (n,), 0, 3) == 0
        for i in np.flatnonzero((flag > 6) & ~first):
            y[i] = y[i - 1] if i else y[i]
    features = np.concatenate([x, flag[:, None]], axis=1).astype(np.int32)
    return Problem(features, y.astype(np.int64), n, first)
