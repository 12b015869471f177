"""Columns about the object that each belongs to in the same collection: particles about their mothers.

A copy keeps close to its mother; the last of the products of a decay is what the others leave of the mother's
momentum. Which columns are angles and momenta, names suggest; the data decide.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepack.relations.expression import Expression
from hepack.relations.families import Families
from hepack.relations.find.match import Index
from hepack.relations.find.pairs import Proposal, call, linear, one, vector
from hepack.relations.find.particles import Particle, particles_of
from hepack.relations.find.sample import Sample
from hepack.table import EVENTS

LEAST_POINTING = 0.2
"""The part of an index that must point at an object before its own."""


def chains(sample: Sample, indices: dict[str, Index]) -> Iterator[Proposal]:
    """Formulas that read their own target through an index of mothers."""
    for axis, index in indices.items():
        if axis == EVENTS:
            continue
        for pointer in _pointers(sample, axis):
            for name in index.names:
                if sample.variables[name].dtype.kind == "f":
                    yield name, Expression("gather", (name, pointer))
            for particle in particles_of(index):
                yield from _rests(particle, pointer)


def _pointers(sample: Sample, axis: str) -> Iterator[str]:
    """Integer columns that hold the place of an object before their own, or nothing."""
    for name, variable in sample.variables.items():
        if variable.axis != axis or variable.dtype.kind not in "iu":
            continue
        values = sample.values(name)
        if not len(values) or int(values.min()) < -(1 << 16):
            continue
        families = Families(values, axis, sample.exact)
        pointing = families.mother >= 0
        if pointing.mean() > LEAST_POINTING and (pointing | (values < 0)).mean() > 0.98:
            yield name


def _rests(particle: Particle, pointer: str) -> Iterator[Proposal]:
    """What elder siblings leave of the mother's momentum, for columns of pt, phi and eta."""
    known = {role: name for role, name in particle.given.items() if isinstance(name, str)}

    def rest(part: Expression | str) -> Expression:
        return linear(
            [Expression("gather", (part, pointer)), Expression("elder", (part, pointer))], [1, -1, 0]
        )

    pt = known.get("pt")
    if pt is not None:
        yield pt, call("absdiff", Expression("gather", (pt, pointer)), Expression("elder", (pt, pointer)))
    for roles in (("pt", "phi"), ("pt", "phi", "eta")):
        if not all(role in known for role in roles):
            return
        given: dict[str, Expression | str] = {role: known[role] for role in roles}
        parts = {role: rest(one(role, **given)) for role in ("px", "py", "pz")[: len(roles)]}
        for wanted in ("pt", "phi") if len(roles) == 2 else ("eta",):
            yield known[wanted], vector(wanted, (1, dict(parts), "", 0))
