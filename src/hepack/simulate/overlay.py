"""Pile-up: further proton collisions of the same bunch crossing, drawn from a pool of soft-QCD events."""

from __future__ import annotations

import numpy as np

from hepack.simulate.event import visible_particles
from hepack.simulate.kinematics import Momenta
from hepack.simulate.process import Process
from hepack.simulate.ragged import TWO_PI, Floats, Ints, owners, ranks
from hepack.simulate.record import Record
from hepack.simulate.response import Particles
from hepack.table import offsets_from_counts

POOL = 400
"""Soft-QCD events made per chunk, fewer where fewer are drawn.

Each is used again with a new azimuth, side and place.
"""

SOFT_QCD = Process(
    id="minbias",
    title="non-diffractive collisions, the pool of the pile-up",
    role="background",
    settings=("SoftQCD:nonDiffractive = on",),
    cross_section=5.7e10,
    note="",
    masses={},
)


def overlay(
    hard: Particles, pool: Record, counts: Ints, *, length: float, rng: np.random.Generator
) -> Particles:
    """Add ``counts[event]`` collisions from ``pool`` to each event of ``hard``.

    A drawn collision is turned by a random azimuth, mirrored along the beam half of the time, and
    put at a place along the beam that is Gaussian with RMS ``length`` mm, relative to the hard one
    (whose own place has the same spread).
    """
    soft = visible_particles(pool)
    cut = offsets_from_counts(np.bincount(soft.event, minlength=pool.n_events))
    crossing = owners(offsets_from_counts(counts))
    drawn = rng.integers(pool.n_events, size=len(crossing))
    angle = rng.uniform(0.0, TWO_PI, len(crossing))
    side = rng.choice((-1.0, 1.0), len(crossing))
    place = (rng.standard_normal(len(crossing)) - rng.standard_normal(len(counts))[crossing]) * length
    chosen = offsets_from_counts(np.diff(cut)[drawn])
    draw = owners(chosen)
    rows = cut[:-1][drawn][draw] + ranks(chosen)
    added = Particles(
        crossing[draw],
        _turn(soft.momenta[rows], angle[draw], side[draw]),
        soft.pdg[rows],
        soft.charge[rows],
        _turn(soft.vertex[rows], angle[draw], side[draw]),
        place[draw],
    )
    return _merge(hard, added)


def _turn(vector: Momenta, angle: Floats, side: Floats) -> Momenta:
    cosine, sine = np.cos(angle), np.sin(angle)
    return Momenta(
        vector.px * cosine - vector.py * sine,
        vector.px * sine + vector.py * cosine,
        vector.pz * side,
        vector.e,
    )


def _merge(first: Particles, second: Particles) -> Particles:
    event = np.concatenate([first.event, second.event])
    order = np.argsort(event, kind="stable")
    return Particles(
        event[order],
        Momenta.concatenate(first.momenta, second.momenta)[order],
        np.concatenate([first.pdg, second.pdg])[order],
        np.concatenate([first.charge, second.charge])[order],
        Momenta.concatenate(first.vertex, second.vertex)[order],
        np.concatenate([first.depth, second.depth])[order],
    )
