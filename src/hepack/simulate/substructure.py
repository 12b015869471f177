"""Shapes of jets from their constituents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.flow import NO_TIME, Candidates
from hepack.simulate.jets import Jets, as_awkward, load_fastjet
from hepack.simulate.kinematics import Momenta
from hepack.simulate.ragged import Floats, Ints, owners, segment_sum, wrap

CHARGE_POWER = 0.5
TIMING_MIN_ENERGY = 1.0
"""GeV; photons below it do not count for the time of a jet."""
KINDS = {"ChHad": 211, "NeHad": 130, "Photon": 22, "Electron": 11, "Muon": 13, "HFHad": 1, "HFEM": 2}
"""Short name -> absolute pdg code of the candidates of each kind."""


@dataclass(frozen=True)
class Shapes:
    """One row per jet.

    ``width`` is ``sum(pt dR) / sum(pt)``; ``charge`` is ``sum(q sqrt(pt)) / sqrt(pt jet)``
    (arXiv:1209.3019, power 0.5); ``time`` in ns is the energy-weighted mean over photons, -99
    without any; ``energy`` (GeV) and ``count`` hold one column for each of `KINDS`.
    """

    width: Floats
    charge: Floats
    time: Floats
    count_all: Ints
    energy: dict[str, Floats]
    count: dict[str, Ints]


def shapes(jets: Jets, candidates: Candidates) -> Shapes:
    """Sum over the constituents of each jet."""
    cut, rows = jets.member_offsets, jets.members
    owner = owners(cut)
    members = candidates.momenta[rows]
    code = np.abs(candidates.pdg[rows])
    eta, phi = jets.momenta.eta[owner], jets.momenta.phi[owner]
    distance = np.hypot(members.eta - eta, wrap(members.phi - phi))
    total = segment_sum(members.pt, cut)
    weighted = candidates.charge[rows] * members.pt**CHARGE_POWER
    timed = (candidates.time[rows] > NO_TIME) & (members.e > TIMING_MIN_ENERGY)
    clock = segment_sum(members.e * timed, cut)
    with np.errstate(divide="ignore", invalid="ignore"):
        time = segment_sum(members.e * timed * candidates.time[rows], cut) / clock
    return Shapes(
        segment_sum(members.pt * distance, cut) / total,
        segment_sum(weighted, cut) / jets.momenta.pt**CHARGE_POWER,
        np.where(clock > 0, time, NO_TIME),
        np.diff(cut),
        {kind: segment_sum(members.e * (code == pdg), cut) for kind, pdg in KINDS.items()},
        {kind: segment_sum(code == pdg, cut).astype(np.int64) for kind, pdg in KINDS.items()},
    )


def subjettiness(jets: Jets, momenta: Momenta, *, radius: float) -> tuple[Floats, Floats, Floats]:
    """N-subjettiness tau1, tau2, tau3 (arXiv:1011.2268), exclusive kt axes, beta = 1, R0 = ``radius``.

    A jet of N or fewer constituents has tau_N = 0.
    """
    if not len(jets):
        nothing = np.zeros(0)
        return nothing, nothing, nothing
    fastjet = load_fastjet()
    inside = as_awkward(momenta[jets.members], jets.member_offsets)
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, radius)
    taus = fastjet.ClusterSequence(inside, definition).njettiness(
        njets=[1, 2, 3], axes_definition="KT_Axes", R0=radius
    )
    values = np.asarray(taus, np.float64)
    return values[:, 0], values[:, 1], values[:, 2]


def soft_drop_mass(jets: Jets, momenta: Momenta, *, radius: float) -> Floats:
    """Soft-drop mass in GeV (arXiv:1402.2657), z_cut = 0.1, beta = 0."""
    if not len(jets):
        return np.zeros(0)
    fastjet = load_fastjet()
    inside = as_awkward(momenta[jets.members], jets.member_offsets)
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, 10.0)
    groomed = fastjet.ClusterSequence(inside, definition).exclusive_jets_softdrop_grooming(
        beta=0.0, symmetry_cut=0.1, R0=radius
    )
    return np.maximum(np.nan_to_num(np.asarray(groomed.msoftdrop, np.float64)), 0.0)
