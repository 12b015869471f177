"""Trigger inputs that pile-up moves little: which jets are of the hard collision, and missing momentum of those.

The density times area that is taken off each jet (`hepack.simulate.jetset`) leaves jets that are whole jets of
other collisions, and sums of several. Experiments ask the tracks: a jet within their reach has a
share of its pt in tracks of the hard vertex (R_pT, arXiv:1510.03823), one beyond has to be harder;
missing momentum is that of the hard objects and of the hard vertex' other tracks (arXiv:1802.08168).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.detector import Detector
from hepack.simulate.jetset import DENSITY_EDGE
from hepack.simulate.objects import Objects
from hepack.simulate.ragged import Floats, Ints, Mask, binned, owners, segment_sum


@dataclass(frozen=True)
class Cleaned:
    """Which R = 0.4 jets stay, and the missing momentum (px, py) in GeV."""

    jets: Mask
    met: tuple[Floats, Floats]


def clean(objects: Objects, candidates: Mask, detector: Detector) -> Cleaned:
    """Confirm the jets under ``candidates`` (those that are no lepton or photon) and sum up what is left."""
    jets, owner = objects.jets, owners(objects.jets.member_offsets)
    charged = objects.candidates.charge != 0
    tracks = binned(owner, (objects.candidates.momenta.pt * charged)[jets.members], len(jets))
    central = np.abs(jets.momenta.eta) < DENSITY_EDGE
    confirmed = tracks > detector.jet_vertex_share * jets.momenta.pt
    hard = jets.momenta.pt > detector.forward_jet_min_pt
    kept = candidates & np.where(central, confirmed, hard)
    return Cleaned(kept, _missing(objects, kept, owner))


def _missing(objects: Objects, kept: Mask, owner: Ints) -> tuple[Floats, Floats]:
    """Minus the sum of the jets ``kept``, of isolated photons, and of hard tracks (leptons too) outside of those."""
    jets, found = objects.jets, objects.candidates
    single = found.charge != 0
    single[objects.photons.rows] = True
    single[jets.members[kept[owner]]] = False
    momenta = found.momenta
    return (
        -segment_sum(jets.momenta.px * kept, jets.offsets) - segment_sum(momenta.px * single, found.offsets),
        -segment_sum(jets.momenta.py * kept, jets.offsets) - segment_sum(momenta.py * single, found.offsets),
    )
