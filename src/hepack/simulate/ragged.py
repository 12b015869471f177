"""Flat arrays cut into events: sums, ranks and pairs without a loop over events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import offsets_from_counts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
TWO_PI = 2 * np.pi


def owners(offsets: Ints) -> Ints:
    """The event of each object: offsets ``[0, 2, 2, 5]`` give ``[0, 0, 2, 2, 2]``."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def ranks(offsets: Ints) -> Ints:
    """The position of each object in its event, from 0."""
    return np.arange(int(offsets[-1])) - np.repeat(offsets[:-1], np.diff(offsets))


def segment_sum(values: NDArray[Any], offsets: Ints) -> Floats:
    """The sum of ``values`` in each run; empty runs give 0."""
    return binned(owners(offsets), values, len(offsets) - 1)


def binned(index: Ints, values: NDArray[Any], size: int) -> Floats:
    """The sum of the ``values`` of each ``index``, shape ``(size,)``; added in order of appearance."""
    return np.asarray(np.bincount(index, weights=values, minlength=size), np.float64)


def keep(mask: Mask, offsets: Ints) -> Ints:
    """The offsets that remain when only the objects under ``mask`` stay."""
    return offsets_from_counts(np.bincount(owners(offsets)[mask], minlength=len(offsets) - 1))


def order_by(values: NDArray[Any], offsets: Ints) -> Ints:
    """Indices that sort each run by falling ``values``; ties keep their order."""
    return np.lexsort((-values, owners(offsets)))


def wrap(angle: Floats) -> Floats:
    """Bring an angle into [-pi, pi)."""
    return np.asarray((angle + np.pi) % TWO_PI - np.pi)


@dataclass(frozen=True)
class Pairs:
    """All pairs of one object of A and one of B in the same event, as two flat index arrays."""

    first: Ints
    second: Ints

    @classmethod
    def within(cls, first: Ints, second: Ints) -> Pairs:
        """Form the pairs from the offsets of A and of B."""
        counts = np.diff(second)[owners(first)]
        offsets = offsets_from_counts(counts)
        left = owners(offsets)
        right = ranks(offsets) + second[:-1][owners(first)][left]
        return cls(left, right)


@dataclass(frozen=True)
class Nearest:
    """For each object of A the nearest of B in the same event: flat index (-1: none) and distance."""

    index: Ints
    distance: Floats


def nearest(
    a: tuple[Floats, Floats, Ints], b: tuple[Floats, Floats, Ints], *, radius: float = np.inf
) -> Nearest:
    """Match by distance in (eta, phi). ``a`` and ``b`` are (eta, phi, offsets)."""
    pairs = Pairs.within(a[2], b[2])
    distance = np.hypot(a[0][pairs.first] - b[0][pairs.second], wrap(a[1][pairs.first] - b[1][pairs.second]))
    index = np.full(len(a[0]), -1, np.int64)
    best = np.full(len(a[0]), np.inf)
    order = np.lexsort((distance, pairs.first))
    first, start = np.unique(pairs.first[order], return_index=True)
    chosen = order[start]
    best[first] = distance[chosen]
    index[first] = pairs.second[chosen]
    index[best > radius] = -1
    return Nearest(index, best)
