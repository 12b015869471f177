"""Anti-kt jets by FastJet (GPL; imported here and in `substructure` only, through the extra)."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from hepack._optional import require
from hepack.simulate.kinematics import Momenta
from hepack.simulate.ragged import TWO_PI, Floats, Ints, Pairs, order_by, owners, wrap
from hepack.table import offsets_from_counts


def load_fastjet() -> ModuleType:
    """The FastJet module, or a `MissingExtraError`.

    Its banner goes to standard output, where results go too, so it is off; what it asks for, the
    citation, stands in ``docs/simulate.md``.
    """
    fastjet = require("fastjet", extra="simulate", purpose="finding jets")
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    return fastjet


@dataclass(frozen=True)
class Jets:
    """Jets, in each event by falling pt, and their constituents.

    ``members[member_offsets[j]:member_offsets[j + 1]]`` are the rows of jet ``j``'s constituents
    in the list that was clustered.
    """

    offsets: Ints
    momenta: Momenta
    members: Ints
    member_offsets: Ints

    def __len__(self) -> int:
        return len(self.momenta)

    def take(self, rows: Ints, offsets: Ints, momenta: Momenta) -> Jets:
        """The jets ``rows`` with new momenta and event offsets."""
        counts = np.diff(self.member_offsets)[rows]
        member_offsets = offsets_from_counts(counts)
        start = np.repeat(self.member_offsets[:-1][rows], counts)
        within = np.arange(int(member_offsets[-1])) - np.repeat(member_offsets[:-1], counts)
        return Jets(offsets, momenta, self.members[start + within], member_offsets)


def as_awkward(momenta: Momenta, offsets: Ints) -> Any:
    """The four-momenta as the jagged record array that FastJet takes."""
    import awkward as ak

    record = ak.contents.RecordArray(
        [
            ak.contents.NumpyArray(np.ascontiguousarray(c))
            for c in (momenta.px, momenta.py, momenta.pz, momenta.e)
        ],
        ["px", "py", "pz", "E"],
        parameters={"__record__": "Momentum4D"},
    )
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(np.asarray(offsets)), record))


def cluster(momenta: Momenta, offsets: Ints, *, radius: float, min_pt: float, eta_max: float) -> Jets:
    """Anti-kt jets of ``radius`` above ``min_pt`` GeV and inside ``|eta| < eta_max``."""
    import awkward as ak

    fastjet = load_fastjet()
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
    sequence = fastjet.ClusterSequence(as_awkward(momenta, offsets), definition)
    found = sequence.inclusive_jets(min_pt=min_pt)
    index = sequence.constituent_index(min_pt=min_pt)
    counts = ak.to_numpy(ak.num(found)).astype(np.int64)
    jet_offsets = offsets_from_counts(counts)
    flat = ak.flatten(found)
    jets = Momenta(*(ak.to_numpy(flat[c]) for c in ("px", "py", "pz", "E")))
    sizes = ak.to_numpy(ak.flatten(ak.num(index, axis=2))).astype(np.int64)
    local = ak.to_numpy(ak.flatten(index, axis=None)).astype(np.int64)
    event = owners(jet_offsets)
    everything = Jets(
        jet_offsets, jets, local + np.repeat(offsets[:-1][event], sizes), offsets_from_counts(sizes)
    )
    order = order_by(jets.pt, jet_offsets)
    order = order[np.abs(jets.eta[order]) < eta_max]
    kept = offsets_from_counts(np.bincount(event[order], minlength=len(offsets) - 1))
    return everything.take(order, kept, jets[order])


_GOLDEN = (np.sqrt(5.0) - 1) / 2
AREA_POINTS = 400
"""Points per jet in `areas`; the area's statistical grain is 1 / 400 of the full disc."""


def areas(jets: Jets, *, radius: float) -> Floats:
    """Jet areas in (eta, phi): the part of each disc whose soft particles this jet would collect.

    A soft particle between two anti-kt jets goes to the one with the smaller ``distance / pt``
    (arXiv:0802.1189, section 2), so the area follows from the jets alone: sunflower points on the
    disc are counted unless a neighbour takes them.
    """
    step = np.arange(AREA_POINTS) + 0.5
    length, angle = radius * np.sqrt(step / AREA_POINTS), TWO_PI * _GOLDEN * step
    dx, dy = length * np.cos(angle), length * np.sin(angle)
    eta, phi, pt = jets.momenta.eta, jets.momenta.phi, jets.momenta.pt
    pairs = Pairs.within(jets.offsets, jets.offsets)
    gap_eta = eta[pairs.second] - eta[pairs.first]
    gap_phi = wrap(phi[pairs.second] - phi[pairs.first])
    near = (pairs.first != pairs.second) & (np.hypot(gap_eta, gap_phi) < 2 * radius)
    first, second = pairs.first[near], pairs.second[near]
    other = np.hypot(dx[None, :] - gap_eta[near, None], dy[None, :] - gap_phi[near, None])
    lost = (other < radius) & (other / pt[second, None] < length[None, :] / pt[first, None])
    taken = np.zeros((len(jets), AREA_POINTS), bool)
    np.logical_or.at(taken, first, lost)
    return np.asarray(np.pi * radius**2 * (1.0 - taken.mean(axis=1)))
