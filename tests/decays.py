"""Small lists of particles that decay in two, with the place of each one's mother, as generators write them."""

from __future__ import annotations

import math

import numpy as np

from hepack.table import Collection, EventTable, Schema, Tolerance, Variable, offsets_from_counts

LOSSY = {"pt": "1e-3rel", "eta": "1e-3", "phi": "1e-3", "mass": "1e-3rel"}


def decays(n: int, seed: int = 0, *, lossy: bool = True) -> EventTable:
    """``n`` events: a pair of equal pt back to back, each copied with a little recoil, and two rounds of decays."""
    rng = np.random.default_rng(seed)
    momenta, pdg, mothers, counts = [], [], [], []
    for _ in range(n):
        found = _event(rng)
        counts.append(len(found))
        momenta += [p for p, _, _ in found]
        pdg += [name for _, name, _ in found]
        mothers += [mother for _, _, mother in found]
    px, py, pz, mass = np.array(momenta).reshape(-1, 4).T
    pt = np.hypot(px, py)
    columns = {
        "pt": pt.astype("f4"),
        "eta": np.arcsinh(pz / pt).astype("f4"),
        "phi": np.arctan2(py, px).astype("f4"),
        "mass": mass.astype("f4"),
        "pdgId": np.array(pdg, np.int32),
        "mother": np.array(mothers, np.int16),
    }
    variables = []
    for name, values in columns.items():
        bound = Tolerance.parse(LOSSY.get(name, "lossless") if lossy else "lossless")
        period = 2 * math.pi if name == "phi" else None
        kind = "angle" if period else "continuous" if values.dtype.kind == "f" else "integer"
        variables.append(
            Variable(
                name=f"GenPart_{name}",
                dtype=values.dtype,
                axis="GenPart",
                kind=kind,
                period=period,
                tolerance=bound,
            )
        )
    schema = Schema("Events", tuple(variables), (Collection(name="GenPart"),))
    filled = {f"GenPart_{name}": values for name, values in columns.items()}
    return EventTable(schema, n, {"GenPart": offsets_from_counts(np.array(counts))}, filled)


Particle = tuple[tuple[float, float, float, float], int, int]


def _event(rng: np.random.Generator) -> list[Particle]:
    pt, phi = rng.exponential(80) + 20, rng.uniform(-math.pi, math.pi)
    found: list[Particle] = []
    for sign in (1, -1):
        px, py = sign * pt * math.cos(phi), sign * pt * math.sin(phi)
        found.append(((px, py, pt * math.sinh(rng.normal(0, 1.5)), rng.normal(172, 2)), sign * 6, -1))
    for i in range(2):
        (px, py, pz, mass), name, _ = found[i]
        found.append(((px + rng.normal(0, 5), py + rng.normal(0, 5), pz * 1.02, mass), name, i))
    for i in range(2, 4):
        _decay(found, i, (rng.normal(80.4, 1), 4.8), (24, 5), rng)
    for i in (4, 6):
        _decay(found, i, (0.33, 0.33), (2, -1), rng)
    return found


def _decay(
    found: list[Particle], mother: int, masses: tuple[float, float], names: tuple[int, int], rng: np.random.Generator
) -> None:  # fmt: skip
    """Two products, isotropic where the mother rests."""
    (*three, mass), name, _ = found[mother]
    a, b = masses
    size = math.sqrt(max(0.0, (mass**2 - (a + b) ** 2) * (mass**2 - (a - b) ** 2))) / (2 * mass)
    z, angle = rng.uniform(-1, 1), rng.uniform(-math.pi, math.pi)
    away = size * np.array(
        [math.sqrt(1 - z * z) * math.cos(angle), math.sqrt(1 - z * z) * math.sin(angle), z]
    )
    momentum = np.array(three)
    energy = math.sqrt(momentum @ momentum + mass**2)
    for sign, own, pdg in ((1, a, names[0]), (-1, b, names[1])):
        rest = math.sqrt(size**2 + own**2)
        along = momentum @ (sign * away)
        boosted = sign * away + momentum * ((along / (energy + mass) + rest) / mass)
        found.append(((*boosted.tolist(), own), pdg if name > 0 else -pdg, mother))
