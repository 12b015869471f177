"""Calorimeter cells: sums of deposits, smeared, with the part that tracks explain taken off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.detector import Band, Detector
from hepack.simulate.ragged import TWO_PI, Floats, Ints, Mask, binned, wrap
from hepack.simulate.response import Measured, Particles, arrival, band_index, band_sigma, impact_phi, smear

SHOWERING = (11, 22)
"""Electrons and photons leave all of their energy in the ECAL."""
SHARED = (310, 3122)
"""K0S and Lambda that fly far leave some of it there; other hadrons leave all in the HCAL."""


@dataclass(frozen=True)
class Deposits:
    """Energy in GeV that single particles leave in one calorimeter, and whether they have a track."""

    event: Ints
    eta: Floats
    phi: Floats
    energy: Floats
    tracked: Mask
    time: Floats


@dataclass(frozen=True)
class Cells:
    """Cells with energy, one row each: ``energy`` as read out (0 below threshold) and ``neutral``, the
    significant excess over what tracks explain, in GeV; energy-weighted centroid; time in ns."""

    event: Ints
    energy: Floats
    neutral: Floats
    eta: Floats
    phi: Floats
    time: Floats


def calorimeters(
    particles: Particles, measured: Measured, detector: Detector, rng: np.random.Generator
) -> tuple[Cells, Cells]:
    """The ECAL and the HCAL."""
    code = np.abs(particles.pdg)
    phi, arrives = impact_phi(particles, detector)
    arrives &= (code != 13) & (np.abs(particles.momenta.eta) < detector.ecal[-1].eta_max)
    shared = np.where(np.isin(code, SHARED), detector.k0_ecal_fraction, 0.0)
    fraction = np.where(np.isin(code, SHOWERING), 1.0, shared)
    times = arrival(particles, detector)

    def deposits(part: Floats) -> Deposits:
        energy = particles.momenta.e * part
        here = arrives & (energy > 0)
        return Deposits(
            particles.event[here],
            particles.momenta.eta[here],
            phi[here],
            energy[here],
            measured.has_track[here],
            times[here],
        )

    return (
        read_out(deposits(fraction), detector.ecal, detector, rng),
        read_out(deposits(1.0 - fraction), detector.hcal, detector, rng),
    )


def cell_numbers(deposits: Deposits, bands: tuple[Band, ...]) -> Ints:
    """One integer for each calorimeter cell of each event."""
    chosen = band_index(deposits.eta, [band.eta_max for band in bands])
    numbers = np.zeros(len(chosen), np.int64)
    for number, band in enumerate(bands):
        inside = chosen == number
        row = np.floor(deposits.eta[inside] / band.cell).astype(np.int64) + 1024
        column = np.floor((deposits.phi[inside] + np.pi) / TWO_PI * band.cells_in_phi).astype(np.int64)
        numbers[inside] = (number * 2048 + row) * 512 + np.clip(column, 0, band.cells_in_phi - 1)
    return deposits.event * (2048 * 512 * 4) + numbers


def read_out(
    deposits: Deposits, bands: tuple[Band, ...], detector: Detector, rng: np.random.Generator
) -> Cells:
    """Sum deposits into cells and smear the sums; cells stay in order of event."""
    energy, phi = deposits.energy, deposits.phi
    _, first, index = np.unique(cell_numbers(deposits, bands), return_index=True, return_inverse=True)
    size = len(first)
    true = binned(index, energy, size)
    charged = binned(index, energy * deposits.tracked, size)
    eta = binned(index, energy * deposits.eta, size) / true
    turned = binned(index, energy * wrap(phi - phi[first][index]), size) / true
    seen = smear(true, band_sigma(true, eta, bands), rng)
    thresholds = np.array([*(band.threshold for band in bands), np.inf])
    threshold = thresholds[band_index(eta, [band.eta_max for band in bands])]
    excess = seen - charged
    doubt = detector.excess_sigmas * band_sigma(charged, eta, bands)
    constant, noise = detector.ecal_time
    jitter = np.hypot(constant, noise / np.maximum(seen, 1e-3)) * rng.standard_normal(size)
    return Cells(
        deposits.event[first],
        np.where(seen > threshold, seen, 0.0),
        np.where(excess > np.maximum(threshold, doubt), excess, 0.0),
        eta,
        wrap(phi[first] + turned),
        binned(index, energy * deposits.time, size) / true + jitter,
    )
