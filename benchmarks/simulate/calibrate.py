"""Fit the jet energy response of the simulated detector; print `RESPONSE` of `calibration.py`.

    python benchmarks/simulate/calibrate.py

The median of measured over particle-level pt of matched R = 0.4 jets, in bins of the latter, is
fitted by ``a + b / ln(pt)`` in the measured pt, for each band of ``|eta|``.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from hepack.simulate import Request
from hepack.simulate.calibration import ETA_EDGES
from hepack.simulate.ragged import owners
from hepack.simulate.run import simulate_events

SAMPLES = (("ttbar", 500, 1), ("qcd_flat", 900, 2), ("qcd", 500, 3), ("qcd_high", 400, 4))
EDGES = (20, 25, 30, 40, 55, 80, 120, 200, 400, 800, 2000)
MIN_JETS = 40


def pairs(process: str, events: int, seed: int) -> np.ndarray:
    """Particle-level pt, uncorrected measured pt, and eta of matched jets: shape (jets, 3)."""
    made = simulate_events(Request(process=process, events=events, seed=seed), 0, events)
    found = made.jets
    matched = found.gen >= 0
    rows = (found.gen + made.gen_jets.offsets[:-1][owners(found.jets.offsets)])[matched]
    raw = found.jets.momenta.pt * (1 - found.raw)
    true = made.gen_jets.momenta.pt[rows]
    return np.stack([true, raw[matched], found.jets.momenta.eta[matched]], axis=1)


def fit(jets: np.ndarray) -> tuple[float, float]:
    """``(a, b)`` of one band, and a line per bin for the reader."""
    points = []
    for low, high in pairwise(EDGES):
        inside = jets[(jets[:, 0] > low) & (jets[:, 0] < high)]
        if len(inside) >= MIN_JETS:
            ratio = inside[:, 1] / inside[:, 0]
            points.append((np.median(inside[:, 1]), np.median(ratio), np.sqrt(len(inside)) / ratio.std()))
    pt, median, weight = np.array(points).T
    design = np.stack([np.ones(len(pt)), 1 / np.log(pt)], axis=1)
    solution = np.linalg.lstsq(design * weight[:, None], median * weight, rcond=None)[0]
    for x, y, z in zip(pt, median, design @ solution, strict=True):
        print(f"  pt {x:7.1f} GeV  median response {y:.3f}  fit {z:.3f}")
    return round(float(solution[0]), 4), round(float(solution[1]), 4)


def main() -> None:
    jets = np.concatenate([pairs(*sample) for sample in SAMPLES])
    band = np.searchsorted(ETA_EDGES, np.abs(jets[:, 2]), side="right")
    for number in range(len(ETA_EDGES) + 1):
        print(f"band {number}:")
        print(fit(jets[band == number]))


if __name__ == "__main__":
    main()
