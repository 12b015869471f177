"""`Blocks`: neighbouring events taken together, the units that a permutation test exchanges.

Objects of one event are correlated, events of a good run are not: what is exchanged must be whole events. Runs of
neighbouring events serve as well, are fewer, and keep correlations between neighbours inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.monitoring.columns import Floats, Ints

FEWEST_BLOCKS = 64
"""A run is cut into at least so many blocks, fewer than twice as many."""


@dataclass(frozen=True)
class Blocks:
    """``count`` blocks of ``size`` events; the events behind them are left out."""

    size: int
    count: int

    @classmethod
    def of_run(cls, n_events: int) -> Blocks:
        """Blocks of a power of two of events; at most one event in 64 is left out."""
        size = 1
        while n_events >= 2 * size * FEWEST_BLOCKS:
            size *= 2
        return cls(size, n_events // size)

    def like(self, n_events: int) -> Blocks:
        """Blocks of the same size of other events."""
        return Blocks(self.size, n_events // self.size)

    def sums(self, events: Ints, places: Ints, width: int) -> Floats:
        """How many rows have each place in each block, shape ``(block, width)``.

        ``events`` and ``places`` are of shape ``(row,)``; a place below 0 counts nowhere.
        """
        block = events // self.size
        kept = (block < self.count) & (places >= 0)
        flat = np.bincount(block[kept] * width + places[kept], minlength=self.count * width)
        return flat.reshape(self.count, width).astype(np.float64)
