"""Numbers of whole events: missing momentum, HT, masses of candidates, multiplicities, leading momenta."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hepack.physics.candidates import dijet, dilepton, four_leptons, hadronic_top, leptons, pair_of
from hepack.physics.kinematics import Floats, transverse_mass
from hepack.physics.objects import Event, Objects, empty_objects

Values = Callable[[Event, "Cuts"], Floats]


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """What counts as a jet and as b-tagged in the quantities of whole events."""

    jet_pt: float = 25.0
    jet_eta: float = 4.7
    central_eta: float = 2.5
    ht_pt: float = 30.0
    btag: float = 0.5
    lepton_pt: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """``window`` is where a mass peak is looked for; None where there is none. ``needs``: kinds of objects."""

    name: str
    title: str
    unit: str
    needs: tuple[str, ...]
    values: Values
    window: tuple[float, float] | None = None
    integer: bool = False


def jets_of(event: Event, cuts: Cuts, *, central: bool = False) -> Objects:
    """Jets above the cuts, hardest first."""
    found = event.objects.get("jet") or empty_objects("jet", event.n_events)
    edge = cuts.central_eta if central else cuts.jet_eta
    return found.where((found.pt > cuts.jet_pt) & (np.abs(found.eta) < edge)).by_pt()


def _sum(values: Floats, found: Objects, n_events: int) -> Floats:
    return np.bincount(found.events, weights=values, minlength=n_events).astype(np.float64)


def _ht(event: Event, cuts: Cuts) -> Floats:
    found = jets_of(event, cuts, central=True)
    found = found.where(found.pt > cuts.ht_pt)
    return _sum(found.pt, found, event.n_events)


def _mht(event: Event, cuts: Cuts) -> Floats:
    found = jets_of(event, cuts)
    px = _sum(found.pt * np.cos(found.phi), found, event.n_events)
    py = _sum(found.pt * np.sin(found.phi), found, event.n_events)
    return np.asarray(np.where(np.diff(found.offsets) > 0, np.hypot(px, py), np.nan))


def _met(event: Event, cuts: Cuts) -> Floats:
    return np.full(event.n_events, np.nan) if event.met is None else event.met


def _mt(event: Event, cuts: Cuts) -> Floats:
    found = leptons(event, cuts.lepton_pt)
    if event.met is None or event.met_phi is None:
        return np.full(event.n_events, np.nan)
    pt, phi = found.padded("pt", 1)[:, 0], found.padded("phi", 1)[:, 0]
    return transverse_mass(pt, phi, event.met, event.met_phi)


def _leading(kinds: tuple[str, ...]) -> Values:
    def values(event: Event, cuts: Cuts) -> Floats:
        best = np.full(event.n_events, np.nan)
        for kind in kinds:
            if kind in event.objects and len(event.objects[kind]):
                best = np.fmax(best, event.objects[kind].by_pt().padded("pt", 1)[:, 0])
        return best

    return values


def _bjets(event: Event, cuts: Cuts) -> Objects:
    found = jets_of(event, cuts, central=True)
    return found.where(found.btag > cuts.btag)


def _count(threshold: float) -> Values:
    def values(event: Event, cuts: Cuts) -> Floats:
        found = event.objects.get("jet") or empty_objects("jet", event.n_events)
        return _sum((found.pt > threshold).astype(np.float64), found, event.n_events)

    return values


def _dilepton(kinds: tuple[str, ...]) -> Values:
    return lambda event, cuts: dilepton(leptons(event, cuts.lepton_pt, kinds))


_LEPTONS = ("electron", "muon", "lepton")

QUANTITIES: tuple[Quantity, ...] = (
    Quantity(name="met", title="missing transverse momentum", unit="GeV", needs=("met",), values=_met),
    Quantity(name="ht", title="HT, scalar sum of central jets", unit="GeV", needs=("jet",), values=_ht),
    Quantity(name="mht", title="missing HT of the jets", unit="GeV", needs=("jet",), values=_mht),
    Quantity(
        name="mt", title="transverse mass, leading lepton and MET", unit="GeV", needs=("met", "any lepton"),
        values=_mt,
    ),
    Quantity(name="jet_pt", title="leading jet pt", unit="GeV", needs=("jet",), values=_leading(("jet",))),
    Quantity(
        name="lepton_pt", title="leading lepton pt", unit="GeV", needs=("any lepton",), values=_leading(_LEPTONS)
    ),
    Quantity(
        name="photon_pt", title="leading photon pt", unit="GeV", needs=("photon",), values=_leading(("photon",))
    ),
    Quantity(
        name="m_jj", title="dijet mass, two leading jets", unit="GeV", needs=("jet",),
        values=lambda event, cuts: dijet(jets_of(event, cuts)),
    ),
    Quantity(
        name="m_ee", title="dielectron mass, opposite charges", unit="GeV", needs=("electron",),
        values=_dilepton(("electron",)), window=(70.0, 110.0),
    ),
    Quantity(
        name="m_mumu", title="dimuon mass, opposite charges", unit="GeV", needs=("muon",),
        values=_dilepton(("muon",)), window=(70.0, 110.0),
    ),
    Quantity(
        name="m_ll", title="dilepton mass, leptons of unknown flavour", unit="GeV", needs=("lepton",),
        values=_dilepton(("lepton",)), window=(70.0, 110.0),
    ),
    Quantity(
        name="m_w", title="W mass, light jet pair of the top candidate", unit="GeV", needs=("jet",),
        values=lambda event, cuts: hadronic_top(jets_of(event, cuts, central=True), cuts.btag)[1],
        window=(50.0, 115.0),
    ),
    Quantity(
        name="m_top", title="top mass, three-jet candidate", unit="GeV", needs=("jet",),
        values=lambda event, cuts: hadronic_top(jets_of(event, cuts, central=True), cuts.btag)[0],
        window=(120.0, 230.0),
    ),
    Quantity(
        name="m_bb", title="Higgs or Z mass, two leading b jets", unit="GeV", needs=("bjet",),
        values=lambda event, cuts: dijet(_bjets(event, cuts)), window=(60.0, 160.0),
    ),
    Quantity(
        name="m_gg", title="diphoton mass", unit="GeV", needs=("photon",),
        values=lambda event, cuts: pair_of(event, "photon"), window=(105.0, 145.0),
    ),
    Quantity(
        name="m_4l", title="four-lepton mass", unit="GeV", needs=("any lepton",),
        values=lambda event, cuts: four_leptons(event, cuts.lepton_pt), window=(110.0, 140.0),
    ),
    *(
        Quantity(
            name=f"njet{threshold}", title=f"jets above {threshold} GeV", unit="", needs=("jet",),
            values=_count(float(threshold)), integer=True,
        )
        for threshold in (25, 30, 50, 100)
    ),
)  # fmt: skip


BY_NAME: Mapping[str, Quantity] = {quantity.name: quantity for quantity in QUANTITIES}


def available(kinds: frozenset[str], *, lone: bool = False) -> tuple[Quantity, ...]:
    """The quantities that a file's objects allow; ``kinds`` may hold "met" and "bjet" besides.

    ``lone``: no events, just single objects; then only leading momenta make sense.
    """
    if lone:
        return tuple(q for q in QUANTITIES if q.name.endswith("_pt") and set(q.needs) <= kinds)
    have = kinds | ({"any lepton"} if kinds & set(_LEPTONS) else set())
    return tuple(quantity for quantity in QUANTITIES if set(quantity.needs) <= have)


def compute(event: Event, chosen: tuple[Quantity, ...], cuts: Cuts) -> Mapping[str, Floats]:
    """Name -> values, shape ``(event,)``; NaN where an event has none."""
    with np.errstate(all="ignore"):
        return {quantity.name: quantity.values(event, cuts) for quantity in chosen}
