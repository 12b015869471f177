"""Particle flow: combine tracks and calorimeter cells into one list of candidates per event.

The rule, in short (as in P of `detector`, simplified): every track is a charged candidate and the
energy that its particle left in a cell is taken off that cell; what is left over, where it is
significant, is a photon (ECAL) or a neutral hadron (HCAL).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.calorimeter import Cells, calorimeters
from hepack.simulate.detector import Detector
from hepack.simulate.kinematics import Momenta
from hepack.simulate.ragged import Floats, Ints, wrap
from hepack.simulate.response import Measured, Particles, band_index, track
from hepack.table import offsets_from_counts

PION_MASS = 0.13957
KAON_0_MASS = 0.49761
FORWARD = 3.0
"""Beyond this ``|eta|`` there is one forward calorimeter: candidates are of the kinds 1 and 2."""
NO_TIME = -99.0
HF_HADRON, HF_EM = 1, 2


@dataclass(frozen=True)
class Candidates:
    """Particle-flow candidates, in each event by falling pt.

    ``pdg`` is 211 (charged hadron, signed), 11, 13 (signed), 22, 130 (neutral hadron), 1 and 2
    (forward calorimeter, hadronic and electromagnetic), as in CMS. ``time`` is in ns, -99 without one.
    """

    offsets: Ints
    momenta: Momenta
    pdg: Ints
    charge: Ints
    time: Floats

    def __len__(self) -> int:
        return len(self.pdg)


@dataclass(frozen=True)
class Measurement:
    """All that the detector gives for a block of events."""

    candidates: Candidates
    ecal: Cells
    hcal: Cells


def reconstruct(
    particles: Particles, n_events: int, detector: Detector, rng: np.random.Generator
) -> Measurement:
    """Measure the particles of ``n_events`` events."""
    measured = track(particles, detector, rng)
    ecal, hcal = calorimeters(particles, measured, detector, rng)
    tracks = _track_candidates(particles, measured, detector)
    photons = _neutral(ecal, detector, rng, electromagnetic=True)
    hadrons = _neutral(hcal, detector, rng, electromagnetic=False)
    return Measurement(_merge((tracks, photons, hadrons), n_events), ecal, hcal)


@dataclass(frozen=True)
class _Part:
    event: Ints
    momenta: Momenta
    pdg: Ints
    charge: Ints
    time: Floats


def _track_candidates(particles: Particles, measured: Measured, detector: Detector) -> _Part:
    same_vertex = np.abs(particles.depth) < detector.vertex_window
    rows = np.flatnonzero(measured.has_track & same_vertex)
    code = np.abs(particles.pdg[rows])
    lepton = (code == 11) | measured.is_muon[rows]
    charge = particles.charge[rows]
    pdg = np.where(lepton, particles.pdg[rows], 211 * charge)
    mass = np.where(code == 11, 0.000511, np.where(measured.is_muon[rows], 0.10566, PION_MASS))
    momenta = Momenta.from_pt(measured.pt[rows], measured.eta[rows], measured.phi[rows], mass)
    times = np.full(len(rows), NO_TIME)
    return _Part(particles.event[rows], momenta, pdg, charge, times)


def _neutral(cells: Cells, detector: Detector, rng: np.random.Generator, *, electromagnetic: bool) -> _Part:
    rows = np.flatnonzero(cells.neutral > 0)
    bands = detector.ecal if electromagnetic else detector.hcal
    sizes = np.array([band.cell for band in bands])
    eta = cells.eta[rows]
    chosen = np.minimum(band_index(eta, [band.eta_max for band in bands]), len(bands) - 1)
    # The centroid of a shower is known to about a tenth of a cell.
    shift = 0.1 * sizes[chosen] * rng.standard_normal((2, len(rows)))
    forward = np.abs(eta) > FORWARD
    central, outer = (22, HF_EM) if electromagnetic else (130, HF_HADRON)
    mass = np.where(forward | electromagnetic, 0.0, KAON_0_MASS)
    energy = cells.neutral[rows]
    eta = eta + shift[0]
    momentum = np.sqrt(np.maximum(energy**2 - mass**2, 0.0))
    momenta = Momenta.from_pt(momentum / np.cosh(eta), eta, wrap(cells.phi[rows] + shift[1]), mass)
    times = np.where(electromagnetic & ~forward, cells.time[rows], NO_TIME)
    nothing = np.zeros(len(rows), np.int64)
    return _Part(cells.event[rows], momenta, np.where(forward, outer, central), nothing, times)


def _merge(parts: tuple[_Part, ...], n_events: int) -> Candidates:
    event = np.concatenate([part.event for part in parts])
    momenta = Momenta.concatenate(*(part.momenta for part in parts))
    order = np.lexsort((-momenta.pt, event))
    columns = [
        np.concatenate([getattr(part, name) for part in parts])[order] for name in ("pdg", "charge", "time")
    ]
    offsets = offsets_from_counts(np.bincount(event, minlength=n_events))
    return Candidates(offsets, momenta[order], *columns)
