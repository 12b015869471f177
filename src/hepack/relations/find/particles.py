"""Four-vectors: which columns may belong to one particle, and what can be said of it and of pairs of them.

Names only suggest what to try: every formula is then compared with the data.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hepack.relations.expression import Expression
from hepack.relations.find.match import SHARE, Index
from hepack.relations.find.pairs import Proposal, call, linear, one, product, vector
from hepack.relations.find.sample import Sample
from hepack.relations.kinds import route
from hepack.table import EVENTS

WORDS = {
    "px": "px", "py": "py", "pz": "pz", "x": "px", "y": "py", "z": "pz", "e": "E", "energy": "E", "en": "E",
    "pt": "pt", "phi": "phi", "eta": "eta", "theta": "theta", "p": "p", "mom": "p", "m": "m", "mass": "m",
    "rapidity": "y", "mt": "mt", "et": "et", "rap": "y",
}  # fmt: skip
MASSES = (0.0, 0.00051099895, 0.1056583745, 0.13957039, 0.13497, 0.493677, 0.93827208)
"""Massless, then electron, muon, pions, kaon, proton, in GeV; also tried in MeV."""

MOST_PARTICLES = 12


@dataclass(frozen=True)
class Particle:
    """Columns, or formulas, by role. ``name`` is what their names have in common.

    Objects of one collection are a ``family``.
    """

    name: str
    given: dict[str, Expression | str]
    family: str = ""

    def with_mass(self) -> Iterator[tuple[dict[str, Expression | str], str, float]]:
        """Inputs of smallest number that fix the four-vector, with a fixed mass where none is known."""
        space = [("px", "py", "pz"), ("pt", "phi", "eta"), ("pt", "phi", "pz"), ("p", "phi", "theta")]
        for roles in space:
            if all(role in self.given for role in roles):
                base = {role: self.given[role] for role in roles}
                for energy in ("E", "m"):
                    if energy in self.given:
                        yield {**base, energy: self.given[energy]}, "", 0
                if not {"E", "m"} & set(self.given):
                    yield base, "m", 0
                return

    def transverse(self) -> dict[str, Expression | str] | None:
        """Inputs for px and py."""
        for roles in (("px", "py"), ("pt", "phi")):
            if all(role in self.given for role in roles):
                return {role: self.given[role] for role in roles}
        return None

    def polar(self) -> tuple[Expression | str, Expression | str] | None:
        """pt and phi, made from components where there is no such column."""
        inputs = self.transverse()
        if inputs is None:
            return None
        return tuple(  # type: ignore[return-value]
            self.given.get(role) or one(role, **inputs) for role in ("pt", "phi")
        )


def split_name(name: str) -> tuple[str, str] | None:
    """What a name says besides its role, and the role: ``Jet_pt`` is ("Jet_", "pt"), ``px1`` is ("1", "px")."""
    for match in reversed(list(re.finditer(r"[A-Za-z]+?(?=[A-Z][a-z]|[^A-Za-z]|$)|[A-Z][a-z]+", name))):
        word = match[0].lower()
        if word in WORDS and len(name) > 0:
            return name[: match.start()] + name[match.end() :], WORDS[word]
    for ending in sorted(WORDS, key=len, reverse=True):
        if len(ending) > 1 and name.lower().endswith(ending):
            return name[: -len(ending)], WORDS[ending]
    return None


def particles_of(index: Index) -> list[Particle]:
    """The groups of columns on an axis that may be one particle each."""
    found: dict[str, dict[str, Expression | str]] = {}
    for name in index.names:
        parts = split_name(name)
        if parts is not None:
            found.setdefault(parts[0], {}).setdefault(parts[1], name)
    for common, given in found.items():
        bare = common.strip("_.")
        if "phi" in given and "pt" not in given and bare in index.columns:
            given["pt"] = bare  # MET beside MET_phi
    return [Particle(name, given) for name, given in found.items() if len(given) >= 2]


def leading(sample: Sample, indices: dict[str, Index]) -> list[Particle]:
    """On the event axis: the first two objects of each collection, and the sum of all."""
    found = []
    for axis, index in indices.items():
        if axis == EVENTS or sample.schema.collection_by_name[axis].parent != EVENTS:
            continue
        for particle in particles_of(index)[:2]:
            inputs = particle.transverse()
            if inputs is None:
                continue
            for k in range(2):
                nth = {r: Expression("reduce", (c,), ("nth", k)) for r, c in particle.given.items()}
                found.append(Particle(f"{particle.name}{k}", nth, axis))  # type: ignore[arg-type]
            whole = {role: Expression("reduce", (one(role, **inputs),), ("sum",)) for role in ("px", "py")}
            found.append(Particle(f"sum of {particle.name}", whole, axis))  # type: ignore[arg-type]
    return found


def identities(index: Index, particles: list[Particle]) -> Iterator[Proposal]:
    """For each role of a particle the formulas from as few others as will do."""
    for particle in particles:
        known = {role: name for role, name in particle.given.items() if isinstance(name, str)}
        for wanted, target in known.items():
            others = [role for role in known if role != wanted]
            enough: list[frozenset[str]] = []
            for size in (2, 3, 4):
                for roles in map(frozenset, itertools.combinations(others, size)):
                    if any(small <= roles for small in enough):
                        continue
                    if route(roles, frozenset({wanted})) is not None:
                        enough.append(roles)
                        yield target, one(wanted, **{r: known[r] for r in others if r in roles})
                    elif wanted in ("E", "m", "mt", "y", "et") and "m" not in roles | {wanted}:
                        yield from _fixed_mass(index, target, wanted, {r: known[r] for r in sorted(roles)})


def _fixed_mass(index: Index, target: str, wanted: str, given: dict[str, str]) -> Iterator[Proposal]:
    """With a constant mass: one that particles have, or the one that the data say."""
    inputs: dict[str, Expression | str] = dict(given)
    if route(frozenset({*given, "m"}), frozenset({wanted})) is None:
        return
    masses = [m * unit for m in MASSES for unit in (1.0, 1000.0)]
    if wanted == "E" and route(frozenset(given), frozenset({"p"})) is not None:
        momentum = index.evaluate(one("p", **inputs))
        square = index.columns[target] ** 2 - momentum**2
        best = square[np.isfinite(square)]
        if len(best):
            low = best[np.argsort(momentum[np.isfinite(square)])[: max(len(best) // 4, 1)]]
            masses.append(float(np.sqrt(max(np.median(low), 0.0))))
    formulas = [vector(wanted, (1, inputs, "m", mass)) for mass in dict.fromkeys(masses)]
    number = index.names.index(target)
    errors: dict[int, float] = {}
    with np.errstate(invalid="ignore"):
        away = np.abs(index.few(formulas) - index.matrix[number])
        for i in np.flatnonzero((away <= index.slack[number]).mean(axis=1) >= SHARE).tolist():
            errors[i] = float(np.nanmedian(away[i]))
    for i in sorted(errors, key=errors.__getitem__)[:2]:
        yield target, formulas[i]


def systems(index: Index, own: list[Particle], others: list[Particle]) -> Iterator[Proposal]:
    """Sums of two particles and angles between them; sums of more of those that lie on this axis."""
    formulas: list[Expression] = []
    particles = own[:MOST_PARTICLES]
    for first, second in itertools.combinations([*particles, *others[: 4 * MOST_PARTICLES]], 2):
        if first in particles or first.family == second.family:
            formulas += _of_two(first, second)
    for size in range(3, 7 if len(particles) <= 6 else 4):
        for several in itertools.combinations(particles, size):
            formulas += _sums(several)
    formulas += _centralities(particles)
    fitting = [formula for formula in formulas if index.fits(formula)]
    if not fitting:
        return
    for candidate, column in index.matches(index.few(fitting)):
        if index.names[column] not in fitting[candidate].sources:
            yield index.names[column], fitting[candidate]


def _of_two(first: Particle, second: Particle) -> Iterator[Expression]:
    yield from _sums((first, second))
    one_, two = first.polar(), second.polar()
    if one_ and two:
        yield call("mt", one_[0], one_[1], two[0], two[1])
        yield call("absdphi", one_[1], two[1])
        yield linear([one_[0], two[0]], [1, 1, 0])
        yield product((one_[0], 1), (two[0], -1))
        yield product((two[0], 1), (one_[0], -1))
        if "eta" in first.given and "eta" in second.given:
            a, b = first.given["eta"], second.given["eta"]
            yield call("dr", a, one_[1], b, two[1])
            yield call("absdiff", a, b)
            yield product((a, 1), (b, 1))


def _sums(particles: tuple[Particle, ...]) -> Iterator[Expression]:
    flat = [p.transverse() for p in particles]
    if all(flat):
        parts = [(1, inputs, "", 0.0) for inputs in flat if inputs]
        yield vector("pt", *parts)
        yield vector("phi", *parts)
        yield vector("phi", *((-1, *part[1:]) for part in parts))
    whole = [next(p.with_mass(), None) for p in particles]
    if all(whole):
        full = [(1, *w) for w in whole if w]
        for wanted in ("m", "eta", "y", "E", "pz", "p"):
            yield vector(wanted, *full)
        if any(role for _, _, role, _ in full):
            for mass in MASSES[1:]:
                yield vector("m", *((s, g, r, mass if r else v) for s, g, r, v in full))


def _centralities(particles: list[Particle]) -> Iterator[Expression]:
    for a, b, c in itertools.permutations(particles[:6], 3):
        if b.name < c.name and all("eta" in p.given for p in (a, b, c)):
            yield call("etacent", a.given["eta"], b.given["eta"], c.given["eta"])
        if all("phi" in p.given for p in (a, b, c)):
            yield call("phicent", a.given["phi"], b.given["phi"], c.given["phi"])
