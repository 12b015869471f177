"""Candidates for decaying particles, chosen the same way in every file."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from hepack.physics.kinematics import Floats, FourMomenta
from hepack.physics.objects import Event, Objects, empty_objects
from hepack.table import offsets_from_counts

W_MASS = 80.4
JETS_TRIED = 6


def leptons(event: Event, pt: float, kinds: tuple[str, ...] = ("electron", "muon", "lepton")) -> Objects:
    """Leptons above ``pt``, hardest first; ``btag`` holds 1 for muons, so that flavours stay apart."""
    parts = [event.objects[kind] for kind in kinds if kind in event.objects]
    if not parts:
        return empty_objects("lepton", event.n_events)
    owner = np.concatenate([part.events for part in parts])
    order = np.argsort(owner, kind="stable")
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])[order]
        for name in ("pt", "eta", "phi", "mass", "charge", "rows")
    }
    flavour = np.concatenate([np.full(len(part), float(part.kind == "muon")) for part in parts])[order]
    offsets = offsets_from_counts(np.bincount(owner, minlength=event.n_events))
    found = Objects(kind="lepton", offsets=offsets, btag=flavour, **columns)
    return found.where(found.pt > pt).by_pt()


def grid(found: Objects, width: int) -> FourMomenta:
    """The hardest objects of each event as four-momenta of shape ``(event, width)``, NaN where missing."""
    names = ("pt", "eta", "phi", "mass")
    return FourMomenta.from_pt(*(found.padded(name, width) for name in names))


def dijet(found: Objects) -> Floats:
    """Mass of the two leading objects; NaN with fewer."""
    if not len(found):
        return np.full(len(found.offsets) - 1, np.nan)
    momenta = grid(found, 2)
    return (momenta[:, 0] + momenta[:, 1]).mass


def pair_of(event: Event, kind: str) -> Floats:
    """Mass of the two leading objects of a kind."""
    found = event.objects.get(kind) or empty_objects(kind, event.n_events)
    return dijet(found.by_pt())


def dilepton(found: Objects) -> Floats:
    """Mass of the two leading leptons if their charges are opposite or unknown."""
    mass = dijet(found)
    charge = found.padded("charge", 2, 0.0)
    return np.asarray(np.where(charge[:, 0] * charge[:, 1] <= 0, mass, np.nan))


def hadronic_top(found: Objects, btag: float) -> tuple[Floats, Floats]:
    """Masses of the top candidate and of its W.

    The candidate is the triple of jets (of the ``JETS_TRIED`` hardest) with the largest vector sum of pt, with
    exactly one b tag where tags exist. The W is its pair without the b jet, or without tags the pair closest to
    80.4 GeV.
    """
    n_events = len(found.offsets) - 1
    top, w = np.full(n_events, np.nan), np.full(n_events, np.nan)
    rows = np.flatnonzero(np.diff(found.offsets) >= 3)
    if not len(rows):
        return top, w
    momenta = grid(found, JETS_TRIED)[rows]
    tags = found.padded("btag", JETS_TRIED)[rows] > btag
    tagged = bool(np.isfinite(found.btag).any())
    best = np.full(len(rows), -1.0)
    for triple in combinations(range(JETS_TRIED), 3):
        one, two, three = (momenta[:, place] for place in triple)
        whole = one + two + three
        taken = whole.pt > best
        if tagged:
            taken &= tags[:, list(triple)].sum(axis=1) == 1
        pairs = np.stack([(two + three).mass, (one + three).mass, (one + two).mass], axis=1)
        if tagged:
            chosen = np.argmax(tags[:, list(triple)], axis=1)
        else:
            chosen = np.argmin(np.abs(np.nan_to_num(pairs, nan=1e9) - W_MASS), axis=1)
        pair = pairs[np.arange(len(rows)), chosen]
        best = np.where(taken, whole.pt, best)
        top[rows[taken]], w[rows[taken]] = whole.mass[taken], pair[taken]
    return top, w


def four_leptons(event: Event, pt: float) -> Floats:
    """Mass of the four leading leptons, if they are two pairs of opposite charge and same flavour."""
    found = leptons(event, pt)
    mass = np.full(event.n_events, np.nan)
    rows = np.flatnonzero(np.diff(found.offsets) >= 4)
    if not len(rows):
        return mass
    momenta = grid(found, 4)[rows]
    charge, muon = found.padded("charge", 4)[rows], found.padded("btag", 4)[rows]
    neutral = (charge.sum(axis=1) == 0) & ((charge * muon).sum(axis=1) == 0)
    total = momenta[:, 0] + momenta[:, 1] + momenta[:, 2] + momenta[:, 3]
    mass[rows] = np.where(neutral, total.mass, np.nan)
    return mass
