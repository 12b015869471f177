"""`Binned`: candidate columns cut into bins of about equal counts, and which of them tell most of a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

MAX_BINS = 32
_SCREEN_BINS = 16
_SCREEN_ROWS = 4096
_EDGE_ROWS = 4096


@dataclass(frozen=True)
class Binned:
    """``bins`` (u8, shape ``(column, row)``): how many of a column's ``edges`` are at or below its value."""

    bins: NDArray[np.uint8]
    edges: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, columns: NDArray[np.int32]) -> Self:
        """Bin ``columns``, shape ``(column, row)``."""
        bins = np.empty(columns.shape, np.uint8)
        edges = []
        for c, column in enumerate(columns):
            edge = _edges(column[:: -(-len(column) // _EDGE_ROWS)], MAX_BINS)
            edges.append(edge)
            bins[c] = np.searchsorted(edge.astype(np.int32), column, side="right")
        return cls(bins, tuple(edges))


def _edges(values: NDArray[np.int32], bins: int) -> NDArray[np.int64]:
    """Up to ``bins - 1`` edges between quantiles, each as round a number as the room around it allows."""
    ordered = np.sort(values).astype(np.int64)
    edges = _cuts(ordered, bins)
    if not len(edges):
        return edges
    ends = np.concatenate([ordered[:1], edges, ordered[-1:] + 1])
    room = np.diff(ends)
    below = np.maximum(ordered[np.searchsorted(ordered, edges) - 1] + 1, edges - room[:-1] // 4)
    return np.unique(_roundest(np.minimum(below, edges - room[:-1] // 4), edges + room[1:] // 4))


def _roundest(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """One more than the number of ``low - 1 .. high - 1`` with the most zeros at its end, of each pair.

    A row is over the threshold from one more than it on, and it is the threshold that is stored.
    """
    best = high - 1
    for bit in range(1, 32):
        candidate = ((high - 1) >> bit) << bit
        best = np.where(candidate >= low - 1, candidate, best)
    return best + 1


def most_telling(columns: NDArray[np.int32], targets: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The ``count`` columns (fewer if they tell nothing) with the most information on the targets, ascending.

    Measured on the counts of pairs of quantiles, less what chance alone gives.
    """
    step = max(1, -(-len(targets) // _SCREEN_ROWS))
    target = _quantiles(targets[::step])
    size = int(target.max()) + 1
    gain = np.zeros(len(columns))
    for c, column in enumerate(columns):
        bins = _quantiles(column[::step].astype(np.int64))
        parts = int(bins.max()) + 1
        counts = np.bincount(bins * size + target, minlength=parts * size).reshape(parts, size)
        gain[c] = _information(counts) - 0.5 * (parts - 1) * (size - 1)
    order = np.argsort(-gain, kind="stable")[:count]
    return np.sort(order[gain[order] > 0])


def _information(counts: NDArray[np.int64]) -> float:
    """Rows times mutual information, in nats."""
    n = counts.sum()
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / n
    seen = counts > 0
    return float((counts[seen] * np.log(counts[seen] / expected[seen])).sum())


def _quantiles(values: NDArray[np.int64]) -> NDArray[np.int64]:
    ordered = np.sort(values)
    return np.searchsorted(_cuts(ordered, _SCREEN_BINS), values, side="right").astype(np.int64)


def _cuts(ordered: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    """Values where bins start: three in four at equal counts of rows, the others of distinct values.

    The latter see what is rare: a few rows that differ from all others.
    """
    distinct = np.unique(ordered)
    even, rare = bins - bins // 4, bins // 4
    cuts = np.concatenate(
        [
            ordered[np.arange(1, even) * len(ordered) // even],
            distinct[np.arange(1, rare + 1) * len(distinct) // (rare + 1)],
        ]
    )
    found: NDArray[np.int64] = np.unique(cuts[cuts > ordered[0]])
    return found
