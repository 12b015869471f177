"""Constant matrix products as shift-and-add graphs with shared pairs.

Weights become canonical signed digits; the pair of terms that occurs most often is computed once
and used again, until no pair occurs twice (Hartley, IEEE TCAS-II 43 (1996) 677; as in da4ml,
arXiv:2507.04535).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass

Term = tuple[int, int, int]
"""(node, shift, sign): ``sign * (node << shift)``."""
Key = tuple[int, int, int, int]
MAX_GAP = 3
"""Only nodes of about the same depth are paired, so that sharing does not lengthen the longest path."""


@dataclass(frozen=True)
class Pair:
    """A shared sum, ``(first << shift) + sign (second << more)``; nodes number inputs, then pairs."""

    first: int
    second: int
    shift: int
    more: int
    sign: int


def signed_digits(weights: list[int]) -> list[Term]:
    """The canonical signed digits of a row of weights: no two neighbouring digits are set."""
    terms = []
    for node, weight in enumerate(weights):
        rest, shift = weight, 0
        while rest:
            if rest & 1:
                digit = 2 - (rest & 3)
                terms.append((node, shift, digit))
                rest -= digit
            rest >>= 1
            shift += 1
    return terms


def share_pairs(rows: list[list[Term]], inputs: int, depth: list[int]) -> tuple[list[Pair], list[list[Term]]]:
    """Shared pairs in order, and the rows that remain, which refer to inputs and pairs."""
    search = _Search(rows, depth)
    pairs: list[Pair] = []
    while (key := search.best()) is not None:
        pairs.append(search.replace(key, inputs + len(pairs)))
    return pairs, [sorted(row) for row in search.rows]


class _Search:
    """Counts of all pairs in all rows, kept up to date; a heap with stale entries finds the most frequent."""

    def __init__(self, rows: list[list[Term]], depth: list[int]) -> None:
        self.rows = [set(row) for row in rows]
        self.depth = list(depth)
        self.where: dict[Key, dict[int, int]] = defaultdict(dict)
        self.total: dict[Key, int] = defaultdict(int)
        for number, row in enumerate(self.rows):
            terms = sorted(row)
            for i, term in enumerate(terms):
                for other in terms[i + 1 :]:
                    self._count(number, term, other, 1)
        self.heap = [(-n, key) for key, n in self.total.items() if n > 1]
        heapq.heapify(self.heap)

    def best(self) -> Key | None:
        """The pair that occurs most often; None when none occurs twice."""
        while self.heap:
            count, key = heapq.heappop(self.heap)
            now = self.total[key]
            if now == -count and now > 1:
                return key
            if 1 < now < -count:
                heapq.heappush(self.heap, (-now, key))
        return None

    def replace(self, key: Key, made: int) -> Pair:
        """Put the new node in the place of every occurrence."""
        first, second, gap, sign = key
        shift, more = max(0, -gap), max(0, gap)
        self.depth.append(max(self.depth[first], self.depth[second]) + 1)
        assert len(self.depth) == made + 1
        for number in [n for n, count in self.where[key].items() if count > 0]:
            row = self.rows[number]
            for term in sorted(row):
                other = (second, term[1] + gap, term[2] * sign)
                if term[0] != first or term not in row or other not in row or term == other:
                    continue
                self._take(number, term)
                self._take(number, other)
                self._put(number, (made, term[1] - shift, term[2]))
        return Pair(first, second, shift, more, sign)

    def _take(self, number: int, term: Term) -> None:
        self.rows[number].remove(term)
        for other in self.rows[number]:
            self._count(number, term, other, -1)

    def _put(self, number: int, term: Term) -> None:
        for other in self.rows[number]:
            self._count(number, term, other, 1)
        self.rows[number].add(term)

    def _count(self, number: int, term: Term, other: Term, change: int) -> None:
        a, b = (term, other) if term < other else (other, term)
        if abs(self.depth[a[0]] - self.depth[b[0]]) > MAX_GAP:
            return
        key = (a[0], b[0], b[1] - a[1], a[2] * b[2])
        here = self.where[key]
        here[number] = here.get(number, 0) + change
        self.total[key] += change
        if change > 0 and self.total[key] > 1 and hasattr(self, "heap"):
            heapq.heappush(self.heap, (-self.total[key], key))
