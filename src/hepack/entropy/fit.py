"""Cut a distribution of integers into bins so that model and data together take about the fewest bits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.entropy.engine import loops
from hepack.entropy.packing import UInt64s, bit_lengths

MAX_PIECES = 2048
_NEAR_BITS = 16  # a table of 2**16 entries finds most bins at once
_BIN_BITS = 12.0  # what a bin costs in the model, but for the gap before it; measured on real columns
# logarithms differ in their last bit between processors: rounded they do not, nor do the bins
_LOG_STEPS = 2.0**36
_LOGS = np.rint(np.log2(np.arange(4096, 8192) / 4096.0) * _LOG_STEPS) / _LOG_STEPS


@dataclass(frozen=True)
class Census:
    """The distinct values, ascending, and how often each occurs."""

    values: UInt64s
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: UInt64s) -> Census:
        """Count by table where the range is narrow, else by sorting."""
        top = int(values.max())
        if top < max(4096, min(4 * len(values), 1 << 22)):
            table = np.bincount(values.astype(np.int64))
            present = np.flatnonzero(table)
            return cls(present.astype(np.uint64), table[present])
        ordered = np.sort(values)
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        return cls(ordered[starts], np.diff(starts, append=len(ordered)))

    @property
    def total(self) -> int:
        return int(self.counts.sum())


@dataclass(frozen=True)
class Bins:
    """Bin ``b`` takes the values from ``firsts[b]`` up to the next bin's first one.

    It codes them as ``lowers[b]`` plus ``widths[b]`` bits; ``lowers <= firsts``, all uint64.
    """

    firsts: UInt64s
    lowers: UInt64s
    widths: UInt64s

    def __len__(self) -> int:
        return len(self.lowers)

    @classmethod
    def spanning(cls, lows: UInt64s, highs: UInt64s) -> Bins:
        """The narrowest bins for values in the disjoint ascending ranges ``lows .. highs``.

        Where its width leaves a choice, a bin starts as low as the end of the bin before it allows, which
        makes the step between the two zero and cheap to store.
        """
        widths = bit_lengths(highs - lows)
        lowers = np.empty(len(lows), np.uint64)
        end = 0
        pairs = zip(lows.tolist(), highs.tolist(), widths.tolist(), strict=True)
        for b, (low, high, width) in enumerate(pairs):
            lower = max(0, high - (1 << width) + 1)
            lower = max(lower, min(low, end))
            lowers[b] = lower
            end = lower + (1 << width)
        return cls(lows, lowers, widths.astype(np.uint64))

    def assign(self, values: UInt64s) -> tuple[NDArray[np.uint16], int]:
        """The bin of every value, ``len(self)`` for those that no bin holds, and the number of those."""
        top = int(values.max())
        shift = max(0, top.bit_length() - min(_NEAR_BITS, len(values).bit_length()))
        edges = np.arange((top >> shift) + 1, dtype=np.uint64) << np.uint64(shift)
        near = np.full(len(edges) + 1, len(self) - 1, np.uint16)
        near[:-1] = np.maximum(np.searchsorted(self.firsts, edges, side="right") - 1, 0)
        symbols = np.empty(len(values), np.uint16)
        outside = loops().assign(
            values, self.firsts, self.lowers, self.widths, near, np.uint64(shift), symbols
        )
        return symbols, int(outside)

    def filled(self, values: UInt64s, symbols: NDArray[np.uint16]) -> tuple[Bins, NDArray[np.uint16]]:
        """These bins and one more for each hole between them that holds any of the values; and their bins."""
        at = np.flatnonzero(symbols == len(self))
        missed = np.sort(values[at])
        hole = np.searchsorted(self.firsts, missed, side="right")
        starts = np.flatnonzero(np.diff(hole, prepend=-1))
        lows = missed[starts]
        highs = missed[np.append(starts[1:], len(missed)) - 1]
        firsts = np.concatenate([self.firsts, lows])
        order = np.argsort(firsts)
        lowers = np.concatenate([self.lowers, lows])[order]
        widths = np.concatenate([self.widths, bit_lengths(highs - lows).astype(np.uint64)])[order]
        bins = Bins(firsts[order], lowers, widths)
        place = np.argsort(order).astype(np.uint16)[symbols]
        place[at] = np.searchsorted(bins.firsts, values[at], side="right") - 1
        return bins, place


def fit_bins(census: Census, *, weight: float = 1.0) -> Bins:
    """Bins for the census; each counted value stands for ``weight`` values of the data."""
    edges = _piece_edges(census)
    lows = census.values[edges[:-1]]
    highs = census.values[edges[1:] - 1]
    ends = np.concatenate([[0], np.cumsum(census.counts)])[edges].astype(np.int64)
    gaps = np.concatenate([lows[:1], lows[1:] - highs[:-1] - np.uint64(1)])
    entry = (_BIN_BITS + 2.0 * bit_lengths(gaps)) / weight
    previous = np.empty(len(edges), np.int64)
    scale = round(math.log2(census.total) * _LOG_STEPS) / _LOG_STEPS
    loops().partition(lows, highs, ends, entry, scale, _LOGS, previous)
    cuts = [len(lows)]
    while cuts[-1]:
        cuts.append(int(previous[cuts[-1]]))
    cut = np.array(cuts[::-1])
    return Bins.spanning(lows[cut[:-1]], highs[cut[1:] - 1])


def _piece_edges(census: Census) -> NDArray[np.int64]:
    """Where the pieces start, and the end: every value alone if there are few.

    Else a value with more than its share is a piece, the widest gaps part pieces, and the rest are quantiles.
    """
    n = len(census.values)
    if n <= MAX_PIECES:
        return np.arange(n + 1)
    quantiles = MAX_PIECES // 2
    ends = np.cumsum(census.counts)
    share = np.arange(1, quantiles) * ends[-1] // quantiles
    heavy = np.flatnonzero(census.counts > ends[-1] // (MAX_PIECES // 8))
    gaps = np.diff(census.values)
    wide = _largest(gaps, MAX_PIECES // 4)
    wide = wide[gaps[wide] > 1] + 1
    inner = np.concatenate([np.searchsorted(ends, share, side="right"), heavy, heavy + 1, wide])
    return np.unique(np.concatenate([[0], inner, [n]]))


def _largest(values: UInt64s, most: int) -> NDArray[np.int64]:
    """Where the largest are, of equal ones the last: an argpartition takes others on other processors."""
    bar = np.partition(values, -most)[-most]
    above, equal = np.flatnonzero(values > bar), np.flatnonzero(values == bar)
    return np.concatenate([above, equal[len(equal) - most + len(above) :]])
