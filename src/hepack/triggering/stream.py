"""Simulated streams behind a single-lepton filter: the mix and the signals of arXiv:2107.02157."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.firmware.layout import sort_objects
from hepack.simulate.backgrounds import LEPTONIC_W, LEPTONIC_Z, MASSES
from hepack.simulate.detector import CMS_LIKE
from hepack.simulate.event import visible_particles
from hepack.simulate.generator import generate, pythia_seed
from hepack.simulate.objects import observe_objects
from hepack.simulate.overlay import overlay
from hepack.simulate.pileup import Collisions, PileUp, library
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
AT_ONCE = 20_000
"""Collisions that are overlaid together, on average; as many take about 2 GB."""
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
    """``process`` is a key of `MIX` or `SIGNALS`; ``pile_up`` the collisions overlaid.
    Without ``filtered`` every event stays, whatever its leptons.

    Raises:
        BadRequestError: an unknown process or a number out of range.
    """

    process: str
    events: int
    seed: int = 1
    pile_up: PileUp = field(default_factory=PileUp)
    energy: float = 13600.0
    filtered: bool = True

    def __post_init__(self) -> None:
        if self.process not in MIX and self.process not in SIGNALS:
            known = ", ".join([*MIX, *SIGNALS])
            raise BadRequestError(f"there is no stream '{self.process}'; known are {known}")
        if self.events < 1:
            raise BadRequestError(f"the number of events must be 1 or more, found {self.events}")


def generator_process(name: str, *, filtered: bool = True) -> Process:
    """What Pythia makes for one stream.

    Behind the filter a charged Higgs has one tau that must be leptonic, so forcing that changes the rate
    and nothing else.
    """
    base = {p.id: p for p in _EXTRA}.get(f"stream_{name}") or get_process(SIGNALS.get(name, name))
    forced = ("15:onMode = off", "15:onIfAny = 11 13") if name == "hplus_taunu" and filtered else ()
    return replace(base, id=f"stream_{name}", settings=(*base.settings, NO_MPI, *forced))


@dataclass(frozen=True)
class Made:
    """Events: ``particles`` of shape ``(event, 19, 3)``: pt (GeV), eta, phi of MET, electrons, muons, jets.

    ``mean`` is the mean number of further collisions that an event was made with, ``collisions`` their number.
    """

    particles: Particles
    mean: NDArray[np.float32]
    collisions: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.particles)

    def take(self, events: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Made:
        """Only these events."""
        return Made(self.particles[events], self.mean[events], self.collisions[events])

    @classmethod
    def joined(cls, parts: Sequence[Made]) -> Made:
        """The events of all parts, in order."""
        return cls(
            np.concatenate([part.particles for part in parts]),
            np.concatenate([part.mean for part in parts]),
            np.concatenate([part.collisions for part in parts]),
        )


def collisions_for(request: StreamRequest, tick: Callable[[int], None] | None = None) -> Collisions | None:
    """The library that the pile-up of ``request`` is drawn from; None without pile-up."""
    if not request.pile_up.on:
        return None
    total = 0

    def report(made: int) -> None:
        nonlocal total
        total += made
        if tick:
            tick(total)

    return library(
        request.pile_up.library_size(request.events),
        energy=request.energy,
        seed=request.seed,
        detector=CMS_LIKE,
        tick=report,
    )


def simulate_stream(
    request: StreamRequest, tick: Callable[[int], None] | None = None, *, pool: Collisions | None = None
) -> Made:
    """Make the events of ``request``, which depend on it alone, and on ``pool`` if that is given.

    QCD gets its lepton from a jet that is taken for an electron or muon (real leptons in jets are
    mostly not isolated), one per event, each with the same probability.

    Raises:
        MissingExtraError: Pythia or FastJet is not installed.
    """
    parts: list[Made] = []
    found = 0
    for part in _chunks(request, pool or collisions_for(request)):
        parts.append(part)
        found += len(part)
        if tick:
            tick(min(found, request.events))
        if found >= request.events:
            break
    return Made.joined(parts).take(slice(request.events))


def _chunks(request: StreamRequest, pool: Collisions | None) -> Iterator[Made]:
    chunk = 0
    while True:
        made, rng = _events(request, chunk, pool)
        chunk += 1
        if made is None:
            continue
        if request.process == "qcd":
            particles, events = jets_as_leptons(made.particles, rng)
            made = replace(made.take(events), particles=particles)
        yield made.take(has_lepton(made.particles)) if request.filtered else made


def _events(
    request: StreamRequest, chunk: int, pool: Collisions | None
) -> tuple[Made | None, np.random.Generator]:
    process = generator_process(request.process, filtered=request.filtered)
    hard, _, response = (pythia_seed(request.seed, process.id, chunk, stream) for stream in range(3))
    rng = np.random.default_rng(response)
    record = generate(process, events=CHUNK, energy=request.energy, seed=hard, tick=lambda _: None)
    if request.filtered and request.process != "qcd":
        record = select(record, _may_pass(record))
    if record.n_events == 0:
        return None, rng
    pieces = max(1, math.ceil(record.n_events * request.pile_up.average / AT_ONCE))
    number = np.arange(record.n_events) * pieces // record.n_events
    parts = [
        _observed(select(record, number == n) if pieces > 1 else record, request.pile_up, pool, rng)
        for n in range(pieces)
    ]
    return Made.joined(parts), rng


def _observed(record: Record, pile_up: PileUp, pool: Collisions | None, rng: np.random.Generator) -> Made:
    particles = visible_particles(record)
    means, counts = pile_up.draw(record.n_events, rng)
    if pool is not None:
        particles = overlay(particles, pool, counts, length=CMS_LIKE.beam_spot_length, rng=rng)
    objects = observe_objects(particles, record.weight, pile_up=counts, detector=CMS_LIKE, rng=rng)
    table = trigger_table(objects, cleaning=CMS_LIKE if pile_up.on else None)
    values = np.asarray(table.columns["Particles"], np.float32)
    return Made(values, means.astype(np.float32), counts.astype(np.int32))


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


def jets_as_leptons(particles: Particles, rng: np.random.Generator) -> tuple[Particles, NDArray[np.int64]]:
    """Turn one jet of each event into an electron or muon; events without a fit jet drop out.

    Returns the events that are left, and their places among all.
    """
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
    return sort_objects(out, (1, ELECTRONS, MUONS, JETS)), events
