"""Generator truth: the particles worth keeping, particle-level jets, flavours and tau decays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.jets import Jets, cluster
from hepack.simulate.kinematics import Momenta
from hepack.simulate.ragged import Floats, Ints, Mask, Nearest, binned, keep, nearest, owners, segment_sum
from hepack.simulate.record import Record, has_flavour, is_hadron

LEPTONS = (11, 12, 13, 14, 15, 16)
HEAVY = (6, 23, 24, 25, 32, 33, 34, 35, 36, 37, 42)
PHOTON_MIN_PT = 10.0
HADRON_MIN_PT = 5.0
FLAVOUR_CONE = 0.4


@dataclass(frozen=True)
class GenParticles:
    """The kept part of the record; ``mother`` counts within the event, -1 for none."""

    offsets: Ints
    momenta: Momenta
    pdg: Ints
    status: Ints
    mother: Ints


@dataclass(frozen=True)
class VisibleTaus:
    """Taus that decay to hadrons: the visible part of each."""

    offsets: Ints
    momenta: Momenta
    charge: Ints


def interesting(record: Record) -> Mask:
    """Hard process, resonances before their decay, and leptons and photons that no hadron made."""
    code, status = np.abs(record.pdg), np.abs(record.status)
    hard = (status >= 21) & (status <= 29)
    resonance = (np.isin(code, HEAVY) | (code > 1_000_000) & (code < 5_000_000)) & (status == 62)
    mother = np.where(record.mother >= 0, record.mother, 0)
    prompt = ~is_hadron(record.pdg[mother]) & (record.mother >= 0)
    lepton = np.isin(code, LEPTONS) & prompt & (record.stable | _is_decaying_tau(record))
    photon = (code == 22) & prompt & record.stable & (record.momenta.pt > PHOTON_MIN_PT)
    return np.asarray(hard | resonance | lepton | photon)


def prune(record: Record) -> GenParticles:
    """Keep what is `interesting`; the mother of each is its nearest kept ancestor."""
    mask = interesting(record)
    mother = record.mother[mask]
    for _ in range(1000):
        lost = (mother >= 0) & ~mask[mother]
        if not lost.any():
            break
        mother = np.where(lost, record.mother[mother], mother)
    offsets = keep(mask, record.offsets)
    place = np.cumsum(mask) - 1
    local = np.where(mother >= 0, place[mother] - offsets[:-1][owners(offsets)], -1)
    return GenParticles(offsets, record.momenta[mask], record.pdg[mask], record.status[mask], local)


def _is_decaying_tau(record: Record) -> Mask:
    """Taus whose daughter is a tau neutrino, hence the last copy."""
    result = np.zeros(len(record.pdg), bool)
    result[record.mother[(np.abs(record.pdg) == 16) & (record.mother >= 0)]] = True
    return np.asarray(result & (np.abs(record.pdg) == 15))


def visible_taus(record: Record) -> VisibleTaus:
    """Sum the visible daughters of every tau without an electron or muon among them."""
    code = np.abs(record.pdg)
    tau = _is_decaying_tau(record)
    daughter = (record.mother >= 0) & tau[np.maximum(record.mother, 0)]
    light = np.zeros(len(code), bool)
    light[record.mother[daughter & np.isin(code, (11, 13))]] = True
    chosen = tau & ~light
    rows = np.flatnonzero(daughter & ~np.isin(code, (12, 14, 16)))
    sums = [
        binned(record.mother[rows], component[rows], len(code))[chosen]
        for component in (record.momenta.px, record.momenta.py, record.momenta.pz, record.momenta.e)
    ]
    return VisibleTaus(keep(chosen, record.offsets), Momenta(*sums), -np.sign(record.pdg[chosen]))


def gen_jets(record: Record, *, min_pt: float, eta_max: float, radius: float) -> Jets:
    """Anti-kt jets of all stable visible particles, muons included; members are rows of those."""
    mask = record.stable & ~record.invisible
    return cluster(
        record.momenta[mask], keep(mask, record.offsets), radius=radius, min_pt=min_pt, eta_max=eta_max
    )


def gen_met(record: Record) -> tuple[Floats, Floats]:
    """The sum of px and py of what is invisible, per event."""
    hidden = record.stable & record.invisible
    return (
        segment_sum(record.momenta.px * hidden, record.offsets),
        segment_sum(record.momenta.py * hidden, record.offsets),
    )


def hadron_flavour(jets: Jets, record: Record) -> Ints:
    """5 for jets with a b hadron within dR = 0.4 (pt > 5 GeV), else 4 with a c hadron, else 0."""
    result = np.zeros(len(jets), np.int64)
    for quark in (4, 5):
        chosen = has_flavour(record.pdg, quark) & (record.momenta.pt > HADRON_MIN_PT)
        result[_has_near(jets, record, chosen)] = quark
    return result


def parton_flavour(jets: Jets, record: Record) -> Ints:
    """The signed code of the nearest outgoing quark or gluon of the hard process within dR = 0.4, or 0."""
    code, status = np.abs(record.pdg), np.abs(record.status)
    chosen = ((code <= 5) | (code == 21)) & (status >= 23) & (status <= 29)
    rows = np.flatnonzero(chosen)
    found = _match(jets, record, chosen).index
    if not len(rows):
        return np.zeros(len(jets), np.int64)
    return np.where(found >= 0, record.pdg[rows[np.maximum(found, 0)]], 0)


def _has_near(jets: Jets, record: Record, chosen: Mask) -> Mask:
    return np.asarray(_match(jets, record, chosen).index >= 0)


def _match(jets: Jets, record: Record, chosen: Mask) -> Nearest:
    some = record.momenta[chosen]
    return nearest(
        (jets.momenta.eta, jets.momenta.phi, jets.offsets),
        (some.eta, some.phi, keep(chosen, record.offsets)),
        radius=FLAVOUR_CONE,
    )
