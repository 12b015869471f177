"""The NanoAOD-like table ``Events``: the names and meanings of CMS NanoAOD where they exist."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.simulate.columns import Columns
from hepack.simulate.event import TAU_ETA_MAX, TAU_MIN_PT, Events
from hepack.simulate.flow import Candidates
from hepack.simulate.jetset import JetSet
from hepack.simulate.kinematics import Momenta
from hepack.simulate.leptons import Isolated
from hepack.simulate.ragged import Ints, keep, owners
from hepack.simulate.substructure import KINDS
from hepack.table import EventTable

TABLE = "Events"
TAU_LOOSE = 0.30


def nanoaod_table(events: Events, *, constituents: bool, truth: bool, round_floats: bool) -> EventTable:
    """One row per event.

    ``constituents`` adds ``PFCand_*`` and the jet of each candidate, ``truth`` adds ``GenPart_*``,
    ``GenJet_*`` and ``GenMET_*``; ``round_floats`` keeps 11 mantissa bits.
    """
    columns = Columns(TABLE, events.n_events, round_floats)
    _event(columns, events)
    _jets(columns, "Jet", events.jets)
    _tags(columns, events)
    _jets(columns, "FatJet", events.fat_jets)
    columns.add("FatJet_msoftdrop", events.fat_jets.soft_drop, axis="FatJet", unit="GeV")
    _leptons(columns, "Electron", events.electrons, events.candidates)
    _leptons(columns, "Muon", events.muons, events.candidates)
    _photons(columns, events)
    _taus(columns, events)
    _met(columns, "MET", events.met)
    columns.add("MET_sumEt", events.sum_et, unit="GeV")
    if constituents:
        _constituents(columns, events)
    if truth:
        _truth(columns, events)
    return columns.build()


def _event(columns: Columns, events: Events) -> None:
    number = events.first + 1 + np.arange(events.n_events)
    columns.add("run", np.ones(events.n_events), dtype="u4", kind="integer")
    columns.add("luminosityBlock", 1 + (number - 1) // 1000, dtype="u4", kind="integer")
    columns.add("event", number, dtype="u8", kind="integer")
    columns.add("genWeight", events.weight, exact=True)
    columns.add("Generator_binvar", events.pt_hat, unit="GeV")
    columns.add("Pileup_nPU", events.pile_up, dtype="i4", kind="integer")
    columns.add("Rho_fixedGridRhoAll", events.rho, unit="GeV")


def _momenta(columns: Columns, name: str, momenta: Momenta, *, mass: bool = True) -> None:
    columns.add(f"{name}_pt", momenta.pt, axis=name, unit="GeV")
    columns.add(f"{name}_eta", momenta.eta, axis=name)
    columns.add(f"{name}_phi", momenta.phi, axis=name, unit="rad", kind="angle")
    if mass:
        columns.add(f"{name}_mass", momenta.mass, axis=name, unit="GeV")


def _integers(columns: Columns, name: str, axis: str, values: NDArray[Any], dtype: str = "i4") -> None:
    columns.add(name, values, axis=axis, dtype=dtype, kind="integer")


def _jets(columns: Columns, name: str, found: JetSet) -> None:
    columns.collection(name, found.jets.offsets)
    _momenta(columns, name, found.jets.momenta)
    columns.add(f"{name}_area", found.area, axis=name)
    columns.add(f"{name}_rawFactor", found.raw, axis=name)
    for kind in KINDS:
        columns.add(f"{name}_energy{kind}", found.shapes.energy[kind], axis=name, unit="GeV")
    for kind in KINDS:
        _integers(columns, f"{name}_n{kind}", name, found.shapes.count[kind])
    _integers(columns, f"{name}_nConstituents", name, found.shapes.count_all)
    for number, tau in enumerate(found.tau, start=1):
        columns.add(f"{name}_tau{number}", tau, axis=name)
    columns.add(f"{name}_width", found.shapes.width, axis=name)
    columns.add(f"{name}_charge", found.shapes.charge, axis=name)
    columns.add(f"{name}_time", found.shapes.time, axis=name, unit="ns")
    _integers(columns, f"{name}_hadronFlavour", name, found.flavour)
    _integers(columns, f"{name}_partonFlavour", name, found.parton)
    if name == "Jet":
        _integers(columns, "Jet_genJetIdx", name, found.gen)


def _tags(columns: Columns, events: Events) -> None:
    columns.add("Jet_btag", events.b_score, axis="Jet")
    columns.add("Jet_tautag", events.tau_score, axis="Jet")


def _leptons(columns: Columns, name: str, found: Isolated, candidates: Candidates) -> None:
    columns.collection(name, found.offsets)
    _momenta(columns, name, candidates.momenta[found.rows])
    _integers(columns, f"{name}_charge", name, candidates.charge[found.rows])
    columns.add(f"{name}_pfRelIso03_all", found.isolation, axis=name)


def _photons(columns: Columns, events: Events) -> None:
    found = events.photons
    columns.collection("Photon", found.offsets)
    _momenta(columns, "Photon", events.candidates.momenta[found.rows], mass=False)
    columns.add("Photon_pfRelIso03_all", found.isolation, axis="Photon")


def _taus(columns: Columns, events: Events) -> None:
    """Hadronic taus: central jets above the loose score; the charge is that of the hardest track."""
    jets = events.jets.jets
    mask = (events.tau_score > TAU_LOOSE) & (jets.momenta.pt > TAU_MIN_PT)
    mask &= np.abs(jets.momenta.eta) < TAU_ETA_MAX
    offsets = keep(mask, jets.offsets)
    local = np.flatnonzero(mask) - jets.offsets[:-1][owners(offsets)]
    columns.collection("Tau", offsets)
    _momenta(columns, "Tau", jets.momenta[mask])
    _integers(columns, "Tau_charge", "Tau", hardest_charge(events)[mask])
    columns.add("Tau_score", events.tau_score[mask], axis="Tau")
    _integers(columns, "Tau_jetIdx", "Tau", local)
    _integers(columns, "Tau_genPartFlav", "Tau", 5 * events.true_tau[mask])


def hardest_charge(events: Events) -> Ints:
    """Charge of the hardest charged constituent of each jet, 0 without one."""
    jets, candidates = events.jets.jets, events.candidates
    rows = jets.members
    charged = candidates.charge[rows] != 0
    owner = owners(jets.member_offsets)[charged]
    pt, charge = candidates.momenta.pt[rows][charged], candidates.charge[rows][charged]
    order = np.lexsort((-pt, owner))
    first, start = np.unique(owner[order], return_index=True)
    result = np.zeros(len(jets), np.int64)
    result[first] = charge[order[start]]
    return result


def _met(columns: Columns, name: str, momentum: tuple[NDArray[Any], NDArray[Any]]) -> None:
    columns.add(f"{name}_pt", np.hypot(*momentum), unit="GeV")
    columns.add(f"{name}_phi", np.arctan2(momentum[1], momentum[0]), unit="rad", kind="angle")


def _constituents(columns: Columns, events: Events) -> None:
    candidates = events.candidates
    columns.collection("PFCand", candidates.offsets)
    _momenta(columns, "PFCand", candidates.momenta)
    _integers(columns, "PFCand_pdgId", "PFCand", candidates.pdg)
    _integers(columns, "PFCand_charge", "PFCand", candidates.charge)
    columns.add("PFCand_time", candidates.time, axis="PFCand", unit="ns")
    for name, found in (("jetIdx", events.jets), ("fatJetIdx", events.fat_jets)):
        _integers(columns, f"PFCand_{name}", "PFCand", jet_of_candidate(found, len(candidates)))


def jet_of_candidate(found: JetSet, size: int) -> Ints:
    """For each candidate the place of its jet in the event, -1 without one."""
    jets = found.jets
    owner = owners(jets.member_offsets)
    result = np.full(size, -1, np.int64)
    result[jets.members] = (np.arange(len(jets)) - jets.offsets[:-1][owners(jets.offsets)])[owner]
    return result


def _truth(columns: Columns, events: Events) -> None:
    particles = events.gen_particles
    columns.collection("GenPart", particles.offsets)
    _momenta(columns, "GenPart", particles.momenta)
    _integers(columns, "GenPart_pdgId", "GenPart", particles.pdg)
    _integers(columns, "GenPart_status", "GenPart", particles.status)
    _integers(columns, "GenPart_genPartIdxMother", "GenPart", particles.mother)
    columns.collection("GenJet", events.gen_jets.offsets)
    _momenta(columns, "GenJet", events.gen_jets.momenta)
    _met(columns, "GenMET", events.gen_met)
