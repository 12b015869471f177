"""Toy streams for the tests: no physics, only the layout of the 57 numbers."""

from __future__ import annotations

import numpy as np


def toy_stream(events: int, *, leptons: int = 1, jets: float = 1.0, seed: int = 1) -> np.ndarray:
    """``leptons`` above 23 GeV and a Poisson number of jets, falling pt, shape ``(event, 19, 3)``."""
    rng = np.random.default_rng(seed)
    out = np.zeros((events, 19, 3), np.float32)
    out[:, 0, 0] = rng.exponential(20, events)
    first = rng.random(events) < 0.5
    for rank in range(leptons):
        pt = (24 + rng.exponential(10, events)) / (1 + rank)
        for column, chosen in ((1, first), (5, ~first)):
            out[chosen, column + rank, 0] = pt[chosen]
    count = np.minimum(rng.poisson(jets, events), 10)
    pt = -np.sort(-(15 + rng.exponential(15, (events, 10))), axis=1)
    out[:, 9:, 0] = pt * (np.arange(10) < count[:, None])
    there = out[..., 0] > 0
    out[..., 1] = rng.normal(0, 1, there.shape).clip(-2, 2) * there
    out[..., 2] = rng.uniform(-np.pi, np.pi, there.shape) * there
    out[:, 0, 1] = 0
    return out
