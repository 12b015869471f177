"""Particle codes and the pruned truth."""

from __future__ import annotations

import numpy as np
import pytest

from hepack.simulate.ragged import owners
from hepack.simulate.record import charge, has_flavour, is_hadron


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (11, -1), (-13, 1), (22, 0), (12, 0), (211, 1), (-211, -1), (130, 0), (310, 0), (321, 1), (2212, 1),
        (2112, 0), (3112, -1), (3222, 1), (3312, -1), (-3334, 1), (411, 1), (521, 1), (-521, -1), (4122, 1),
    ],
)  # fmt: skip
def test_charge(code: int, expected: int) -> None:
    assert charge(np.array([code])).tolist() == [expected]


def test_charges_agree_with_pythia(ttbar) -> None:
    pythia = pytest.importorskip("pythia8mc").Pythia("", False)
    record, _ = ttbar
    codes = np.unique(record.pdg[record.stable])
    assert charge(codes).tolist() == [pythia.particleData.charge(int(code)) for code in codes]


def test_flavour_of_hadrons() -> None:
    codes = np.array([521, 5122, 411, 4122, 211, 5, 443, 22, 1000022])
    assert has_flavour(codes, 5).tolist() == [True, True] + 7 * [False]
    assert has_flavour(codes, 4).tolist() == [False, False, True, True, False, False, True, False, False]
    assert is_hadron(codes).tolist() == [True] * 5 + [False, True, False, False]


def test_truth_holds_both_tops_and_their_daughters(ttbar) -> None:
    _, events = ttbar
    particles = events.gen_particles
    owner = owners(particles.offsets)
    last_top = (np.abs(particles.pdg) == 6) & (particles.status == -62)
    assert np.bincount(owner[last_top], minlength=40).tolist() == [2] * 40
    w = (np.abs(particles.pdg) == 24) & (particles.status == -22)
    mothers = particles.mother[w] + particles.offsets[:-1][owner[w]]
    assert (np.abs(particles.pdg[mothers]) == 6).all()
    assert (particles.mother < np.diff(particles.offsets)[owner]).all()


def test_energy_balance(ttbar) -> None:
    """Stable particles add up to the beams; visible and invisible pt cancel."""
    record, events = ttbar
    for component, expected in (("e", 13600.0), ("px", 0.0), ("py", 0.0), ("pz", 0.0)):
        values = getattr(record.momenta, component) * record.stable
        total = np.add.reduceat(values, record.offsets[:-1])
        np.testing.assert_allclose(total, expected, atol=0.01)
    scale = np.sqrt(events.sum_et)
    for measured, true in zip(events.met, events.gen_met, strict=True):
        assert np.std((measured - true) / scale) < 1.5  # GeV per sqrt(GeV); CMS has some 0.6 to 1
