"""Sums: columns that are a combination of others with a few small coefficients, exactly or nearly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.relations.expression import Expression
from hepack.relations.find.match import Index
from hepack.relations.find.pairs import Proposal, groups, linear, nice, product
from hepack.relations.find.particles import Particle
from hepack.relations.kinds import route

MOST_ROWS = 3000
MOST_TERMS = 16
WORTH = 1.5
"""Bits that a sum must gain over the spread of its column."""

EACH = 0.15
"""Bits that each of its terms must be worth."""


def sums(index: Index, particles: list[Particle]) -> Iterator[Proposal]:
    """Combinations among the columns of an axis, with momenta and energies of its particles among the terms."""
    for members in groups(index.names):
        names = [index.names[i] for i in members]
        extra = _extra(index, [p for p in particles if set(p.given.values()) & set(names)])
        yield from _Gram(index, names, extra).proposals()


def products(index: Index) -> Iterator[Proposal]:
    """Products and ratios, with a constant: sums of logarithms with exponents that are whole and small."""
    for members in groups(index.names):
        positive = [index.names[i] for i in members if _positive(index.columns[index.names[i]])]
        if len(positive) < 3:
            continue
        logs: list[Expression | str] = [Expression("call", (name,), ("log",)) for name in positive]
        gram = _Gram(index, positive, logs, plain=False)
        for target, exponents, constant in gram.powers():
            terms = [(name, e) for name, e in exponents.items()]
            yield target, product(*terms, factor=nice(float(np.exp(constant))))


def _positive(values: NDArray[np.float64]) -> bool:
    with np.errstate(invalid="ignore"):
        return bool((values > 0).mean() > 0.95 and not (values == np.rint(values)).all())


def _extra(index: Index, particles: list[Particle]) -> list[Expression]:
    """Momentum and energy of particles that have no such column, also less a stored fraction of them."""
    found: list[Expression] = []
    for particle in particles[:4]:
        known = frozenset(particle.given)
        inside: list[Expression] = []
        for wanted in ("E", "p"):
            if wanted in known:
                continue
            for roles in (("pt", "eta", "m"), ("px", "py", "pz", "m"), ("pt", "eta"), ("px", "py", "pz")):
                if known.issuperset(roles) and route(frozenset(roles), frozenset({wanted})) is not None:
                    given = tuple(particle.given[r] for r in roles)
                    inside.append(Expression("vector", given, (wanted, (1, roles, "", 0))))
                    break
        found += inside
        for name in index.names:
            small = np.abs(index.matrix[index.names.index(name)])
            if inside and name.lower().endswith(("factor", "fraction", "frac", "corr")) and small.max() < 2:
                found.append(product((inside[0], 1), (linear([name], [-1, 1]), 1)))
    return found


class _Gram:
    """Products of all pairs of centred columns, on rows without missing or repeated values."""

    def __init__(
        self, index: Index, names: list[str], extra: Sequence[Expression | str], *, plain: bool = True
    ) -> None:
        self.names = names
        self.terms: list[Expression | str] = [*names, *extra] if plain else list(extra)
        with np.errstate(all="ignore"):
            columns = [
                index.columns[term] if isinstance(term, str) else index.evaluate(term) for term in self.terms
            ]
        matrix = np.array(columns).reshape(len(self.terms), -1)
        keep = np.isfinite(matrix).all(axis=0)
        matrix = matrix[:, keep][:, :MOST_ROWS]
        self.rows = matrix.shape[1]
        self.mean = matrix.mean(axis=1) if self.rows else np.zeros(len(matrix))
        centred = matrix - self.mean[:, None]
        self.scale = np.sqrt((centred**2).mean(axis=1)) if self.rows else np.ones(len(matrix))
        self.scale[~(self.scale > 0)] = np.inf
        self.scaled = centred / self.scale[:, None]
        self.gram = self.scaled @ self.scaled.T / max(self.rows, 1)

    def proposals(self) -> Iterator[Proposal]:
        """For each column the smallest combination that is as good as that of all the others."""
        usable = self._usable()
        for y in usable:
            if y < len(self.names):
                others = [i for i in usable if i != y and y not in self._reads(i)]
                kept = self._column(y, others)
                if kept:
                    yield from self._rounded(y, kept)

    def powers(self) -> Iterator[tuple[str, dict[str, int], float]]:
        """For logarithms: target, exponents, and the logarithm of the constant."""
        usable = self._usable()
        for y in usable:
            kept = self._column(y, [i for i in usable if i != y])
            weights = self._solve(y, kept) * self.scale[y] / self.scale[kept] if kept else []
            whole = [round(float(w)) for w in weights]
            if (
                kept
                and all(1 <= abs(w) <= 2 for w in whole)
                and np.max(np.abs(weights - np.array(whole))) < 0.05
            ):
                raw = self._raw([y, *kept])
                rest = raw[0] - np.array(whole, np.float64) @ raw[1:]
                yield (
                    self.names[y],
                    {self.names[i]: w for i, w in zip(kept, whole, strict=True)},
                    float(np.median(rest)),
                )

    def _usable(self) -> list[int]:
        usable = [i for i in range(len(self.terms)) if np.isfinite(self.scale[i])]
        return usable if self.rows >= 2 * len(usable) + 12 and len(usable) >= 3 else []

    def _raw(self, terms: list[int]) -> NDArray[np.float64]:
        return np.asarray(self.scaled[terms] * self.scale[terms][:, None] + self.mean[terms][:, None])

    def _reads(self, term: int) -> list[int]:
        part = self.terms[term]
        if isinstance(part, str):
            return []
        return [self.names.index(name) for name in part.sources if name in self.names]

    def _column(self, y: int, others: list[int]) -> list[int]:
        """The terms of the smallest combination; none where there is no good one."""
        error = self._error(y, others)
        if error > 4.0**-WORTH:
            return []
        kept = list(others)
        while len(kept) > 1:
            best, drop = self._without_one(y, kept)
            allowed = 4.0**EACH if error > 1e-11 else 64.0
            if best > max(error * allowed, 1e-14) and len(kept) <= MOST_TERMS:
                break
            if best > 4.0**-WORTH:
                break
            error = max(best, 1e-14)
            kept.remove(drop)
        return kept if 2 <= len(kept) <= MOST_TERMS else []

    def _error(self, y: int, kept: list[int]) -> float:
        weights = self._solve(y, kept)
        return float(((self.scaled[y] - weights @ self.scaled[kept]) ** 2).mean())

    def _solve(self, y: int, kept: list[int]) -> NDArray[np.float64]:
        inside = self.gram[np.ix_(kept, kept)] + 1e-12 * np.eye(len(kept))
        return np.asarray(np.linalg.solve(inside, self.gram[kept, y]))

    def _without_one(self, y: int, kept: list[int]) -> tuple[float, int]:
        """The least error after leaving out one term, and that term."""
        inside = self.gram[np.ix_(kept, kept)] + 1e-12 * np.eye(len(kept))
        inverse = np.linalg.inv(inside)
        weights = inverse @ self.gram[kept, y]
        harm = weights**2 / np.diag(inverse)
        drop = kept[int(np.argmin(harm))]
        rest = [i for i in kept if i != drop]
        return self._error(y, rest), drop

    def _rounded(self, y: int, kept: list[int]) -> Iterator[Proposal]:
        weights = self._solve(y, kept) * self.scale[y] / self.scale[kept]
        whole = [_near(weight) for weight in weights.tolist()]
        choices: list[list[Any]] = [whole, [nice(w) for w in weights.tolist()]]
        for factors in choices if all(whole) else choices[1:]:
            raw = self._raw([y, *kept])
            rest = raw[0] - np.array(factors, np.float64) @ raw[1:]
            middle = float(np.median(rest))
            if abs(middle) < 1e-5 * self.scale[y] or abs(middle) < 0.02 * float(np.std(rest)):
                middle = 0
            yield (
                self.names[y],
                linear([self.terms[i] for i in kept], [*factors, nice(middle) if middle else 0]),
            )


def _near(weight: float) -> int:
    """A small whole number that the weight may stand for; 0 where it stands for none."""
    whole = round(weight)
    return whole if abs(weight - whole) < 0.1 and abs(whole) <= 8 else 0
