"""Simulated streams behind a single-lepton filter: the mix and the signals of arXiv:2107.02157."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.firmware.layout import sort_objects
from hepack.simulate.backgrounds import LEPTONIC_W, LEPTONIC_Z, MASSES
from hepack.simulate.detector import CMS_LIKE
from hepack.simulate.event import Events, observe, visible_particles
from hepack.simulate.generator import generate, pythia_seed
from hepack.simulate.overlay import POOL, SOFT_QCD, overlay
from hepack.simulate.process import Process, get_process
from hepack.simulate.record import Record
from hepack.simulate.trigger import ELECTRONS, ETA_MAX, JETS, MUONS, trigger_table
from hepack.table import offsets_from_counts

LEPTON_PT = 23.0
"""GeV: every event has an electron (|eta| < 3) or muon (|eta| < 2.1) above, as in arXiv:2107.02157."""
MIX = {"w": 0.592, "qcd": 0.338, "z": 0.067, "ttbar": 0.003}
"""Shares of the background after the filter, arXiv:2107.02157, section 2."""
SIGNALS = {
    "a_4l": "a_4l",
    "leptoquark": "leptoquark_80",
    "h0_tautau": "h0_tautau",
    "hplus_taunu": "hplus_taunu",
}
CHUNK = 500
"""Generated events that share a seed."""
LOOSE_PT, LOOSE_ETA = 18.0, 2.7
"""Loose cut on the true leptons before the detector, which measures only what can pass."""
FAKE_SHARE = (0.8, 1.0)
"""The share of a jet's pt that a lepton made of it carries, uniform: our choice."""

NO_MPI = "PartonLevel:MPI = off"  # half of the time, and soft activity is below the objects' thresholds
_EXTRA = (
    Process(
        id="stream_w",
        title="W -> l nu, any pt",
        role="background",
        settings=("WeakSingleBoson:ffbar2W = on", *MASSES, *LEPTONIC_W),
        cross_section=62000.0,
        note="",
        masses={},
    ),
    Process(
        id="stream_z",
        title="Z/gamma* -> ll, m > 50 GeV, any pt",
        role="background",
        settings=("WeakSingleBoson:ffbar2gmZ = on", "PhaseSpace:mHatMin = 50", *MASSES, *LEPTONIC_Z),
        cross_section=6000.0,
        note="",
        masses={},
    ),
)

Particles = NDArray[np.float32]


@dataclass(frozen=True)
class StreamRequest:
    """``process`` is a key of `MIX` or `SIGNALS`; ``pile_up`` the mean number of collisions overlaid.
    Without ``filtered`` every event stays, whatever its leptons.

    Raises:
        BadRequestError: an unknown process or a number out of range.
    """

    process: str
    events: int
    seed: int = 1
    pile_up: float = 0.0
    energy: float = 13600.0
    filtered: bool = True

    def __post_init__(self) -> None:
        if self.process not in MIX and self.process not in SIGNALS:
            known = ", ".join([*MIX, *SIGNALS])
            raise BadRequestError(f"there is no stream '{self.process}'; known are {known}")
        if self.events < 1:
            raise BadRequestError(f"the number of events must be 1 or more, found {self.events}")
        if not 0 <= self.pile_up <= 300:
            raise BadRequestError(f"pile-up must lie within 0 and 300, found {self.pile_up}")


def generator_process(name: str, *, filtered: bool = True) -> Process:
    """What Pythia makes for one stream.

    Behind the filter a charged Higgs has one tau that must be leptonic, so forcing that changes the rate
    and nothing else.
    """
    base = {p.id: p for p in _EXTRA}.get(f"stream_{name}") or get_process(SIGNALS.get(name, name))
    forced = ("15:onMode = off", "15:onIfAny = 11 13") if name == "hplus_taunu" and filtered else ()
    return replace(base, id=f"stream_{name}", settings=(*base.settings, NO_MPI, *forced))


def simulate_stream(request: StreamRequest, tick: Callable[[int], None] | None = None) -> Particles:
    """Make events, shape ``(event, 19, 3)``: pt (GeV), eta, phi of MET, electrons, muons, jets.

    QCD gets its lepton from a jet that is taken for an electron or muon (real leptons in jets are
    mostly not isolated), one per event, each with the same probability. The events depend on the
    request alone.

    Raises:
        MissingExtraError: Pythia or FastJet is not installed.
    """
    parts: list[Particles] = []
    found = 0
    for part in _chunks(request):
        parts.append(part)
        found += len(part)
        if tick:
            tick(min(found, request.events))
        if found >= request.events:
            break
    return np.concatenate(parts)[: request.events]


def _chunks(request: StreamRequest) -> Iterator[Particles]:
    chunk = 0
    while True:
        events, rng = _events(request, chunk)
        chunk += 1
        if events is None:
            continue
        particles = np.asarray(trigger_table(events).columns["Particles"], np.float32)
        if request.process == "qcd":
            particles = jets_as_leptons(particles, rng)
        yield particles[has_lepton(particles)] if request.filtered else particles


def _events(request: StreamRequest, chunk: int) -> tuple[Events | None, np.random.Generator]:
    process = generator_process(request.process, filtered=request.filtered)
    seeds = [pythia_seed(request.seed, process.id, chunk, stream) for stream in range(3)]
    rng = np.random.default_rng(seeds[2])
    record = generate(process, events=CHUNK, energy=request.energy, seed=seeds[0], tick=lambda _: None)
    if request.filtered and request.process != "qcd":
        record = select(record, _may_pass(record))
    if record.n_events == 0:
        return None, rng
    particles = visible_particles(record)
    counts = np.zeros(record.n_events, np.int64)
    if request.pile_up > 0:
        counts = rng.poisson(request.pile_up, record.n_events)
        size = min(POOL, max(int(counts.sum()), 1))
        pool = generate(SOFT_QCD, events=size, energy=request.energy, seed=seeds[1], tick=lambda _: None)
        particles = overlay(particles, pool, counts, length=CMS_LIKE.beam_spot_length, rng=rng)
    return observe(record, particles, pile_up=counts, detector=CMS_LIKE, rng=rng, first=chunk * CHUNK), rng


def _may_pass(record: Record) -> NDArray[np.bool_]:
    """Events with a true electron or muon that could be measured above the threshold."""
    lepton = record.stable & np.isin(np.abs(record.pdg), (11, 13))
    lepton &= (record.momenta.pt > LOOSE_PT) & (np.abs(record.momenta.eta) < LOOSE_ETA)
    total = np.concatenate([[0], np.cumsum(lepton)])
    return np.asarray(total[record.offsets[1:]] > total[record.offsets[:-1]])


def select(record: Record, events: NDArray[np.bool_]) -> Record:
    """The record of only some events."""
    counts = np.diff(record.offsets)
    rows = np.repeat(events, counts)
    moved = np.cumsum(rows) - 1
    mother = record.mother[rows]
    return Record(
        offsets_from_counts(counts[events]),
        record.pdg[rows],
        record.status[rows],
        np.where(mother < 0, -1, moved[mother]),
        record.momenta[rows],
        record.vertex[rows],
        record.weight[events],
        record.pt_hat[events],
    )


def has_lepton(particles: Particles) -> NDArray[np.bool_]:
    """Whether each event passes the filter of the stream."""
    electrons, muons = particles[:, 1 : 1 + ELECTRONS], particles[:, 1 + ELECTRONS : 1 + ELECTRONS + MUONS]
    electron = (electrons[..., 0] > LEPTON_PT) & (np.abs(electrons[..., 1]) < ETA_MAX["electron"])
    muon = (muons[..., 0] > LEPTON_PT) & (np.abs(muons[..., 1]) < ETA_MAX["muon"])
    return np.asarray(electron.any(axis=1) | muon.any(axis=1))


def jets_as_leptons(particles: Particles, rng: np.random.Generator) -> Particles:
    """Turn one jet of each event into an electron or muon; events without a fit jet drop out."""
    out = particles.copy()
    jets = out[:, 1 + ELECTRONS + MUONS :]
    share = rng.uniform(*FAKE_SHARE, jets.shape[:2]).astype(np.float32)
    fit = (jets[..., 0] * share > LEPTON_PT) & (np.abs(jets[..., 1]) < ETA_MAX["muon"])
    events = np.flatnonzero(fit.any(axis=1))
    chosen = np.argmax(np.where(fit, rng.random(fit.shape), -1.0), axis=1)[events]
    fake = jets[events, chosen].copy()
    fake[:, 0] *= share[events, chosen]
    jets[events, chosen] = 0.0
    out = out[events]
    kind = rng.random(len(events)) < 0.5
    first = np.where(kind, 1 + ELECTRONS - 1, 1 + ELECTRONS + MUONS - 1)
    out[np.arange(len(out)), first] = fake  # the last place: a fourth true lepton gives way
    return sort_objects(out, (1, ELECTRONS, MUONS, JETS))
