"""Jets, their areas and shapes."""

from __future__ import annotations

import numpy as np
import pytest

from hepack.simulate.jets import Jets, areas
from hepack.simulate.jetset import RADIUS
from hepack.simulate.kinematics import Momenta
from hepack.simulate.nanoaod import jet_of_candidate
from hepack.simulate.ragged import owners, segment_sum


def jets_at(eta: list[float], phi: list[float], pt: list[float]) -> Jets:
    momenta = Momenta.from_pt(np.array(pt), np.array(eta), np.array(phi), 0.0)
    offsets = np.array([0, len(pt)])
    return Jets(offsets, momenta, np.zeros(0, np.int64), np.zeros(len(pt) + 1, np.int64))


def test_area_of_a_lone_jet_is_the_disc() -> None:
    assert areas(jets_at([0.0], [3.1], [50.0]), radius=0.4).tolist() == [pytest.approx(np.pi * 0.16)]


def test_a_hard_jet_takes_from_a_soft_one_across_the_seam() -> None:
    hard, soft = areas(jets_at([0.0, 0.0], [3.1, -2.7], [1000.0, 1.0]), radius=0.4)
    assert hard == pytest.approx(np.pi * 0.16, rel=0.01)
    gap = 2 * np.pi - 5.8
    lens = 2 * 0.16 * np.arccos(gap / 0.8) - gap / 2 * np.sqrt(4 * 0.16 - gap**2)
    assert soft == pytest.approx(np.pi * 0.16 - lens, rel=0.02)


def test_equal_jets_share_in_the_middle() -> None:
    first, second = areas(jets_at([0.0, 0.5], [0.0, 0.0], [80.0, 80.0]), radius=0.4)
    lens = 2 * 0.16 * np.arccos(0.5 / 0.8) - 0.25 * np.sqrt(4 * 0.16 - 0.25)
    assert first == pytest.approx(np.pi * 0.16 - lens / 2, rel=0.02)
    assert first == pytest.approx(second, rel=0.02)


def test_jets_are_the_sum_of_their_constituents(ttbar) -> None:
    _, events = ttbar
    found, candidates = events.jets, events.candidates
    raw = 1 - found.raw
    for component in ("px", "py", "pz", "e"):
        total = segment_sum(
            getattr(candidates.momenta, component)[found.jets.members], found.jets.member_offsets
        )
        np.testing.assert_allclose(total, getattr(found.jets.momenta, component) * raw, rtol=1e-9, atol=1e-6)
    energy = sum(found.shapes.energy.values())
    np.testing.assert_allclose(energy, found.jets.momenta.e * raw, rtol=1e-9)
    assert (sum(found.shapes.count.values()) == found.shapes.count_all).all()


def test_order_ranges_and_links(ttbar) -> None:
    _, events = ttbar
    for found, radius in ((events.jets, 0.4), (events.fat_jets, 1.0)):
        pt, owner = found.jets.momenta.pt, owners(found.jets.offsets)
        assert (np.diff(pt)[np.diff(owner) == 0] <= 0).all()
        assert (found.area <= np.pi * radius**2 * 1.001).all()
        tau1, tau2, tau3 = found.tau
        assert tau1.mean() > tau2.mean()
        assert tau2.mean() > tau3.mean() > 0  # not one by one: the axes are not minimised
        assert (found.shapes.width < 1.2 * radius).all()
        links = jet_of_candidate(found, len(events.candidates))
        assert (links >= 0).sum() == len(found.jets.members)
        counts = np.diff(found.jets.offsets)[owners(events.candidates.offsets)]
        assert (links < counts).all()


def test_response_of_matched_jets(ttbar) -> None:
    """Median response of jets above 40 GeV within 3 %."""
    _, events = ttbar
    found = events.jets
    matched = found.gen >= 0
    rows = (found.gen + events.gen_jets.offsets[:-1][owners(found.jets.offsets)])[matched]
    true = events.gen_jets.momenta.pt[rows]
    ratio = (found.jets.momenta.pt[matched] / true)[true > 40]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.03)
    assert 0.04 < ratio.std() < 0.2
    assert RADIUS == 0.4
