"""`Marginal`: what a column's integers cost by themselves, by a histogram of a reference sample.

Frequent integers have a bin of their own, the others share bins of about equal counts; within a bin all
integers are equally likely. What lies outside all bins is an escape and pays for its distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.container import check
from hepack.transforms import Symbols

Floats = NDArray[np.float64]

MAX_BINS = 1 << 10
ROWS_PER_BIN = 16
PRIOR = 0.5
"""Added to the count of every bin and of the escape (Krichevsky and Trofimov, IEEE Trans. IT 27 (1981) 199)."""


@dataclass(frozen=True, eq=False)
class Marginal:
    """Bin ``b`` holds the integers ``firsts[b]`` to ``lasts[b]``, ascending and apart, with ``counts[b]`` rows."""

    firsts: Symbols
    lasts: Symbols
    counts: Symbols

    @classmethod
    def of(cls, targets: Symbols) -> Marginal:
        """The histogram of a reference sample of integers, shape ``(row,)``."""
        values, counts = np.unique(targets, return_counts=True)
        share = max(ROWS_PER_BIN, -(-len(targets) // MAX_BINS))
        frequent = counts >= share
        starts = frequent.copy()
        starts[1:] |= frequent[:-1]
        starts[:1] = True
        # between frequent values, a new bin wherever the running count passes a multiple of the share
        runs = (np.cumsum(np.where(frequent, 0, counts)) - 1) // share
        starts[1:] |= runs[1:] != runs[:-1]
        places = np.flatnonzero(starts)
        ends = np.append(places[1:], len(values))[: len(places)] - 1
        totals = np.add.reduceat(counts, places) if len(places) else np.zeros(0, np.int64)
        firsts, lasts = values[places].astype(np.int64), values[ends].astype(np.int64)
        # neighbours that share their bins leave no gap between them; about frequent values gaps stay
        joined = ~(frequent[places][:-1] | frequent[places][1:])
        lasts[:-1][joined] = firsts[1:][joined] - 1
        return cls(firsts, lasts, totals.astype(np.int64))

    @cached_property
    def _costs(self) -> tuple[Floats, float]:
        """Bits of an integer of each bin, and of the escape."""
        total = float(self.counts.sum()) + PRIOR * (len(self.counts) + 1)
        widths = self.lasts.astype(np.float64) - self.firsts.astype(np.float64) + 1.0
        return np.log2(total / (self.counts + PRIOR)) + np.log2(widths), math.log2(total / PRIOR)

    def bits(self, targets: Symbols) -> Floats:
        """The code length of each integer, in bits, shape ``(row,)``; finite for any int64."""
        known, escape = self._costs
        if not len(known):
            return escape + _gamma(np.abs(targets.astype(np.float64)))
        place = np.clip(np.searchsorted(self.firsts, targets, side="right") - 1, 0, len(known) - 1)
        # differences of int64 may be beyond int64
        value, low, high = (a.astype(np.float64) for a in (targets, self.firsts[place], self.lasts[place]))
        inside = (targets >= self.firsts[place]) & (targets <= self.lasts[place])
        outside = np.maximum(np.maximum(value - high, low - value), 0.0)
        return np.where(inside, known[place], escape + _gamma(outside))

    def to_json(self) -> list[list[int]]:
        """Three lists of integers; `from_json` gives an equal histogram back."""
        return [self.firsts.tolist(), self.lasts.tolist(), self.counts.tolist()]

    @classmethod
    def from_json(cls, value: Any) -> Marginal:
        """Undo `to_json`.

        Raises:
            CorruptFileError, LimitError: the value is no such histogram.
        """
        match value:
            case [[*firsts], [*lasts], [*counts]] if len(firsts) == len(lasts) == len(counts):
                check(len(firsts), 2 * MAX_BINS + 2, "the number of bins of a histogram")
            case _:
                raise CorruptFileError("a histogram of reference values has a wrong form")
        if not all(type(v) is int and -(2**63) <= v < 2**63 for v in (*firsts, *lasts, *counts)):
            raise CorruptFileError("a histogram of reference values holds what is no integer")
        first, last, count = (np.array(a, np.int64) for a in (firsts, lasts, counts))
        if (
            (last < first).any()
            or (first[1:] <= last[:-1]).any()
            or (count < 1).any()
            or (count >= 2**53).any()
        ):
            raise CorruptFileError("the bins of a histogram of reference values are not in order")
        return cls(first, last, count)


def _gamma(distance: Floats) -> Floats:
    """About the length of Elias's gamma code (IEEE Trans. IT 21 (1975) 194) of a distance."""
    bits: Floats = 2.0 * np.log2(1.0 + distance) + 1.0
    return bits
