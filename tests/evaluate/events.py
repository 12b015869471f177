"""Small tables in memory for the tests of the comparison, and faults to put into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from hepack.evaluate.results import SampleInfo
from hepack.table import Collection, EventTable, Schema, Variable, offsets_from_counts

ANGLE = 2 * np.pi


@dataclass
class Memory:
    """A table in memory as a sample, read in blocks of ``step`` events."""

    table: EventTable
    step: int = 1000
    name: str = "memory"
    entries: Mapping[str, int] = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        return self.table.schema

    @property
    def info(self) -> SampleInfo:
        return SampleInfo(
            file=self.name,
            format="memory",
            table=self.schema.name,
            events=len(self.table),
            entries=self.entries,
        )

    def blocks(self) -> Iterator[EventTable]:
        for start in range(0, len(self.table), self.step):
            yield self.table.slice(start, start + self.step)


def flat_jets(n: int = 6000, seed: int = 1, *, unit: str = "GeV") -> EventTable:
    """One jet a row: pt falls steeply from 20 GeV to beyond 1 TeV."""
    rng = np.random.default_rng(seed)
    pt = 20 * (1 + rng.pareto(1.4, n))
    pt[: n // 6] = rng.uniform(400, 1200, n // 6)  # enough of them above 500 GeV
    pt = np.minimum(rng.permutation(pt), 3000)
    scale = {"GeV": 1.0, "MeV": 1000.0}[unit]
    columns = {
        "pt": pt * scale, "eta": rng.normal(0, 1.5, n).clip(-4.5, 4.5),
        "phi": rng.uniform(-np.pi, np.pi, n), "mass": scale * (3 + 0.1 * pt * rng.uniform(0.5, 1.5, n)),
        "width": rng.beta(2, 8, n),
    }  # fmt: skip
    variables = tuple(
        Variable(
            name=name, dtype=np.dtype("<f4"), unit=unit if name in ("pt", "mass") else "", **_angle(name)
        )
        for name in columns
    )
    arrays = {name: values.astype("<f4") for name, values in columns.items()}
    return EventTable(Schema("jets", variables), n, {}, arrays)


def _angle(name: str) -> dict[str, object]:
    return {"kind": "angle", "period": ANGLE} if name.endswith("phi") else {}


def jagged(n: int = 1500, seed: int = 2) -> EventTable:
    """Events with jets, electrons from Z decays, MET, run and event numbers."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(4, n)
    jets = int(counts.sum())
    electrons = np.full(n, 2)
    columns = {
        "run": np.ones(n, "<i4"), "event": np.arange(1, n + 1, dtype="<i8"),
        "MET_pt": rng.exponential(40, n).astype("<f4"), "MET_phi": rng.uniform(-np.pi, np.pi, n).astype("<f4"),
        "Jet_pt": (20 + rng.exponential(50, jets)).astype("<f4"), "Jet_eta": rng.normal(0, 1.6, jets).astype("<f4"),
        "Jet_phi": rng.uniform(-np.pi, np.pi, jets).astype("<f4"), "Jet_mass": rng.gamma(3, 4, jets).astype("<f4"),
        "Jet_btag": rng.beta(0.5, 1, jets).astype("<f4"),
        **_z_electrons(n, rng),
    }  # fmt: skip
    axes = {name: name.split("_")[0] if name[:3] in ("Jet", "Ele") else "" for name in columns}
    variables = tuple(
        Variable(
            name=name, dtype=values.dtype, axis=axes[name],
            **(_angle(name) or ({"kind": "integer"} if values.dtype.kind == "i" else {})),
        )
        for name, values in columns.items()
    )  # fmt: skip
    schema = Schema("Events", variables, (Collection(name="Jet"), Collection(name="Electron")))
    offsets = {"Jet": offsets_from_counts(counts), "Electron": offsets_from_counts(electrons)}
    return EventTable(schema, n, offsets, columns)


def _z_electrons(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Two electrons of opposite charge for each event, back to back in phi, of mass close to 91.2 GeV."""
    mass = rng.normal(91.2, 2.5, n)
    eta = rng.normal(0, 0.8, (n, 2))
    pt = mass / np.sqrt(2 * (np.cosh(eta[:, 0] - eta[:, 1]) + 1))
    phi = rng.uniform(-np.pi, 0, n)
    columns = {
        "Electron_pt": np.stack([pt, pt], axis=1), "Electron_eta": eta,
        "Electron_phi": np.stack([phi, phi + np.pi], axis=1), "Electron_mass": np.full((n, 2), 0.000511),
        "Electron_charge": np.tile([-1, 1], (n, 1)),
    }  # fmt: skip
    types = {"Electron_charge": "<i4"}
    return {name: values.reshape(-1).astype(types.get(name, "<f4")) for name, values in columns.items()}


def changed(table: EventTable, **columns: np.ndarray) -> EventTable:
    """The table with some columns replaced."""
    return EventTable(table.schema, len(table), dict(table.offsets), {**table.columns, **columns})


def rounded(table: EventTable, size: float = 1e-3, seed: int = 3) -> EventTable:
    """What a packer with a tolerance does: every float moves by up to ``size`` (relative; angles absolute)."""
    rng = np.random.default_rng(seed)
    new = {}
    for variable in table.schema.variables:
        values = table.columns[variable.name]
        if variable.dtype.kind != "f":
            continue
        error = 0.99 * size * rng.uniform(-1, 1, len(values))
        absolute = variable.name.endswith(("eta", "phi"))
        moved = (values + error if absolute else values * (1 + error)).astype(values.dtype)
        if variable.kind == "angle":
            moved = np.where(
                moved > np.pi, moved - ANGLE, np.where(moved < -np.pi, moved + ANGLE, moved)
            ).astype("<f4")
        new[variable.name] = moved
    return changed(table, **new)


def with_rows(table: EventTable, rows: np.ndarray) -> EventTable:
    """A flat table of some rows, in that order."""
    columns = {name: values[rows] for name, values in table.columns.items()}
    return EventTable(table.schema, len(rows), {}, columns)


def with_extra_jets(table: EventTable, share: float, seed: int = 5) -> EventTable:
    """A copy of some jets is put behind them."""
    rng = np.random.default_rng(seed)
    jets = table.length("Jet")
    doubled = rng.choice(jets, max(1, int(share * jets)), replace=False)
    repeats = np.ones(jets, np.int64)
    repeats[doubled] = 2
    owner = np.repeat(np.arange(len(table)), table.counts("Jet"))
    counts = np.bincount(np.repeat(owner, repeats), minlength=len(table))
    columns = {
        v.name: np.repeat(table.columns[v.name], repeats) if v.axis == "Jet" else table.columns[v.name]
        for v in table.schema.variables
    }
    offsets = {**table.offsets, "Jet": offsets_from_counts(counts)}
    return EventTable(table.schema, len(table), offsets, columns)


def renamed(table: EventTable, names: Mapping[str, str]) -> EventTable:
    """Columns under other names."""
    variables = tuple(replace(v, name=names.get(v.name, v.name)) for v in table.schema.variables)
    schema = replace(table.schema, variables=variables)
    return EventTable(
        schema, len(table), dict(table.offsets), {names.get(k, k): v for k, v in table.columns.items()}
    )
