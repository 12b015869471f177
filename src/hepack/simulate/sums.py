"""Sums over whole events: missing momentum and the density of soft energy."""

from __future__ import annotations

import numpy as np

from hepack.simulate.flow import Candidates
from hepack.simulate.jetset import JetSet
from hepack.simulate.ragged import TWO_PI, Floats, binned, owners, segment_sum

TYPE_ONE_MIN_PT = 15.0
GRID = 0.55
GRID_ETA_MAX = 4.4
GRID_ROWS, GRID_COLUMNS = 16, 11


def missing(candidates: Candidates, jets: JetSet) -> tuple[Floats, Floats]:
    """Missing transverse momentum: minus the sum of candidates, jet corrections passed on (type 1)."""
    scale = jets.raw * (jets.jets.momenta.pt > TYPE_ONE_MIN_PT)
    cut = jets.jets.offsets
    momenta = candidates.momenta
    return (
        -segment_sum(momenta.px, candidates.offsets) - segment_sum(jets.jets.momenta.px * scale, cut),
        -segment_sum(momenta.py, candidates.offsets) - segment_sum(jets.jets.momenta.py * scale, cut),
    )


def density(candidates: Candidates) -> Floats:
    """Median pt density in GeV per unit area over a grid of cells (arXiv:0707.1378), per event."""
    momenta = candidates.momenta
    row = np.floor((momenta.eta + GRID_ETA_MAX) / GRID).astype(np.int64)
    column = np.floor((momenta.phi + np.pi) / TWO_PI * GRID_COLUMNS).astype(np.int64) % GRID_COLUMNS
    inside = (row >= 0) & (row < GRID_ROWS)
    n_events, per_event = len(candidates.offsets) - 1, GRID_ROWS * GRID_COLUMNS
    cell = owners(candidates.offsets) * per_event + row * GRID_COLUMNS + column
    total = binned(cell[inside], momenta.pt[inside], n_events * per_event)
    area = GRID * TWO_PI / GRID_COLUMNS
    return np.asarray(np.median(total.reshape(n_events, per_event), axis=1) / area)
