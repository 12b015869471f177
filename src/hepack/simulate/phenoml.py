"""The table that the PhenoML writer takes: objects of each event in MeV, as Dark Machines has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.simulate.event import Events
from hepack.simulate.kinematics import Momenta
from hepack.simulate.leptons import Isolated
from hepack.simulate.ragged import TWO_PI, Ints, keep, owners
from hepack.simulate.request import Request
from hepack.simulate.selection import clean_jets
from hepack.table import EVENTS, Collection, EventTable, Schema, Variable, offsets_from_counts

MEV = 1000.0
JET_MIN_PT, JET_ETA_MAX = 20.0, 2.8
LEPTON_MIN_PT, LEPTON_ETA_MAX = 15.0, 2.5
PHOTON_MIN_PT, PHOTON_ETA_MAX = 20.0, 2.37
"""Cuts in GeV, after the Dark Machines data, arXiv:2105.14027."""
B_SCORE = 0.278
SPELLING = "g6"
"""Six digits, as C++ streams print."""


def phenoml_table(request: Request, events: Events) -> EventTable:
    """Jets (``j``, ``b``), electrons (``e-``, ``e+``), muons (``m-``, ``m+``) and photons (``g``).

    Energies in MeV; jets near an isolated lepton or photon are left out.
    """
    event, names, momenta = _objects(events)
    order = np.argsort(event, kind="stable")
    momenta, names = momenta[order], names[order]
    objects = offsets_from_counts(np.bincount(event, minlength=events.n_events))
    met = events.met
    process = [request.process.encode()] * events.n_events
    text = [name.encode() for name in names.tolist()]
    floats = {
        "weight": events.weight,
        "MET": np.hypot(*met) * MEV,
        "METphi": np.arctan2(met[1], met[0]),
        "E": momenta.e * MEV,
        "pt": momenta.pt * MEV,
        "eta": momenta.eta,
        "phi": momenta.phi,
    }
    columns: dict[str, NDArray[Any]] = {name: six_digits(value) for name, value in floats.items()}
    columns["event_id"] = np.arange(events.first, events.first + events.n_events, dtype=np.int64)
    columns["process"] = np.frombuffer(b"".join(process), np.uint8)
    columns["object"] = np.frombuffer(b"".join(text), np.uint8)
    offsets = {
        "process": offsets_from_counts(np.array([len(t) for t in process])),
        "Object": objects,
        "object": offsets_from_counts(np.array([len(t) for t in text], np.int64)),
    }
    return EventTable(SCHEMA, events.n_events, offsets, columns)


def six_digits(values: NDArray[Any]) -> NDArray[np.float64]:
    """The nearest numbers of six significant digits, which is all that such files hold."""
    return np.array([float(f"{value:.6g}") for value in values.tolist()], np.float64)


def _objects(events: Events) -> tuple[Ints, NDArray[Any], Momenta]:
    jets, score = events.jets.jets, events.b_score
    mask = (
        clean_jets(events.objects) & (jets.momenta.pt > JET_MIN_PT) & (np.abs(jets.momenta.eta) < JET_ETA_MAX)
    )
    parts = [
        (
            owners(keep(mask, jets.offsets)),
            np.where(score[mask] > B_SCORE, "b", "j"),
            jets.momenta[mask],
        )
    ]
    kinds = (
        (events.electrons, "e", LEPTON_MIN_PT, LEPTON_ETA_MAX),
        (events.muons, "m", LEPTON_MIN_PT, LEPTON_ETA_MAX),
        (events.photons, "g", PHOTON_MIN_PT, PHOTON_ETA_MAX),
    )
    parts.extend(_light(events, *kind) for kind in kinds)
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        Momenta.concatenate(*(part[2] for part in parts)),
    )


def _light(
    events: Events, found: Isolated, letter: str, min_pt: float, eta_max: float
) -> tuple[Ints, NDArray[Any], Momenta]:
    momenta = events.candidates.momenta[found.rows]
    charge = events.candidates.charge[found.rows]
    mask = (momenta.pt > min_pt) & (np.abs(momenta.eta) < eta_max)
    names = np.where(charge > 0, f"{letter}+", f"{letter}-") if letter != "g" else np.full(len(mask), "g")
    return owners(keep(mask, found.offsets)), names[mask], momenta[mask]


def _number(name: str, *, axis: str = EVENTS, unit: str = "", angle: bool = False) -> Variable:
    plain = Variable(
        name=name, dtype=np.dtype("<f8"), axis=axis, unit=unit, attributes={"spelling": SPELLING}
    )
    return replace(plain, kind="angle", period=TWO_PI) if angle else plain


def _text(name: str) -> Variable:
    return Variable(name=name, dtype=np.dtype("u1"), axis=name, kind="text")


SCHEMA = Schema(
    "events",
    (
        Variable(name="event_id", dtype=np.dtype("<i8"), kind="integer"),
        _text("process"),
        _number("weight"),
        _number("MET", unit="MeV"),
        _number("METphi", unit="rad", angle=True),
        _text("object"),
        _number("E", axis="Object", unit="MeV"),
        _number("pt", axis="Object", unit="MeV"),
        _number("eta", axis="Object"),
        _number("phi", axis="Object", unit="rad", angle=True),
    ),
    (
        Collection(name="process", layout="text"),
        Collection(name="Object"),
        Collection(name="object", parent="Object", layout="text"),
    ),
)
"""The ten columns of a PhenoML file."""
