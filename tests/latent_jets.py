"""Jets of which six columns follow from two numbers, and what an autoencoder cannot take among them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hepack.codec.network import NetworkOptions
from hepack.table import Collection, EventTable, Schema, Tolerance, Variable, offsets_from_counts

NAMES = ("Jet_a", "Jet_b", "Jet_c", "Jet_d", "Jet_e", "Jet_phi")


def options_of(**changes: Any) -> NetworkOptions:
    """A network that is trained in a moment."""
    return NetworkOptions(**{"latent": 2, "hidden": (8,), "epochs": 2, "batch": 64, **changes})


def latent_jets(n: int = 400, seed: int = 1, *, bound: str = "") -> EventTable:
    """``n`` events. With ``bound``, all columns have it and are linear in two numbers but for float32; without, some
    values are NaN, infinite, -0.0 and far away."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(2.5, n)
    jets = int(counts.sum())
    x, y = rng.normal(size=(2, jets))
    factors = ((1, 0), (0, 1), (2, 3), (-1, 2), (4, -1), (0.3, 0.2))
    columns: dict[str, Any] = {
        name: (u * x + v * y).astype("f4") for name, (u, v) in zip(NAMES, factors, strict=True)
    }
    if not bound:
        columns["Jet_phi"] = rng.uniform(-math.pi, math.pi, jets).astype("f4")
        columns["Jet_a"][:5] = [math.nan, math.inf, -math.inf, -0.0, 1e30]
        columns["Jet_a"][-1] = 1e6
    columns |= {"Jet_n": rng.poisson(3, jets).astype("i4"), "MET": rng.exponential(30, n).astype("f4")}
    variables = [_variable(name, columns[name], bound) for name in columns]
    schema = Schema("Events", tuple(variables), (Collection(name="Jet", counter="nJet"),))
    return EventTable(schema, n, {"Jet": offsets_from_counts(counts)}, columns)


def _variable(name: str, values: Any, bound: str) -> Variable:
    kind: dict[str, Any] = {"kind": "integer"} if values.dtype.kind == "i" else {}
    if name == "Jet_phi":
        kind = {"kind": "angle", "period": 2 * math.pi}
    if bound and name in NAMES:
        kind["tolerance"] = Tolerance.parse(bound)
    return Variable(name=name, dtype=values.dtype, axis="Jet" if name.startswith("Jet") else "", **kind)
