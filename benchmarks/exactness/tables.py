"""The tables that are packed under every setting: one for each way of coding, small and made once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from hepack.codec.network import NetworkOptions
from hepack.codec.recipe import Recipe
from hepack.fitting import table as fitting
from hepack.table import EventTable, Schema, Tolerance, Variable

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))  # for `learnable`

from learnable import learnable

RELATIVE = Tolerance("relative", 1e-3)
ABSOLUTE = Tolerance("absolute", 1e-3)


@dataclass(frozen=True)
class Case:
    """A table and how it is packed, in blocks of ``events``. ``campaign``: with a model file that was fitted once,
    before; ``trained``: needs torch; ``nets``: no trees and no histories, so that there is a net."""

    table: EventTable
    recipe: Recipe
    events: int = 10**9
    campaign: bool = False
    trained: bool = False
    nets: bool = False

    def fitting(self) -> AbstractContextManager[None]:
        """What may be fitted."""
        return only_nets() if self.nets else nullcontext()


@contextmanager
def only_nets() -> Iterator[None]:
    """Nothing but nets is a conditional model."""
    none = {"fit_tree": lambda *a, **k: None, "fit_history": lambda *a, **k: None}
    with mock.patch.multiple(fitting, **none):
        yield


def flat(name: str, columns: dict[str, NDArray[np.generic]], tolerances: dict[str, Tolerance]) -> EventTable:
    """A table of events alone; floats without a tolerance are lossless."""
    variables = tuple(
        Variable(
            name=key, dtype=values.dtype, kind="continuous" if values.dtype.kind == "f" else "integer",
            tolerance=tolerances.get(key, Tolerance()),
        )
        for key, values in columns.items()
    )  # fmt: skip
    return EventTable(Schema(name, variables), len(next(iter(columns.values()))), {}, columns)


def trigonometric(n: int, *, lossy: bool) -> EventTable:
    """Two muons in polar and Cartesian components, their energies, and the mass of the pair."""
    rng = np.random.default_rng(3)
    columns: dict[str, NDArray[np.generic]] = {}
    total = np.zeros((4, n))
    for i in ("1", "2"):
        pt, eta, phi = rng.exponential(25, n) + 5, rng.normal(0, 1.3, n), rng.uniform(-np.pi, np.pi, n)
        pt, eta, phi = (values.astype("f4").astype("f8") for values in (pt, eta, phi))
        momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)])
        energy = np.sqrt((momentum**2).sum(0) + 0.1056583745**2)
        total += np.concatenate([momentum, energy[None]])
        names = ("pt", "eta", "phi", "px", "py", "pz", "E")
        named = zip(names, (pt, eta, phi, *momentum, energy), strict=True)
        columns |= {f"{key}{i}": values.astype("f4") for key, values in named}
    columns["M"] = np.sqrt(np.maximum(total[3] ** 2 - (total[:3] ** 2).sum(0), 0)).astype("f4")
    angles = [name for name in columns if "eta" in name or "phi" in name]
    bounds = {name: ABSOLUTE if name in angles else RELATIVE for name in columns} if lossy else {}
    return flat("pairs", columns, bounds)


def remembered(n: int) -> EventTable:
    """Cells in an order that repeats itself: what a history codes best."""
    rng = np.random.default_rng(5)
    follows = rng.integers(0, 200, (200, 3))
    cells = np.zeros(n, "i4")
    for i in range(1, n):
        cells[i] = follows[cells[i - 1], rng.choice(3, p=[0.9, 0.07, 0.03])]
    return flat("cells", {"cell": cells, "charge": rng.poisson(4, n).astype("i4")}, {})


def curved(n: int, bound: Tolerance) -> EventTable:
    """Columns that a net learns well."""
    rng = np.random.default_rng(7)
    u = rng.uniform(-3, 3, n)
    v = np.sin(u) * 10 + rng.normal(0, 0.1, n)
    columns = {"u": u, "v": v, "w": np.cos(u * v / 5) + rng.normal(0, 0.02, n)}
    return flat("curved", {k: v.astype("f4") for k, v in columns.items()}, dict.fromkeys(columns, bound))


def cases() -> dict[str, Case]:
    """All of them, by name."""
    trees, net = learnable(2000, lossy=True), curved(6000, Tolerance("absolute", 0.01))
    network = NetworkOptions(latent=2, hidden=(16,), epochs=3, activation="tanh")
    best = Recipe(effort="best", fit_seconds=2)
    return {
        "trees": Case(trees, Recipe()),
        "lossless": Case(learnable(2000), Recipe()),
        "free order": Case(trees, Recipe(free_event_order=True, free_object_order=("Jet",))),
        "blocks": Case(trees, Recipe(), events=900),
        "relations": Case(trigonometric(3000, lossy=False), Recipe()),
        "relations, bounded": Case(trigonometric(3000, lossy=True), Recipe()),
        "history": Case(remembered(8000), Recipe()),
        "campaign": Case(trees, Recipe(), campaign=True),
        "campaign with nets": Case(net, best, campaign=True, nets=True),
        "nets": Case(net, best, trained=True, nets=True),
        "autoencoder": Case(curved(6000, Tolerance()), Recipe(network=network), trained=True),
    }
