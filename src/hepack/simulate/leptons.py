"""Isolated electrons, muons and photons among the candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.detector import Detector
from hepack.simulate.flow import Candidates
from hepack.simulate.ragged import Floats, Ints, Mask, Pairs, keep, owners, wrap

LEPTON_ETA_MAX = 2.5
MUON_ETA_MAX = 2.4


@dataclass(frozen=True)
class Isolated:
    """Objects of one kind, by falling pt: their rows among the candidates and relative isolation.

    ``isolation`` is the sum of pt of all other candidates in the cone, less the pile-up expected there
    (``offset``, GeV per unit area, per event), over the object's pt.
    """

    offsets: Ints
    rows: Ints
    isolation: Floats


def electrons(
    candidates: Candidates, offset: Floats, detector: Detector, rng: np.random.Generator
) -> Isolated:
    """Identified isolated electrons."""
    momenta = candidates.momenta
    mask = (np.abs(candidates.pdg) == 11) & (np.abs(momenta.eta) < LEPTON_ETA_MAX)
    mask &= (momenta.pt > detector.electron_min_pt) & (
        rng.random(len(candidates)) < detector.electron_efficiency
    )
    return _isolate(candidates, mask, offset, detector)


def muons(candidates: Candidates, offset: Floats, detector: Detector) -> Isolated:
    """Isolated muons; their efficiency was drawn with the track."""
    momenta = candidates.momenta
    mask = (np.abs(candidates.pdg) == 13) & (np.abs(momenta.eta) < MUON_ETA_MAX)
    return _isolate(candidates, mask & (momenta.pt > detector.muon_min_pt), offset, detector)


def photons(candidates: Candidates, offset: Floats, detector: Detector, rng: np.random.Generator) -> Isolated:
    """Identified isolated photons."""
    momenta = candidates.momenta
    mask = (candidates.pdg == 22) & (np.abs(momenta.eta) < LEPTON_ETA_MAX)
    mask &= (momenta.pt > detector.photon_min_pt) & (rng.random(len(candidates)) < detector.photon_efficiency)
    return _isolate(candidates, mask, offset, detector)


def _isolate(candidates: Candidates, mask: Mask, offset: Floats, detector: Detector) -> Isolated:
    rows = np.flatnonzero(mask)
    offsets = keep(mask, candidates.offsets)
    eta, phi, pt = candidates.momenta.eta, candidates.momenta.phi, candidates.momenta.pt
    pairs = Pairs.within(offsets, candidates.offsets)
    mine = rows[pairs.first]
    distance = np.hypot(eta[mine] - eta[pairs.second], wrap(phi[mine] - phi[pairs.second]))
    around = (distance < detector.isolation_cone) & (mine != pairs.second)
    total = np.bincount(pairs.first, weights=pt[pairs.second] * around, minlength=len(rows))
    expected = offset[owners(offsets)] * np.pi * detector.isolation_cone**2
    isolation = np.maximum(total - expected, 0.0) / pt[rows]
    good = isolation < detector.max_isolation
    return Isolated(keep(good, offsets), rows[good], isolation[good])
