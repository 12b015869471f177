"""Single particles through the detector: resolution and efficiency as configured."""

from __future__ import annotations

import numpy as np
import pytest

from hepack.simulate.detector import CMS_LIKE
from hepack.simulate.flow import Candidates, reconstruct
from hepack.simulate.kinematics import Momenta
from hepack.simulate.record import charge
from hepack.simulate.response import Particles, sigma, smear

EVENTS = 6000


def shoot(pdg: int, *, pt: float, eta: float, mass: float = 0.0) -> Candidates:
    """One particle in each of `EVENTS` events, at random azimuth."""
    rng = np.random.default_rng(5)
    ones = np.ones(EVENTS)
    codes = np.full(EVENTS, pdg)
    momenta = Momenta.from_pt(pt * ones, eta * ones, rng.uniform(-np.pi, np.pi, EVENTS), mass)
    at_origin = Momenta(0 * ones, 0 * ones, 0 * ones, 0 * ones)
    particles = Particles(np.arange(EVENTS), momenta, codes, charge(codes), at_origin, np.zeros(EVENTS))
    return reconstruct(particles, EVENTS, CMS_LIKE, rng).candidates


@pytest.mark.parametrize(
    ("pt", "eta", "width"), [(40.0, 0.5, 0.0104), (200.0, 0.5, 0.0172), (40.0, 2.0, 0.026)]
)
def test_muons(pt: float, eta: float, width: float) -> None:
    found = shoot(13, pt=pt, eta=eta, mass=0.10566)
    muons = found.momenta.pt[np.abs(found.pdg) == 13]
    assert len(muons) / EVENTS == pytest.approx(0.97 if eta < 1.2 else 0.96, abs=0.015)
    assert muons.mean() / pt == pytest.approx(1.0, abs=0.002)
    assert muons.std() / pt == pytest.approx(width, rel=0.06)


def test_photons() -> None:
    found = shoot(22, pt=60.0, eta=0.3)
    energy = 60.0 * np.cosh(0.3)
    expected = sigma(np.array([energy]), CMS_LIKE.ecal[0].resolution)[0]
    assert (found.pdg == 22).all()
    assert len(found) == EVENTS
    assert found.momenta.e.mean() == pytest.approx(energy, rel=0.002)
    assert found.momenta.e.std() == pytest.approx(expected, rel=0.06)
    assert np.median(found.time) == pytest.approx(0.0, abs=0.02)
    assert found.time.std() == pytest.approx(np.hypot(0.15, 1.5 / energy), rel=0.06)


def test_neutral_hadrons() -> None:
    found = shoot(2112, pt=50.0, eta=0.5, mass=0.93957)
    energy = np.hypot(50.0 * np.cosh(0.5), 0.93957)
    expected = sigma(np.array([energy]), CMS_LIKE.hcal[0].resolution)[0]
    assert (found.pdg == 130).all()
    assert found.momenta.e.mean() == pytest.approx(energy, rel=0.01)
    assert found.momenta.e.std() == pytest.approx(expected, rel=0.08)


def test_charged_pions_are_counted_once() -> None:
    found = shoot(211, pt=10.0, eta=0.4, mass=0.13957)
    tracks = np.abs(found.pdg) == 211
    assert tracks.sum() / EVENTS == pytest.approx(0.94, abs=0.015)
    total = np.bincount(
        np.repeat(np.arange(EVENTS), np.diff(found.offsets)), weights=found.momenta.pt, minlength=EVENTS
    )
    assert np.median(total) / 10.0 == pytest.approx(1.0, abs=0.02)


def test_forward_particles_and_acceptance() -> None:
    assert set(np.unique(shoot(22, pt=20.0, eta=4.0).pdg)) == {2}
    assert set(np.unique(shoot(2112, pt=20.0, eta=4.0, mass=0.94).pdg)) == {1}
    assert len(shoot(22, pt=20.0, eta=5.5)) == 0
    assert len(shoot(211, pt=0.2, eta=0.0, mass=0.13957)) == 0  # no track, and it curls up in the field


def test_slow_particles_arrive_late() -> None:
    found = shoot(2112, pt=1.0, eta=0.0, mass=0.93957)
    assert (found.pdg == 130).all()
    from hepack.simulate.response import arrival

    ones = np.ones(1)
    neutron = Particles(
        np.zeros(1, np.int64),
        Momenta.from_pt(ones, 0 * ones, 0 * ones, 0.93957),
        np.array([2112]),
        np.array([0]),
        Momenta(0 * ones, 0 * ones, 0 * ones, 0 * ones),
        0 * ones,
    )
    speed = 1.0 / np.hypot(1.0, 0.93957)
    assert arrival(neutron, CMS_LIKE)[0] == pytest.approx(1.29 / 0.299792458 * (1 / speed - 1))


def test_smearing_keeps_mean_and_width() -> None:
    rng = np.random.default_rng(1)
    drawn = smear(np.full(100_000, 20.0), np.full(100_000, 6.0), rng)
    assert drawn.min() > 0
    assert drawn.mean() == pytest.approx(20.0, rel=0.005)
    assert drawn.std() == pytest.approx(6.0, rel=0.02)
    assert smear(np.zeros(3), np.ones(3), rng).tolist() == [0, 0, 0]
