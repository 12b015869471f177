"""`Objects`: what a trigger sees of a chunk of events, without shapes, tags or truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.density import density
from hepack.simulate.detector import Detector
from hepack.simulate.flow import Candidates, reconstruct
from hepack.simulate.jets import Jets
from hepack.simulate.jetset import RADIUS, corrected_jets, missing
from hepack.simulate.leptons import Isolated, electrons, muons, photons
from hepack.simulate.ragged import Floats, Ints
from hepack.simulate.response import Particles

TAGS = 2
"""Numbers that tagging draws for each jet; drawn here too, so that both ways give the same objects."""


@dataclass(frozen=True)
class Objects:
    """Jets of R = 0.4 after all corrections, isolated leptons and photons; ``met`` is (px, py) in GeV."""

    weight: Floats
    candidates: Candidates
    jets: Jets
    electrons: Isolated
    muons: Isolated
    photons: Isolated
    met: tuple[Floats, Floats]

    @property
    def n_events(self) -> int:
        return len(self.weight)


def observe_objects(
    particles: Particles, weight: Floats, *, pile_up: Ints, detector: Detector, rng: np.random.Generator
) -> Objects:
    """Measure the particles of ``len(weight)`` events of which ``pile_up`` collisions are soft ones.

    The same objects as those of `hepack.simulate.event.observe` from the same ``rng``, in about half of the time.
    """
    candidates = reconstruct(particles, len(weight), detector, rng).candidates
    offset = density(candidates).above(detector.rho_without_pile_up, pile_up > 0)
    found = corrected_jets(candidates, offset, detector, radius=RADIUS, min_pt=detector.jet_min_pt)
    rng.random(TAGS * len(found.jets))
    return Objects(
        weight,
        candidates,
        found.jets,
        electrons(candidates, offset.central, detector, rng),
        muons(candidates, offset.central, detector),
        photons(candidates, offset.central, detector, rng),
        missing(candidates, found.jets, found.gain),
    )
