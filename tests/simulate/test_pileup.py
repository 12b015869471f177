"""Pile-up: how much there is, what it is drawn from, and trigger inputs that it moves little."""

from __future__ import annotations

import numpy as np
import pytest

from hepack._errors import BadRequestError
from hepack.simulate.cleaning import clean
from hepack.simulate.density import density
from hepack.simulate.detector import CMS_LIKE
from hepack.simulate.event import observe, visible_particles
from hepack.simulate.flow import Candidates
from hepack.simulate.jets import Jets
from hepack.simulate.kinematics import Momenta
from hepack.simulate.leptons import Isolated
from hepack.simulate.objects import Objects, observe_objects
from hepack.simulate.overlay import overlay
from hepack.simulate.pileup import LARGEST, SMALLEST, Collisions, PileUp, library
from hepack.simulate.response import Particles
from hepack.simulate.selection import clean_jets
from hepack.simulate.trigger import trigger_table


def test_a_number_or_a_range_is_read() -> None:
    assert PileUp.parse("20") == PileUp(20.0, 20.0)
    assert PileUp.parse("0-40") == PileUp(0.0, 40.0)
    assert not PileUp.parse("0").on
    assert str(PileUp(0.0, 40.0)) == "0-40"
    for wrong in ("x", "", "-3", "40-0", "0-500", "1-2-3", "nan", "0-nan", "inf"):
        with pytest.raises(BadRequestError, match="pile-up"):
            PileUp.parse(wrong)


def test_numbers_are_poisson_about_their_means() -> None:
    means, counts = PileUp(0.0, 40.0).draw(20_000, np.random.default_rng(1))
    assert 0 <= means.min() < 0.1
    assert 39.9 < means.max() <= 40
    assert ((counts - means) ** 2).mean() == pytest.approx(means.mean(), rel=0.05)
    rng = np.random.default_rng(2)
    assert not PileUp().draw(5, rng)[1].any()
    assert rng.random() == np.random.default_rng(2).random()  # nothing was drawn


def test_a_library_is_large_enough_for_what_is_drawn() -> None:
    assert PileUp(20.0, 20.0).library_size(3) == 60
    assert PileUp(20.0, 20.0).library_size(100) == SMALLEST
    assert PileUp(0.0, 40.0).library_size(30_000) == 15_000
    assert PileUp(200.0, 200.0).library_size(10**6) == LARGEST


def collisions(sizes: list[int]) -> Collisions:
    """Collisions of pions; those of collision k have pt = k + 1."""
    rng = np.random.default_rng(5)
    event = np.repeat(np.arange(len(sizes)), sizes)
    pt, zero = event + 1.0, np.zeros(len(event))
    momenta = Momenta.from_pt(pt, rng.normal(0, 1, len(pt)), rng.uniform(-3, 3, len(pt)), 0.14)
    nowhere = Momenta(zero, zero, zero, zero)
    particles = Particles(event, momenta, np.full(len(pt), 211), np.ones(len(pt), np.int64), nowhere, zero)
    return Collisions(particles, np.concatenate([[0], np.cumsum(sizes)]))


def test_whole_collisions_are_overlaid() -> None:
    pool, hard = collisions([3, 5, 2]), collisions([1, 1, 1, 1]).particles
    counts = np.array([0, 2, 0, 7])
    found = overlay(hard, pool, counts, length=40.0, rng=np.random.default_rng(1))
    assert (np.diff(found.event) >= 0).all()
    added = found.depth != 0
    assert not added[np.isin(found.event, (0, 2))].any()
    for event, count in ((1, 2), (3, 7)):
        here = added & (found.event == event)
        place, size = np.unique(found.depth[here], return_counts=True)
        assert len(place) == count
        for z, n in zip(place, size, strict=True):
            (pt,) = set(np.round(found.momenta.pt[here & (found.depth == z)], 9))
            assert n == [3, 5, 2][int(pt) - 1]
    assert found.momenta.mass[added] == pytest.approx(0.14)


def test_joined_collisions_are_those_of_the_parts() -> None:
    whole, parts = collisions([3, 5, 2]), [collisions([3]), collisions([3, 5, 2])]
    both = Collisions.joined(parts)
    assert len(both) == 4
    assert both.particles.event.tolist() == [0] * 3 + [1] * 3 + [2] * 5 + [3] * 2
    assert np.array_equal(both.particles.momenta.px[3:], whole.particles.momenta.px)


def crafted() -> Objects:
    """One event: a central jet with half of its pt in tracks, one without, forward jets of 35 and 50 GeV, a photon
    of 20 GeV, a loose track of 2 GeV, all at phi 0 but for the second jet (pi / 2)."""
    pt = np.array([30.0, 30.0, 40.0, 35.0, 50.0, 20.0, 2.0])
    eta = np.array([0.0, 0.0, 1.0, 3.0, -3.0, -1.0, 2.0])
    phi = np.array([0.0, 0.0, np.pi / 2, 0.0, 0.0, 0.0, 0.0])
    charge = np.array([1, 0, 0, 0, 0, 0, -1])
    momenta = Momenta.from_pt(pt, eta, phi, 0.0)
    cut = np.array([0, 7])
    candidates = Candidates(cut, momenta, np.where(charge == 0, 22, 211), charge, np.zeros(7))
    rows = np.array([0, 2, 3, 4])
    jets = Jets(
        np.array([0, 4]),
        Momenta.from_pt(np.array([60.0, 40.0, 35.0, 50.0]), eta[rows], phi[rows], 0.0),
        np.array([0, 1, 2, 3, 4]),
        np.array([0, 2, 3, 4, 5]),
    )
    none = Isolated(np.array([0, 0]), np.zeros(0, np.int64), np.zeros(0))
    photon = Isolated(np.array([0, 1]), np.array([5]), np.zeros(1))
    return Objects(np.ones(1), candidates, jets, none, none, photon, (np.zeros(1), np.zeros(1)))


def test_jets_without_tracks_and_soft_forward_jets_go() -> None:
    objects = crafted()
    found = clean(objects, clean_jets(objects), CMS_LIKE)
    assert found.jets.tolist() == [True, False, False, True]
    assert found.met[0][0] == pytest.approx(-(60 + 50 + 20 + 2))
    assert found.met[1][0] == pytest.approx(0.0, abs=1e-9)
    table = trigger_table(objects, cleaning=CMS_LIKE)
    assert table.columns["Particles"][0, 9:, 0].tolist() == [60.0, 50.0, *[0.0] * 8]
    assert trigger_table(objects).columns["Particles"][0, 0, 0] == 0.0  # off: as given


def test_the_short_way_gives_the_same_objects(ttbar) -> None:
    record, _ = ttbar
    particles = visible_particles(record)
    none = np.zeros(record.n_events, np.int64)
    whole, short = (
        observe(record, particles, pile_up=none, detector=CMS_LIKE, rng=np.random.default_rng(3), first=0),
        observe_objects(
            particles, record.weight, pile_up=none, detector=CMS_LIKE, rng=np.random.default_rng(3)
        ),
    )
    for cleaning in (None, CMS_LIKE):
        a, b = (trigger_table(x, cleaning=cleaning).columns["Particles"] for x in (whole.objects, short))
        assert a.tobytes() == b.tobytes()


def test_a_library_repeats(generators) -> None:
    first, second = (
        library(3, energy=13600.0, seed=4, detector=CMS_LIKE, tick=lambda made: None) for _ in range(2)
    )
    assert len(first) == 3
    assert np.array_equal(first.particles.momenta.px, second.particles.momenta.px)
    assert np.abs(first.particles.momenta.eta).max() < CMS_LIKE.ecal[-1].eta_max


def test_cleaned_inputs_hardly_move_with_pile_up(ttbar) -> None:
    """With 30 collisions jets of the density times area alone more than double in the forward region."""
    record, _ = ttbar
    pool = library(80, energy=13600.0, seed=1, detector=CMS_LIKE, tick=lambda made: None)
    found = {}
    for mean in (0, 30):
        rng = np.random.default_rng(3)
        counts = np.full(record.n_events, mean)
        particles = overlay(visible_particles(record), pool, counts, length=40.0, rng=rng)
        objects = observe_objects(particles, record.weight, pile_up=counts, detector=CMS_LIKE, rng=rng)
        for name, cleaning in (("raw", None), ("clean", CMS_LIKE)):
            stream = trigger_table(objects, cleaning=cleaning).columns["Particles"]
            jets = stream[:, 9:]
            forward = (jets[..., 0] > 0) & (np.abs(jets[..., 1]) > 2.5)
            found[name, mean] = (float(forward.sum()), float((jets[..., 0] > 0).sum()))
    assert found["raw", 30][0] > found["raw", 0][0] + 20
    assert abs(found["clean", 30][1] / found["clean", 0][1] - 1) < 0.15
    assert density(objects.candidates).everywhere.mean() > 10
