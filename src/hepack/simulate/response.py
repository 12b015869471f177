"""What a detector measures of each particle: tracks, cell energies, and particle-flow candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hepack.simulate.detector import Band, Detector, Resolution, Tracks
from hepack.simulate.kinematics import Momenta
from hepack.simulate.ragged import Floats, Ints, Mask, wrap

C_LIGHT = 0.299792458
"""Speed of light in m/ns; also GeV per (T m) of bending."""


@dataclass(frozen=True)
class Particles:
    """Stable visible particles of all events, one flat row each. ``event`` rises.

    ``vertex`` is in mm (time in mm/c), relative to the collision that made the particle; ``depth`` is
    that collision's place along the beam in mm, 0 for the hard one.
    """

    event: Ints
    momenta: Momenta
    pdg: Ints
    charge: Ints
    vertex: Momenta
    depth: Floats

    def __getitem__(self, mask: Mask | Ints) -> Particles:
        return Particles(
            self.event[mask],
            self.momenta[mask],
            self.pdg[mask],
            self.charge[mask],
            self.vertex[mask],
            self.depth[mask],
        )

    def shifted(self, events: int) -> Particles:
        """The same particles, ``events`` later."""
        return replace(self, event=self.event + events)

    @classmethod
    def concatenate(cls, parts: Sequence[Particles]) -> Particles:
        """The particles of all parts, in order; ``event`` stays as it is."""
        return cls(
            np.concatenate([part.event for part in parts]),
            Momenta.concatenate(*(part.momenta for part in parts)),
            np.concatenate([part.pdg for part in parts]),
            np.concatenate([part.charge for part in parts]),
            Momenta.concatenate(*(part.vertex for part in parts)),
            np.concatenate([part.depth for part in parts]),
        )


def sigma(energy: Floats, resolution: Resolution) -> Floats:
    """Absolute energy resolution in GeV."""
    return np.sqrt(
        resolution.stochastic**2 * energy + resolution.noise**2 + (resolution.constant * energy) ** 2
    )


def band_sigma(energy: Floats, eta: Floats, bands: tuple[Band, ...]) -> Floats:
    """Absolute resolution in GeV with the band that each ``eta`` falls into."""
    chosen = band_index(eta, [band.eta_max for band in bands])
    result = np.zeros(len(energy))
    for number, band in enumerate(bands):
        inside = chosen == number
        result[inside] = sigma(energy[inside], band.resolution)
    return result


def band_index(eta: Floats, edges: list[float]) -> Ints:
    """The band of each ``|eta|``; ``len(edges)`` where it lies outside of all."""
    return np.searchsorted(np.asarray(edges), np.abs(eta), side="right")


def smear(energy: Floats, width: Floats, rng: np.random.Generator) -> Floats:
    """Draw measured energies: log-normal with mean ``energy`` and RMS ``width``, hence never negative."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.log1p(np.nan_to_num(width / energy, nan=0.0, posinf=0.0) ** 2))
    return np.asarray(energy * np.exp(spread * rng.standard_normal(len(energy)) - spread**2 / 2))


@dataclass(frozen=True)
class Measured:
    """Tracks and muons: which particles have one, and the measured momentum of those."""

    has_track: Mask
    is_muon: Mask
    pt: Floats
    eta: Floats
    phi: Floats


def track(particles: Particles, detector: Detector, rng: np.random.Generator) -> Measured:
    """Find tracks with their efficiency and smear their momenta."""
    momenta = particles.momenta
    radius = np.hypot(particles.vertex.px, particles.vertex.py) * 1e-3
    code = np.abs(particles.pdg)
    reachable = (particles.charge != 0) & (momenta.pt > detector.track_min_pt)
    reachable &= radius < detector.track_max_radius
    muon = (code == 13) & (momenta.pt > detector.muon_min_pt)
    efficiency, width = _tracking(momenta.eta, momenta.pt, detector.tracks, detector.track_soft_below)
    muon_efficiency, muon_width = _tracking(momenta.eta, momenta.pt, detector.muons, 0.0)
    found_muon = muon & reachable & (rng.random(len(code)) < muon_efficiency)
    found = reachable & (found_muon | (rng.random(len(code)) < efficiency))
    width = np.where(found_muon, np.minimum(width, muon_width), width)
    ecal = band_sigma(momenta.e, momenta.eta, detector.ecal) / np.maximum(momenta.e, 1e-9)
    combined = 1 / np.sqrt(1 / np.maximum(width, 1e-9) ** 2 + 1 / np.maximum(ecal, 1e-9) ** 2)
    width = np.where(code == 11, combined, width)
    angles = detector.track_angle * rng.standard_normal((2, len(code)))
    return Measured(
        found,
        found_muon,
        smear(momenta.pt, width * momenta.pt, rng),
        momenta.eta + angles[0],
        wrap(momenta.phi + angles[1]),
    )


def _tracking(eta: Floats, pt: Floats, bands: tuple[Tracks, ...], soft_below: float) -> tuple[Floats, Floats]:
    """Efficiency and relative momentum resolution; both 0 outside of the acceptance."""
    chosen = band_index(eta, [band.eta_max for band in bands])
    efficiency, width = np.zeros(len(eta)), np.zeros(len(eta))
    for number, band in enumerate(bands):
        inside = chosen == number
        efficiency[inside] = np.where(pt[inside] < soft_below, band.efficiency_soft, band.efficiency)
        width[inside] = np.hypot(band.floor, band.slope * pt[inside])
    return efficiency, width


def impact_phi(particles: Particles, detector: Detector) -> tuple[Floats, Mask]:
    """Azimuth at the calorimeter's face after bending, and whether the particle gets there.

    A charged particle of ``pt < 0.15 B r`` GeV curls up before it reaches the barrel.
    """
    momenta = particles.momenta
    bend = C_LIGHT * detector.field_tesla
    barrel = np.abs(momenta.eta) < detector.ecal[0].eta_max
    with np.errstate(divide="ignore", invalid="ignore"):
        chord = bend * detector.ecal_radius / (2 * momenta.pt)
        turn = np.where(
            barrel,
            np.arcsin(np.clip(chord, 0.0, 1.0)),
            bend * detector.ecal_half_length / (2 * np.abs(momenta.pz)),
        )
    charged = particles.charge != 0
    shift = np.where(charged, particles.charge * np.nan_to_num(turn), 0.0)
    return wrap(momenta.phi - shift), ~(charged & barrel & (chord >= 1.0))


def arrival(particles: Particles, detector: Detector) -> Floats:
    """Time at the ECAL in ns, relative to light from the collision point along the same direction."""
    momenta = particles.momenta
    sine = 1 / np.cosh(momenta.eta)
    path = np.where(
        np.abs(momenta.eta) < detector.ecal[0].eta_max,
        detector.ecal_radius / sine,
        detector.ecal_half_length / np.maximum(np.abs(np.tanh(momenta.eta)), 1e-9),
    )
    speed = np.clip(momenta.p / np.maximum(momenta.e, 1e-12), 1e-3, 1.0)
    vertex = particles.vertex
    along = (vertex.px * momenta.px + vertex.py * momenta.py + vertex.pz * momenta.pz) * 1e-3
    remaining = np.maximum(path - along / np.maximum(momenta.p, 1e-12), 0.0)
    return np.asarray((vertex.e * 1e-3 + remaining / speed - path) / C_LIGHT)
