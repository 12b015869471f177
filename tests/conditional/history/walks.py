"""Sequences that half repeat, the same with every version of numpy."""

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


def walk(seed: int, n: int, *, spread: int = 1000) -> Problem:
    """A walk over 60 cells, whose next cell is mostly one of two; a feature that matters, and one that does
    not; values far apart; a start after every 500 rows."""
    feature = integers(seed, (n,), 0, 3)
    other = integers(seed + 1, (n,), -9, 9)
    step = integers(seed + 2, (n,), 0, 20)
    cells = np.zeros(n, np.int64)
    for i in range(n):
        before = cells[i - 1] if i % 500 else 7
        cells[i] = (7 * before + feature[i] + (step[i] == 0) * step[i - 1]) % 60
    values = integers(3, (60,), -spread, spread)[cells]
    first = np.arange(n) % 500 == 0
    return Problem(np.column_stack([other, feature]).astype(np.int32), values, n, first)
