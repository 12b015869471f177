"""Events without physics that have what faults need: jets, missing momentum, an index, a counter."""

from __future__ import annotations

import numpy as np

from hepack.table import Collection, EventTable, Schema, Variable, offsets_from_counts

F4, I4 = np.dtype("<f4"), np.dtype("i4")
TURN = 2 * np.pi

SCHEMA = Schema(
    "Events",
    (
        Variable(name="event", dtype=np.dtype("u8"), kind="integer"),
        Variable(name="MET_pt", dtype=F4, unit="GeV"),
        Variable(name="MET_phi", dtype=F4, unit="rad", kind="angle", period=TURN),
        Variable(name="MET_sumEt", dtype=F4, unit="GeV"),
        Variable(name="Jet_pt", dtype=F4, axis="Jet", unit="GeV"),
        Variable(name="Jet_eta", dtype=F4, axis="Jet"),
        Variable(name="Jet_phi", dtype=F4, axis="Jet", unit="rad", kind="angle", period=TURN),
        Variable(name="Jet_mass", dtype=F4, axis="Jet", unit="GeV"),
        Variable(name="Tau_jetIdx", dtype=I4, axis="Tau", kind="integer"),
    ),
    (Collection(name="Jet", counter="nJet"), Collection(name="Tau", counter="nTau")),
)


def make_events(n: int, seed: int) -> EventTable:
    """``n`` events; the jets of one event have a common scale, so that they are correlated."""
    rng = np.random.default_rng(seed)
    counts = 1 + rng.poisson(2.0, n)
    jets = int(counts.sum())
    scale = np.repeat(rng.lognormal(0.0, 0.3, n), counts)
    pt = 20 + 30 * scale * rng.exponential(1.0, jets)
    offsets = offsets_from_counts(counts)
    order = np.lexsort((-pt, np.repeat(np.arange(n), counts)))
    pt = pt[order]
    total = np.add.reduceat(pt, offsets[:-1])
    taus = (rng.random(n) < 0.3).astype(np.int64)
    columns = {
        "event": np.arange(n, dtype=np.uint64),
        "MET_pt": rng.exponential(20, n),
        "MET_phi": rng.uniform(-np.pi, np.pi, n),
        "MET_sumEt": total + rng.exponential(30, n),
        "Jet_pt": pt,
        "Jet_eta": rng.normal(0, 1.6, jets),
        "Jet_phi": rng.uniform(-np.pi, np.pi, jets),
        "Jet_mass": pt * rng.uniform(0.05, 0.2, jets),
        "Tau_jetIdx": np.where(rng.random(int(taus.sum())) < 0.8, 0, -1),
    }
    typed = {v.name: columns[v.name].astype(v.dtype) for v in SCHEMA.variables}
    return EventTable(SCHEMA, n, {"Jet": offsets, "Tau": offsets_from_counts(taus)}, typed)
