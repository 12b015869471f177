"""`find_relations`: search, measure, choose."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.relations.centred import Centred
from hepack.relations.expression import Expression
from hepack.relations.find.chains import chains
from hepack.relations.find.guards import guarded
from hepack.relations.find.linear import products, sums
from hepack.relations.find.match import Index
from hepack.relations.find.pairs import Proposal, affine, nice, pairs
from hepack.relations.find.particles import identities, leading, particles_of, systems
from hepack.relations.find.sample import Sample, halve
from hepack.relations.find.solve import Edge, choose, in_order
from hepack.relations.find.squares import squares
from hepack.relations.find.structure import copies, lengths, reductions
from hepack.relations.find.tables import build, maps
from hepack.relations.relation import Relation
from hepack.table import EVENTS, EventTable

MOST_PROPOSALS = 64
MOST_MEASURED = 16
"""For one column: formulas kept, and those of them that are measured in bits."""

SOFT = 0.8
"""What a gain by fitted factors counts: a conditional coder finds part of it too, an exact formula's residual
tells it more."""

EVIDENCE = 24.0
"""Bits that a relation must gain on held-out rows, beyond the logarithm of how many were tried."""

WORTH_A_TRY = 0.9
"""A second choice has to save at least this part of what the first one does."""

FREE = 0.05
"""Bits per value that are next to nothing."""

WORTH = 2.0
SHARE = 0.4
"""Bits per value that a relation must gain, or part of its column's: less is left to conditional coders."""

SLIGHT = 0.2
"""The same through an index, which no conditional coder looks through."""


@dataclass(frozen=True)
class Found:
    """A relation worth using: bits per value without and with it (its own bytes not in them), and the map."""

    relation: Relation
    centred: Centred
    plain_bits: float
    bits: float


def find_relations(table: EventTable, *, rows: int, seed: int = 0) -> list[Found]:
    """The relations that make a table smaller, in coding order.

    Args:
        table: a block of events; its schema has the tolerances.
        rows: the events that the relations will be used for, against which their own bytes count.
        seed: for the choice of rows to look at.

    Returns:
        At most one relation for each column; the sources of each are plain columns or targets of earlier
        ones. Measured on events that the search did not see, with sources as a decoder has them.
    """
    return find_alternatives(table, rows=rows, seed=seed)[0]


def find_alternatives(table: EventTable, *, rows: int, seed: int = 0) -> list[list[Found]]:
    """`find_relations`, and perhaps a second choice of what is derived from what.

    Which of two bases is the cheaper one, px and py or pt and phi, is not known before conditional models
    have had their turn with it. So where deriving a column left something to be stored, the second
    choice keeps it as it is.
    """
    with np.errstate(all="ignore"):  # columns may hold anything; what comes of it is measured
        return _alternatives(table, rows, seed)


def _alternatives(table: EventTable, rows: int, seed: int) -> list[list[Found]]:
    halves = halve(table)
    if min(len(halves.fit), len(halves.test)) < 4:
        return [[]]
    rng = np.random.default_rng(seed)
    fit, test = Sample(halves.fit), Sample(halves.test)
    proposals = _proposals(fit, rng)
    search = _Search(fit, test, table, rows, sum(map(len, proposals.values())))
    edges = [edge for target, formulas in proposals.items() for edge in search.edges(target, formulas)]
    found = search.final(in_order([edge.relation for edge in choose(edges).values()]))
    costly = {each.relation.target for each in found if each.bits > FREE}
    others = [edge for edge in edges if edge.relation.target not in costly]
    if not costly or len(others) == len(edges):
        return [found]
    second = search.final(in_order([edge.relation for edge in choose(others).values()]))
    return [found, second] if _saved(second) > WORTH_A_TRY * _saved(found) else [found]


def _saved(found: list[Found]) -> float:
    return sum(each.plain_bits - each.bits for each in found)


def _proposals(sample: Sample, rng: np.random.Generator) -> dict[str, list[Expression]]:
    """Formulas to measure, by target, each once."""
    found: dict[str, dict[Expression, None]] = defaultdict(dict)
    for target, formula in _search(sample, rng):
        own = Relation(target, formula)
        sound = (target not in formula.sources or own.index) and (
            not sample.is_whole(target) or _for_whole(sample, formula)
        )
        if sound and len(found[target]) < MOST_PROPOSALS:
            found[target][formula] = None
    return {target: list(formulas) for target, formulas in found.items()}


def _for_whole(sample: Sample, formula: Expression) -> bool:
    """Whether a formula makes sense for whole numbers: from whole numbers, with whole factors."""
    if formula.kind in ("call", "product", "vector", "quotient"):
        return False
    if formula.kind == "linear" and not all(type(factor) is int for factor in formula.settings):
        return False
    return all(
        sample.is_whole(part) if isinstance(part, str) else _for_whole(sample, part)
        for part in formula.inputs
    )


def _search(sample: Sample, rng: np.random.Generator) -> Iterator[Proposal]:
    axes = [EVENTS, *(c.name for c in sample.schema.collections if c.layout != "text")]
    indices = {axis: Index(sample, axis, rng) for axis in axes if sample.table.length(axis) >= 8}
    yield from lengths(sample)
    yield from reductions(sample, indices)
    yield from copies(sample, indices)
    yield from chains(sample, indices)
    whole_events = particles_of(indices[EVENTS])[:4] if EVENTS in indices else []
    for axis, index in indices.items():
        own = particles_of(index)
        more = leading(sample, indices) if axis == EVENTS else whole_events
        yield from affine(index)
        yield from identities(index, own)
        yield from systems(index, own, more)
        yield from pairs(index)
        yield from sums(index, own)
        yield from products(index)
        yield from squares(index)
        yield from maps(sample, axis)


def soft(formula: Expression) -> bool:
    """Whether a formula has factors that somebody fitted."""
    fitted = formula.kind == "linear" and any(
        type(c) is float and c != nice(c) for c in formula.settings[:-1]
    )
    return fitted or any(soft(part) for part in formula.inputs if isinstance(part, Expression))


class _Search:
    """Measures proposals on the half of the sample that they were not found on."""

    def __init__(self, fit: Sample, test: Sample, whole: EventTable, rows: int, tried: int) -> None:
        self.fit, self.test, self.whole = fit, test, whole
        self.scale = max(rows, 1) / max(test.table.n_events, 1)
        self.evidence = EVIDENCE + float(np.log2(max(tried, 1)))

    def edges(self, target: str, formulas: list[Expression]) -> Iterator[Edge]:
        plain = self.test.cost(target).bits
        if plain < self.evidence:
            return
        for formula in self._best(target, formulas):
            for version in (formula, *guarded(self.fit, target, formula)):
                relation = Relation(target, version)
                gain = self.gain(relation, plain - self.test.measure(relation).bits)
                if gain > 0:
                    yield Edge(relation, gain * (SOFT if soft(version) else 1.0))

    def _best(self, target: str, formulas: list[Expression]) -> list[Expression]:
        """The formulas that come nearest, by the median error on the half they were found on."""
        if len(formulas) <= MOST_MEASURED:
            return formulas
        values = self.fit.values(target).astype(np.float64)
        errors: list[float] = []
        for formula in formulas:
            with np.errstate(all="ignore"):
                away = np.abs(Relation(target, formula).predict(self.fit.exact).astype(np.float64) - values)
            away[np.isnan(away)] = np.inf
            errors.append(float(np.mean(np.log2(away + 1e-9 * np.abs(values) + 1e-300))))
        order = np.argsort(errors, kind="stable")[:MOST_MEASURED]
        return [formulas[i] for i in sorted(order.tolist())]

    def gain(self, relation: Relation, bits: float) -> float:
        """Of the whole file, the relation's own bytes paid; 0 where the evidence is thin."""
        entries = self.test.table.length(self.test.variables[relation.target].axis)
        plain = self.test.cost(relation.target).bits
        through = relation.formula.kind == "gather" or relation.index
        least = (SLIGHT if through else WORTH) * entries
        if bits < self.evidence or bits < min(least, SHARE * plain):
            return 0.0
        return bits * self.scale - 8 * json_bytes(relation)

    def final(self, relations: list[Relation]) -> list[Found]:
        """Measure again in coding order, with sources that came through their own relations."""
        restored: dict[str, NDArray[Any]] = {}
        view = self.test.decoder(restored)
        found = []
        for relation in relations:
            name = relation.target
            plain = self.test.cost(name).bits
            measured = self.test.measure(relation, view)
            if self.gain(relation, plain - measured.bits) <= 0:
                continue
            entries = max(self.test.table.length(self.test.variables[name].axis), 1)
            restored[name] = measured.restored
            relation = self._rebuilt(relation)
            found.append(Found(relation, measured.centred, plain / entries, measured.bits / entries))
        return found

    def _rebuilt(self, relation: Relation) -> Relation:
        """A table gets the entries of all rows."""
        if relation.kind != "table":
            return relation
        return Relation(relation.target, build(Sample(self.whole), relation.target, relation.sources))


def json_bytes(relation: Relation) -> int:
    """About what the relation costs in a file."""
    return len(zlib.compress(json.dumps(relation.to_json(), separators=(",", ":")).encode()))
