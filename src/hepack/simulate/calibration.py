"""Jet energy correction: from the measured jet back to the particle-level jet."""

from __future__ import annotations

import numpy as np

from hepack.simulate.ragged import Floats

ETA_EDGES = (0.9, 1.4, 2.5, 3.0)
RESPONSE = (
    (1.0347, -0.1242),
    (1.0274, -0.1060),
    (1.0151, -0.0603),
    (1.0347, -0.1833),
    (1.0754, -0.3558),
)
"""For each ``|eta|`` band ``(a, b)``: median response ``a + b / ln(pt / GeV)``.

Made by ``benchmarks/simulate/calibrate.py``."""


def correction(pt: Floats, eta: Floats) -> Floats:
    """The factor that brings jets of measured ``pt`` (GeV) to the particle-level scale."""
    band = np.searchsorted(ETA_EDGES, np.abs(eta), side="right")
    a, b = np.asarray(RESPONSE).T
    return np.asarray(1.0 / (a[band] + b[band] / np.log(np.maximum(pt, 10.0))))
