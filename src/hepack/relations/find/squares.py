"""Quadratic sums, such as ``E**2 = px**2 + py**2 + pz**2 + m**2``, without a look at names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hepack.relations.find.match import Index
from hepack.relations.find.pairs import Proposal, call, groups, linear

MOST_ROWS = 1000
RIDGE = 1e-10
"""Keeps the solution small where one square is a sum of others, as pt**2 is beside px**2 and py**2."""

EXACT = 1e-9
"""The mean square of what is left, relative to the square of the largest term."""


def squares(index: Index) -> Iterator[Proposal]:
    """Columns whose square is a sum of squares of two to five others, with signs, perhaps with a constant."""
    for members in groups(index.names):
        names = [index.names[i] for i in members if _continuous(index.matrix[i])]
        if len(names) < 3:
            continue
        matrix = np.array([index.columns[name][:MOST_ROWS] for name in names])
        matrix = matrix[:, np.isfinite(matrix).all(axis=0)] ** 2
        for number, target in enumerate(names):
            terms = _terms(matrix, number)
            if terms:
                yield from _forms(target, [(names[i], sign) for i, sign in terms])


def _continuous(row: NDArray[np.float64]) -> bool:
    return len(set(row.tolist())) > len(row) // 2


def _terms(matrix: NDArray[np.float64], target: int) -> list[tuple[int, int]]:
    """The others and their signs, by leaving out one after the other while the rest stays exact."""
    scale = np.where(matrix[target] > 0, matrix[target], np.nan)
    with np.errstate(all="ignore"):
        relative = matrix / scale
    relative = relative[:, np.isfinite(relative).all(axis=0) & (relative.max(axis=0) < 1e6)]
    rows = relative.shape[1]
    if not rows:
        return []
    kept = [i for i in range(len(matrix)) if i != target and float(np.median(relative[i])) < 4]
    if rows < 2 * len(kept) + 12 or len(kept) < 2:
        return []
    length = np.sqrt((relative**2).mean(axis=1))
    kept = [i for i in kept if length[i] > 0]
    length[length == 0] = 1.0
    gram = relative @ relative.T / (rows * np.outer(length, length))
    sums = relative.mean(axis=1) / length
    while True:
        inside = gram[np.ix_(kept, kept)] + RIDGE * np.eye(len(kept))
        inverse = np.linalg.inv(inside)
        scaled = inverse @ sums[kept]
        weights = scaled / length[kept]
        if len(kept) <= 5 and np.max(np.abs(np.abs(weights) - 1)) < 0.01:
            error = np.mean((weights @ relative[kept] - 1) ** 2)
            return [(i, int(np.sign(w))) for i, w in zip(kept, weights, strict=True)] if error < EXACT else []
        if len(kept) <= 2 or np.mean((weights @ relative[kept] - 1) ** 2) > 100 * EXACT:
            return []
        kept.pop(int(np.argmin(scaled**2 / np.diag(inverse))))


def _forms(target: str, terms: list[tuple[str, int]]) -> Iterator[Proposal]:
    """The sum solved for each of its columns."""
    whole = [(target, -1), *terms]
    for name, sign in whole:
        rest = [(other, -sign * s) for other, s in whole if other != name]
        formula = linear([call("square", other) for other, _ in rest], [*(s for _, s in rest), 0])
        yield name, call("root", formula)
