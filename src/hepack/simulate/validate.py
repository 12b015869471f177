"""Mass peaks of simulated NanoAOD-like tables, for the tests and the plots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hepack._errors import BadRequestError
from hepack.simulate.kinematics import Momenta
from hepack.simulate.ragged import Floats, Ints, Mask, Pairs, keep, nearest, owners, ranks
from hepack.table import EventTable

LEPTON_MIN_PT = 5.0
JET_MIN_PT, JET_ETA_MAX = 30.0, 2.5
B_MEDIUM = 0.278
W_MASS, W_WINDOW = 80.37, 20.0
MAX_LIGHT_JETS = 3
B_TO_QUARK = 1.06
"""Median pt of a b quark over that of its jet above 40 GeV, in simulated top pairs: neutrinos and
radiation out of the cone."""

CURVE_POINTS = 200


@dataclass(frozen=True)
class Peak:
    """A Gaussian on a straight background, fitted to a histogram: values and standard errors.

    ``curve`` is the fit at 200 masses evenly spaced over the window.
    """

    mean: float
    mean_error: float
    width: float
    width_error: float
    chi2: float
    degrees: int
    edges: Floats
    counts: Floats
    curve: Floats


def objects(table: EventTable, name: str, *, mass: float | None = None) -> tuple[Momenta, Ints]:
    """Four-momenta and offsets of a collection; ``mass`` (GeV) replaces its own."""
    columns = {c: table.columns[f"{name}_{c}"].astype(np.float64) for c in ("pt", "eta", "phi")}
    own = table.columns[f"{name}_mass"].astype(np.float64) if mass is None else mass
    return Momenta.from_pt(columns["pt"], columns["eta"], columns["phi"], own), table.offsets[name]


def dimuon_masses(table: EventTable) -> Floats:
    """Masses in GeV of all pairs of opposite-charge muons above 20 GeV."""
    momenta, offsets = objects(table, "Muon")
    charge = table.columns["Muon_charge"]
    pairs = _couples(np.asarray(momenta.pt > 20.0), offsets)
    opposite = charge[pairs.first] != charge[pairs.second]
    return _sum(momenta[pairs.first[opposite]], momenta[pairs.second[opposite]]).mass


def four_lepton_masses(table: EventTable) -> Floats:
    """Masses in GeV of events with exactly four leptons (e, mu) above 5 GeV of total charge zero."""
    parts = [objects(table, name) for name in ("Electron", "Muon")]
    event = np.concatenate([owners(offsets) for _, offsets in parts])
    momenta = Momenta.concatenate(*(part for part, _ in parts))
    charge = np.concatenate([table.columns[f"{name}_charge"] for name in ("Electron", "Muon")])
    hard = momenta.pt > LEPTON_MIN_PT
    event, momenta, charge = event[hard], momenta[hard], charge[hard]
    number = np.bincount(event, minlength=len(table))
    total = np.bincount(event, weights=charge, minlength=len(table))
    chosen = (number == 4) & (np.abs(total) < 0.5)
    sums = [np.bincount(event, weights=c, minlength=len(table)) for c in _components(momenta)]
    return Momenta(*(np.asarray(s, np.float64)[chosen] for s in sums)).mass


def dijet_masses(table: EventTable) -> Floats:
    """Masses in GeV of the two hardest large-radius jets together."""
    momenta, offsets = objects(table, "FatJet")
    two = np.diff(offsets) >= 2
    first, second = offsets[:-1][two], offsets[:-1][two] + 1
    return _sum(momenta[first], momenta[second]).mass


def groomed_masses(table: EventTable, *, min_pt: float) -> Floats:
    """Soft-drop masses in GeV of large-radius jets above ``min_pt`` GeV."""
    hard = table.columns["FatJet_pt"] > min_pt
    return np.asarray(table.columns["FatJet_msoftdrop"][hard], np.float64)


def w_and_top_masses(table: EventTable) -> tuple[Floats, Floats]:
    """Masses in GeV of W -> jj and of t -> b jj candidates in top pairs.

    Central jets above 30 GeV, away from isolated leptons; events with two b-tagged and two or three
    other jets. W: every pair of the others. Top: every such pair within 20 GeV of the W mass with
    either b jet (scaled by `B_TO_QUARK`), the measured mass of the pair replaced by the W's
    (``m(bjj) - m(jj) + 80.37``).
    """
    momenta, offsets = objects(table, "Jet")
    good = (momenta.pt > JET_MIN_PT) & (np.abs(momenta.eta) < JET_ETA_MAX) & ~_near_lepton(table)
    tagged = good & (table.columns["Jet_btag"] > B_MEDIUM)
    light = good & ~tagged
    n_tagged, n_light = np.diff(keep(tagged, offsets)), np.diff(keep(light, offsets))
    event = (n_tagged == 2) & (n_light >= 2) & (n_light <= MAX_LIGHT_JETS)
    of = event[owners(offsets)]
    pairs = _couples(light & of, offsets)
    w = _sum(momenta[pairs.first], momenta[pairs.second])
    near = np.flatnonzero(np.abs(w.mass - W_MASS) < W_WINDOW)
    rows = np.flatnonzero(tagged & of)
    pair_offsets = np.searchsorted(owners(offsets)[pairs.first[near]], np.arange(len(table) + 1))
    trios = Pairs.within(pair_offsets.astype(np.int64), keep(tagged & of, offsets))
    chosen = w[near[trios.first]]
    b = Momenta(*(B_TO_QUARK * c for c in _components(momenta[rows[trios.second]])))
    return w.mass, _sum(chosen, b).mass - chosen.mass + W_MASS


def fit_peak(masses: Floats, *, window: tuple[float, float], bins: int) -> Peak:
    """Fit a Gaussian and a straight line to the histogram of ``masses`` (GeV) inside ``window``.

    Minimises chi2 with Poisson errors by damped Gauss-Newton steps.

    Raises:
        BadRequestError: fewer than 30 entries in the window.
    """
    counts, edges = np.histogram(masses, bins=bins, range=window)
    if counts.sum() < 30:
        raise BadRequestError(f"only {counts.sum()} masses in {window} GeV: too few to fit a peak")
    centre, fine = (edges[1:] + edges[:-1]) / 2, np.linspace(*window, CURVE_POINTS)
    error = np.sqrt(np.maximum(counts, 1.0))
    middle, scale = float(centre[np.argmax(counts)]), (window[1] - window[0]) / 2

    def model(p: Floats, at: Floats = centre) -> Floats:
        x = (at - middle) / scale
        return np.asarray(p[0] * np.exp(-0.5 * ((at - p[1]) / p[2]) ** 2) + p[3] + p[4] * x)

    start = np.array([float(counts.max()), middle, scale / 6, float(counts.min()), 0.0])
    best, covariance, chi2 = _least_squares(model, start, counts.astype(np.float64), error)
    sigmas = np.sqrt(np.diag(covariance))
    return Peak(
        mean=float(best[1]),
        mean_error=float(sigmas[1]),
        width=abs(float(best[2])),
        width_error=float(sigmas[2]),
        chi2=chi2,
        degrees=bins - len(start),
        edges=edges,
        counts=counts.astype(np.float64),
        curve=model(best, fine),
    )


def _least_squares(
    model: Callable[[Floats], Floats], start: Floats, values: Floats, error: Floats
) -> tuple[Floats, Floats, float]:
    """Levenberg-Marquardt with a numerical Jacobian: parameters, covariance, chi2."""
    best, damping = start.copy(), 1e-2
    chi2 = float(np.sum(((values - model(best)) / error) ** 2))
    for _ in range(200):
        steps = 1e-5 * np.maximum(np.abs(best), 1.0)
        columns = [
            (model(best + step * unit) - model(best - step * unit)) / (2 * step)
            for step, unit in zip(steps, np.eye(len(best)), strict=True)
        ]
        jacobian = np.stack(columns, axis=1) / error[:, None]
        normal = jacobian.T @ jacobian
        push = jacobian.T @ ((values - model(best)) / error)
        trial = best + np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), push)
        tried = float(np.sum(((values - model(trial)) / error) ** 2))
        if tried < chi2:
            done = chi2 - tried < 1e-9 * chi2
            best, chi2, damping = trial, tried, damping / 5
            if done:
                break
        else:
            damping *= 5
            if damping > 1e12:
                break
    return best, np.asarray(np.linalg.pinv(normal)), chi2


def _near_lepton(table: EventTable) -> Mask:
    eta, phi = (table.columns[f"Jet_{c}"].astype(np.float64) for c in ("eta", "phi"))
    result = np.zeros(len(eta), bool)
    for name in ("Electron", "Muon"):
        hard = table.columns[f"{name}_pt"] > 15.0
        place = [table.columns[f"{name}_{c}"][hard].astype(np.float64) for c in ("eta", "phi")]
        offsets = keep(hard, table.offsets[name])
        near = nearest((eta, phi, table.offsets["Jet"]), (place[0], place[1], offsets), radius=0.4)
        result |= near.index >= 0
    return result


def _couples(mask: Mask, offsets: Ints) -> Pairs:
    """Every pair of different objects under ``mask`` in the same event, once; flat indices."""
    rows, kept = np.flatnonzero(mask), keep(mask, offsets)
    pairs = Pairs.within(kept, kept)
    place = ranks(kept)
    once = place[pairs.first] < place[pairs.second]
    return Pairs(rows[pairs.first[once]], rows[pairs.second[once]])


def _components(momenta: Momenta) -> tuple[Floats, Floats, Floats, Floats]:
    return momenta.px, momenta.py, momenta.pz, momenta.e


def _sum(first: Momenta, second: Momenta) -> Momenta:
    return Momenta(*(a + b for a, b in zip(_components(first), _components(second), strict=True)))
