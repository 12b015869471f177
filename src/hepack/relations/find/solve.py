"""Which relations to use: one for each column at most, no circles, the largest gain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hepack.relations.relation import Relation


@dataclass(frozen=True)
class Edge:
    """A measured relation; ``gain`` in bits over the whole file, its own bytes paid."""

    relation: Relation
    gain: float


def choose(edges: Sequence[Edge]) -> dict[str, Edge]:
    """An acyclic set of large total gain: greedily first, then by letting each left-out edge push others out."""
    ordered = sorted((e for e in edges if e.gain > 0), key=lambda e: -e.gain)
    by_target: dict[str, list[Edge]] = defaultdict(list)
    for edge in ordered:
        by_target[edge.relation.target].append(edge)
    chosen: dict[str, Edge] = {}
    _fill(chosen, ordered)
    for _ in range(3):
        improved = False
        for edge in ordered:
            if chosen.get(edge.relation.target) is edge:
                continue
            trial = _forced(chosen, edge)
            if trial is None:
                continue
            lost = [name for name in chosen if name not in trial]
            _fill(trial, [other for name in lost for other in by_target[name]])
            if _total(trial) > _total(chosen) + 1e-6:
                chosen, improved = trial, True
        if not improved:
            break
    return chosen


def _total(chosen: Mapping[str, Edge]) -> float:
    return sum(edge.gain for edge in chosen.values())


def _fill(chosen: dict[str, Edge], ordered: Sequence[Edge]) -> None:
    for edge in ordered:
        target = edge.relation.target
        if target not in chosen and not _closes(chosen, edge.relation):
            chosen[target] = edge


def _forced(chosen: Mapping[str, Edge], edge: Edge) -> dict[str, Edge] | None:
    """The choice with ``edge`` in it, and without the cheapest edges that then stood in a circle."""
    trial = {name: other for name, other in chosen.items() if name != edge.relation.target}
    lost = chosen[edge.relation.target].gain if edge.relation.target in chosen else 0.0
    while True:
        circle = _circle(trial, edge.relation)
        if not circle:
            trial[edge.relation.target] = edge
            return trial
        cheapest = min(circle, key=lambda name: trial[name].gain)
        lost += trial[cheapest].gain
        if lost > 2 * edge.gain + 1:
            return None
        del trial[cheapest]


def _closes(chosen: Mapping[str, Edge], relation: Relation) -> bool:
    return bool(_circle(chosen, relation))


def _circle(chosen: Mapping[str, Edge], relation: Relation) -> list[str]:
    """Derived columns on a way from the relation's sources back to its target."""
    came: dict[str, str] = {}
    stack = list(relation.sources)
    seen = set(stack)
    while stack:
        name = stack.pop()
        if name not in chosen:
            continue
        for source in chosen[name].relation.sources:
            if source == relation.target:
                way = [name]
                while name in came:
                    name = came[name]
                    way.append(name)
                return way
            if source not in seen:
                seen.add(source)
                came[source] = name
                stack.append(source)
    return []


def in_order(relations: Sequence[Relation]) -> list[Relation]:
    """So that each comes after those that give its sources."""
    by_target = {relation.target: relation for relation in relations}
    done: dict[str, Relation] = {}

    def visit(relation: Relation) -> None:
        for source in relation.sources:
            if source in by_target and source not in done:
                visit(by_target[source])
        done.setdefault(relation.target, relation)

    for relation in relations:
        visit(relation)
    return list(done.values())
