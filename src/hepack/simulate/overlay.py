"""Overlay pile-up: further proton collisions of the same bunch crossing, drawn from a pool of soft-QCD events."""

from __future__ import annotations

import numpy as np

from hepack.simulate.kinematics import Momenta
from hepack.simulate.pileup import Collisions
from hepack.simulate.ragged import TWO_PI, Floats, Ints, owners, ranks
from hepack.simulate.response import Particles
from hepack.table import offsets_from_counts


def overlay(
    hard: Particles, pool: Collisions, counts: Ints, *, length: float, rng: np.random.Generator
) -> Particles:
    """Add ``counts[event]`` collisions from ``pool`` to each event of ``hard``.

    A drawn collision is turned by a random azimuth, mirrored along the beam half of the time, and
    put at a place along the beam that is Gaussian with RMS ``length`` mm, relative to the hard one
    (whose own place has the same spread).
    """
    soft, cut = pool.particles, pool.offsets
    crossing = owners(offsets_from_counts(counts))
    drawn = rng.integers(len(pool), size=len(crossing))
    angle = rng.uniform(0.0, TWO_PI, len(crossing))
    side = rng.choice((-1.0, 1.0), len(crossing))
    place = (rng.standard_normal(len(crossing)) - rng.standard_normal(len(counts))[crossing]) * length
    chosen = offsets_from_counts(np.diff(cut)[drawn])
    draw = owners(chosen)
    rows = cut[:-1][drawn][draw] + ranks(chosen)
    cosine, sine = np.cos(angle)[draw], np.sin(angle)[draw]
    added = Particles(
        crossing[draw],
        _turn(soft.momenta[rows], cosine, sine, side[draw]),
        soft.pdg[rows],
        soft.charge[rows],
        _turn(soft.vertex[rows], cosine, sine, side[draw]),
        place[draw],
    )
    both = Particles.concatenate([hard, added])
    return both[np.argsort(both.event, kind="stable")]


def _turn(vector: Momenta, cosine: Floats, sine: Floats, side: Floats) -> Momenta:
    return Momenta(
        vector.px * cosine - vector.py * sine,
        vector.px * sine + vector.py * cosine,
        vector.pz * side,
        vector.e,
    )
