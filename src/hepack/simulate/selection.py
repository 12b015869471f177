"""Jets that are not also a lepton or photon, for the formats that count each thing once."""

from __future__ import annotations

import numpy as np

from hepack.simulate.objects import Objects
from hepack.simulate.ragged import Ints, Mask, keep, nearest, owners, ranks

OVERLAP_CONE = 0.4
OVERLAP_MIN_PT = 10.0


def clean_jets(objects: Objects) -> Mask:
    """Whether each R = 0.4 jet is further than 0.4 from every isolated object above 10 GeV."""
    jets = objects.jets
    result = np.ones(len(jets), bool)
    for found in (objects.electrons, objects.muons, objects.photons):
        momenta = objects.candidates.momenta[found.rows]
        hard = momenta.pt > OVERLAP_MIN_PT
        near = nearest(
            (jets.momenta.eta, jets.momenta.phi, jets.offsets),
            (momenta.eta[hard], momenta.phi[hard], keep(hard, found.offsets)),
            radius=OVERLAP_CONE,
        )
        result &= near.index < 0
    return result


def first_rows(mask: Mask, offsets: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    """Flat indices of the first ``count`` objects under ``mask`` per event, their event and place."""
    rows = np.flatnonzero(mask)
    kept = keep(mask, offsets)
    place, event = ranks(kept), owners(kept)
    few = place < count
    return rows[few], event[few], place[few]
