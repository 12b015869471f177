"""Detector faults made on purpose, to measure how small a one is found: tables in, tables out, sizes stated.

They leave what a real fault would leave and no more: thresholds are applied again, indices into a collection follow
its objects, the missing momentum balances what was lost or added, objects that are added come from other events, and
masses of single particles stay when energies are scaled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.monitoring.picking import kept_objects, picked_objects, with_columns
from hepack.physics.kinematics import Floats, wrap
from hepack.table import EventTable

Rng = np.random.Generator
CALORIMETER = ("Jet", "FatJet", "Tau", "Photon", "Electron")
SCALED = ("Jet", "FatJet")
ENERGIES = ("pt", "mass", "msoftdrop", "energy")
"""Columns of a collection that begin so are energies."""


def dead_region(
    table: EventTable, size: float, rng: Rng, *, eta: float = 0.8, phi: float = 0.5
) -> EventTable:
    """No objects of the calorimeter within a square of ``size`` in eta and phi about a point."""
    found = table
    for collection in _present(table, CALORIMETER):
        its_eta, its_phi = (found.columns[f"{collection}_{q}"].astype(np.float64) for q in ("eta", "phi"))
        inside = (np.abs(its_eta - eta) < size / 2) & (np.abs(wrap(its_phi - phi)) < size / 2)
        found = kept_objects(found, collection, ~inside)
    return _balanced(found, table)


def scaled(table: EventTable, size: float, rng: Rng) -> EventTable:
    """All energies of jets too low by a share ``size``; jets that fall below the lowest pt are lost."""
    found = table
    for collection in _present(table, SCALED):
        pt = f"{collection}_pt"
        least = table.columns[pt].min(initial=np.inf)
        factor = np.full(len(table.columns[pt]), 1 - size)
        found = with_columns(found, _scaled_columns(found, collection, factor))
        found = kept_objects(found, collection, found.columns[pt] >= least)
    return _balanced(found, table)


def smeared(table: EventTable, size: float, rng: Rng) -> EventTable:
    """A relative resolution ``size`` added to all energies of a jet; jets that fall below the lowest pt are lost."""
    found = table
    for collection in _present(table, SCALED[:1]):
        pt = f"{collection}_pt"
        least = table.columns[pt].min(initial=np.inf)
        factor = np.maximum(1 + size * rng.standard_normal(len(table.columns[pt])), 0.01)
        found = with_columns(found, _scaled_columns(found, collection, factor))
        found = kept_objects(found, collection, found.columns[pt] >= least)
    return _balanced(found, table)


def hot_tower(
    table: EventTable, size: float, rng: Rng, *, collection: str = "Jet", eta: float = -1.2, phi: float = -2.0
) -> EventTable:
    """One more jet at a point in a share ``size`` of the events: one of the softer jets of another event, moved."""
    chosen = np.flatnonzero(rng.random(len(table)) < size)
    pt = table.columns[f"{collection}_pt"]
    soft = np.flatnonzero(pt <= np.median(pt))
    rows = np.concatenate([np.arange(len(pt)), rng.choice(soft, len(chosen))])
    counts = table.counts(collection)
    owner = np.concatenate([np.repeat(np.arange(len(counts)), counts), chosen])
    changed: dict[str, NDArray[Any]] = {}
    for name, centre in (("eta", eta), ("phi", phi)):
        values = table.columns[f"{collection}_{name}"][rows]
        values[len(pt) :] = centre + 0.04 * (rng.random(len(chosen)) - 0.5)
        changed[f"{collection}_{name}"] = values
    order = np.lexsort((-pt[rows], owner))
    found = picked_objects(table, collection, rows[order], owner[order])
    return _balanced(with_columns(found, {name: values[order] for name, values in changed.items()}), table)


def wrong_unit(table: EventTable, size: float, rng: Rng, *, column: str = "MET_pt") -> EventTable:
    """A share ``size`` of a column's values in MeV where GeV is meant."""
    values = table.columns[column].copy()
    values[rng.random(len(values)) < size] *= 1000
    return with_columns(table, {column: values})


def missing_objects(table: EventTable, size: float, rng: Rng, *, collection: str = "Jet") -> EventTable:
    """A share ``size`` of the events lose all objects of a collection; nothing else changes."""
    lost = rng.random(len(table)) < size
    return kept_objects(table, collection, ~np.repeat(lost, table.counts(collection)))


def stuck(table: EventTable, size: float, rng: Rng, *, column: str = "MET_phi") -> EventTable:
    """A share ``size`` of a column's values are those of the entry before."""
    values = table.columns[column].copy()
    again = np.flatnonzero(rng.random(len(values)) < size)
    again = again[again > 0]
    values[again] = table.columns[column][again - 1]
    return with_columns(table, {column: values})


def shuffled(table: EventTable, size: float, rng: Rng, *, column: str = "MET_pt") -> EventTable:
    """A share ``size`` of a column's values are those of other events: its distribution stays as it is."""
    values = table.columns[column].copy()
    chosen = np.flatnonzero(rng.random(len(values)) < size)
    values[chosen] = values[rng.permutation(chosen)]
    return with_columns(table, {column: values})


def _present(table: EventTable, names: Sequence[str]) -> list[str]:
    """Those of the collections that have momenta."""
    return [name for name in names if {f"{name}_{q}" for q in ("pt", "eta", "phi")} <= set(table.columns)]


def _is_energy(name: str, collection: str) -> bool:
    return name[len(collection) + 1 :].startswith(ENERGIES)


def _scaled_columns(table: EventTable, collection: str, factor: Floats) -> dict[str, NDArray[Any]]:
    """The energies of a collection times a factor for each object; the mass of a single particle is assigned, and
    stays."""
    names = [v.name for v in table.schema.on(collection) if _is_energy(v.name, collection)]
    particles = table.columns.get(f"{collection}_nConstituents", np.full(len(factor), 2))
    changed = {}
    for name in names:
        assigned = (particles == 1) & name.endswith("_mass")
        changed[name] = table.columns[name] * np.where(assigned, 1.0, factor)
    return changed


def _balanced(after: EventTable, before: EventTable) -> EventTable:
    """With missing momentum that takes up what the jets have gained or lost."""
    if not {"MET_pt", "MET_phi"} <= set(before.columns):
        return after
    met, phi = (before.columns[name].astype(np.float64) for name in ("MET_pt", "MET_phi"))
    x, y = met * np.cos(phi), met * np.sin(phi)
    for table, sign in ((before, 1.0), (after, -1.0)):
        jets_x, jets_y = _jets(table)
        x, y = x + sign * jets_x, y + sign * jets_y
    made, turned = np.hypot(x, y), np.arctan2(y, x)
    moved = np.abs(made - met) > 1e-4
    return with_columns(
        after, {"MET_pt": np.where(moved, made, met), "MET_phi": np.where(moved, turned, phi)}
    )


def _jets(table: EventTable) -> tuple[Floats, Floats]:
    pt, phi = (table.columns[f"Jet_{name}"].astype(np.float64) for name in ("pt", "phi"))
    owner = np.repeat(np.arange(len(table)), table.counts("Jet"))
    x, y = (np.bincount(owner, pt * part(phi), minlength=len(table)) for part in (np.cos, np.sin))
    return np.asarray(x), np.asarray(y)


FAULTS: Mapping[str, Callable[[EventTable, float, Rng], EventTable]] = {
    "dead region": dead_region, "energy scale": scaled, "hot tower": hot_tower, "wrong unit": wrong_unit,
    "missing objects": missing_objects, "resolution": smeared, "stuck value": stuck, "mixed events": shuffled,
}  # fmt: skip
"""By name, each with its default place: sizes are shares, for the dead region a length in eta and phi."""
