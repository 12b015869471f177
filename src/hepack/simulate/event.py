"""`Events`: everything known about a chunk of simulated events, and the way from record to objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.density import density
from hepack.simulate.detector import Detector
from hepack.simulate.flow import Candidates, Measurement, reconstruct
from hepack.simulate.jets import Jets
from hepack.simulate.jetset import FAT_RADIUS, MATCH_CONE, RADIUS, JetInput, JetSet, jet_set, missing
from hepack.simulate.leptons import Isolated, electrons, muons, photons
from hepack.simulate.objects import Objects
from hepack.simulate.ragged import Floats, Ints, Mask, nearest, owners, segment_sum
from hepack.simulate.record import Record, charge
from hepack.simulate.response import Particles
from hepack.simulate.tagging import tag
from hepack.simulate.truth import GenParticles, gen_jets, gen_met, prune, visible_taus

TAU_MIN_PT = 20.0
TAU_ETA_MAX = 2.3
GEN_JET_ETA_MAX = 5.0


@dataclass(frozen=True)
class Events:
    """One chunk. ``met`` and ``gen_met`` are (px, py) in GeV; scores have one row per jet."""

    first: int
    weight: Floats
    pt_hat: Floats
    pile_up: Ints
    rho: Floats
    measurement: Measurement
    jets: JetSet
    b_score: Floats
    tau_score: Floats
    true_tau: Mask
    fat_jets: JetSet
    electrons: Isolated
    muons: Isolated
    photons: Isolated
    met: tuple[Floats, Floats]
    sum_et: Floats
    gen_met: tuple[Floats, Floats]
    gen_particles: GenParticles
    gen_jets: Jets

    @property
    def n_events(self) -> int:
        return len(self.weight)

    @property
    def candidates(self) -> Candidates:
        return self.measurement.candidates

    @property
    def objects(self) -> Objects:
        """The part that trigger inputs are made of."""
        return Objects(
            self.weight, self.candidates, self.jets.jets, self.electrons, self.muons, self.photons, self.met
        )


def visible_particles(record: Record) -> Particles:
    """The stable particles that a detector can see, as its input."""
    mask = record.stable & ~record.invisible
    return Particles(
        owners(record.offsets)[mask],
        record.momenta[mask],
        record.pdg[mask],
        charge(record.pdg[mask]),
        record.vertex[mask],
        np.zeros(int(mask.sum())),
    )


def observe(
    record: Record,
    particles: Particles,
    *,
    pile_up: Ints,
    detector: Detector,
    rng: np.random.Generator,
    first: int,
) -> Events:
    """Measure and reconstruct the events of ``record``.

    ``particles`` are those of the record with any pile-up added (``pile_up`` collisions per event);
    ``first`` is the number of the chunk's first event in the whole run.
    """
    measurement = reconstruct(particles, record.n_events, detector, rng)
    candidates = measurement.candidates
    truth = gen_jets(record, min_pt=detector.gen_jet_min_pt, eta_max=GEN_JET_ETA_MAX, radius=RADIUS)
    rho = density(candidates)
    offset = rho.above(detector.rho_without_pile_up, pile_up > 0)
    source = JetInput(candidates, record, truth, offset, detector)
    jets = jet_set(source, radius=RADIUS, min_pt=detector.jet_min_pt)
    true_tau = _near_true_tau(jets.jets, record)
    return Events(
        first=first,
        weight=record.weight,
        pt_hat=record.pt_hat,
        pile_up=pile_up,
        rho=rho.everywhere,
        measurement=measurement,
        jets=jets,
        b_score=tag(detector.b_tag, jets.flavour == 5, jets.flavour == 4, rng),
        tau_score=tag(detector.tau_tag, true_tau, np.zeros(len(true_tau), bool), rng),
        true_tau=true_tau,
        fat_jets=jet_set(source, radius=FAT_RADIUS, min_pt=detector.fat_jet_min_pt),
        electrons=electrons(candidates, offset.central, detector, rng),
        muons=muons(candidates, offset.central, detector),
        photons=photons(candidates, offset.central, detector, rng),
        met=missing(candidates, jets.jets, jets.gain),
        sum_et=segment_sum(candidates.momenta.pt, candidates.offsets),
        gen_met=gen_met(record),
        gen_particles=prune(record),
        gen_jets=truth,
    )


def _near_true_tau(jets: Jets, record: Record) -> Mask:
    """Whether a tau that decays to hadrons is within the match cone of each jet."""
    taus = visible_taus(record)
    match = nearest(
        (jets.momenta.eta, jets.momenta.phi, jets.offsets),
        (taus.momenta.eta, taus.momenta.phi, taus.offsets),
        radius=MATCH_CONE,
    )
    return np.asarray(match.index >= 0)
