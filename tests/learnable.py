"""A table in which much can be learned: derived columns, soft correlations, jets, repeats of event variables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import Collection, EventTable, Schema, Tolerance, Variable, offsets_from_counts

LOSSY = {
    "px": Tolerance("relative", 1e-3),
    "py": Tolerance("relative", 1e-3),
    "pt": Tolerance("relative", 1e-3),
    "Jet_pt": Tolerance("relative", 1e-3),
    "Jet_eta": Tolerance("absolute", 1e-3),
    "Jet_phi": Tolerance("absolute", 1e-3),
    "Jet_mass": Tolerance("relative", 1e-3),
}


def learnable(n: int = 3000, seed: int = 1, *, lossy: bool = False, scale: float = 1.0) -> EventTable:
    """``n`` events; ``scale`` moves the energies, so that another scale is another campaign."""
    rng = np.random.default_rng(seed)
    pt = scale * (rng.exponential(30, n) + 20)
    phi = rng.uniform(-math.pi, math.pi, n)
    counts = rng.poisson(2.5, n)
    jets = int(counts.sum())
    owner = np.repeat(np.arange(n), counts)
    jet_pt = pt[owner] * rng.uniform(0.2, 1.0, jets)
    jet_pt = jet_pt[np.lexsort((-jet_pt, owner))]
    flavour = rng.choice([0, 4, 5], jets, p=[0.8, 0.1, 0.1])
    flat: dict[str, NDArray[Any]] = {
        "run": np.full(n, 194_533, "u4"),
        "px": (pt * np.cos(phi)).astype("f4"),
        "py": (pt * np.sin(phi)).astype("f4"),
        "pt": np.hypot((pt * np.cos(phi)).astype("f4"), (pt * np.sin(phi)).astype("f4")).astype("f4"),
        "kind": (pt > scale * 60).astype("i2"),
    }
    objects: dict[str, NDArray[Any]] = {
        "Jet_pt": jet_pt.astype("f4"),
        "Jet_eta": rng.normal(0, 1.2, jets).astype("f4"),
        "Jet_phi": rng.uniform(-math.pi, math.pi, jets).astype("f4"),
        "Jet_mass": (jet_pt * rng.lognormal(-2, 0.3, jets)).astype("f4"),
        "Jet_flavour": flavour.astype("i4"),
        "Jet_btag": np.where(flavour == 5, rng.beta(8, 2, jets), rng.beta(2, 8, jets)).astype("f4"),
        "Jet_score": np.where(rng.random(jets) < 0.3, -999.0, jet_pt).astype("f4"),
    }
    variables = [_variable(name, values, "", lossy) for name, values in flat.items()]
    variables += [_variable(name, values, "Jet", lossy) for name, values in objects.items()]
    jet = Collection(name="Jet", counter="nJet")
    schema = Schema("Events", tuple(variables), (jet,))
    return EventTable(schema, n, {"Jet": offsets_from_counts(counts)}, flat | objects)


def _variable(name: str, values: NDArray[Any], axis: str, lossy: bool) -> Variable:
    tolerance = LOSSY.get(name, Tolerance()) if lossy else Tolerance()
    angle: dict[str, Any] = {"kind": "angle", "period": 2 * math.pi} if name.endswith("phi") else {}
    if values.dtype.kind in "iu":
        angle = {"kind": "integer"}
    return Variable(name=name, dtype=values.dtype, axis=axis, tolerance=tolerance, **angle)
