"""The density of soft energy in an event, for the subtraction of pile-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.flow import Candidates
from hepack.simulate.ragged import TWO_PI, Floats, Mask, binned, owners

GRID = 0.55
GRID_ETA_MAX = 4.4
GRID_ROWS, GRID_COLUMNS = 16, 11
FORWARD_ROWS = 4


@dataclass(frozen=True)
class Density:
    """Median pt density in GeV per unit area over a grid of cells (arXiv:0707.1378), per event.

    ``central`` is that of ``|eta| < 2.2``, where tracks tell collisions apart, ``forward`` that beyond.
    """

    everywhere: Floats
    central: Floats
    forward: Floats

    def above(self, floor: float, events: Mask) -> Density:
        """The excess over ``floor``, zero but for ``events``."""
        parts = (self.everywhere, self.central, self.forward)
        return Density(*(np.where(events, np.maximum(part - floor, 0.0), 0.0) for part in parts))


def density(candidates: Candidates) -> Density:
    """The density of pt in each event."""
    momenta = candidates.momenta
    row = np.floor((momenta.eta + GRID_ETA_MAX) / GRID).astype(np.int64)
    column = np.floor((momenta.phi + np.pi) / TWO_PI * GRID_COLUMNS).astype(np.int64) % GRID_COLUMNS
    inside = (row >= 0) & (row < GRID_ROWS)
    n_events, per_event = len(candidates.offsets) - 1, GRID_ROWS * GRID_COLUMNS
    cell = owners(candidates.offsets) * per_event + row * GRID_COLUMNS + column
    total = binned(cell[inside], momenta.pt[inside], n_events * per_event)
    grid = total.reshape(n_events, GRID_ROWS, GRID_COLUMNS) / (GRID * TWO_PI / GRID_COLUMNS)
    outer = np.concatenate([grid[:, :FORWARD_ROWS], grid[:, -FORWARD_ROWS:]], axis=1)
    parts = (grid, grid[:, FORWARD_ROWS:-FORWARD_ROWS], outer)
    return Density(*(np.asarray(np.median(part, axis=(1, 2))) for part in parts))
