"""Find the bent line that takes most of a column's spread away, if one takes much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.tree.parts import NO_KNOT, Line
from hepack.conditional.tree.solve import solve

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

_ROWS = 4096
_ROUNDS = 6
_TERMS = 8
_KNOTS = 8  # a column may bend at its quantiles between eighths
_LEAST_GAIN = 0.015  # bits a row for each term
_LEAST_SUM = 0.3
_FAR = 20.0  # mean deviations; what lies further out does not turn the line
_COARSE = 32.0  # slopes err by so small a part of the typical rest


@dataclass(frozen=True)
class _Terms:
    """Candidates, shape ``(term, row)``: ``values`` is ``(max(column, knot) - centre) / spread``."""

    values: Floats
    squares: Floats
    places: Int64s
    knots: Int64s
    centres: Floats
    spreads: Floats

    @classmethod
    def of(cls, columns: NDArray[np.int32]) -> _Terms:
        places, knots, bent = [], [], []
        for c, column in enumerate(columns.astype(np.int64)):
            ordered = np.sort(column)
            places.append(c)
            knots.append(NO_KNOT)
            bent.append(column)
            for knot in np.unique(ordered[np.arange(1, _KNOTS) * len(ordered) // _KNOTS]).tolist():
                if ordered[0] < knot < ordered[-1]:
                    places.append(c)
                    knots.append(knot)
                    bent.append(np.maximum(column, knot))
        x = np.stack(bent).astype(np.float64)
        centres = np.median(x, axis=1)
        spreads = np.maximum(np.abs(x - centres[:, None]).mean(axis=1), 1e-9)
        values = np.clip((x - centres[:, None]) / spreads[:, None], -_FAR, _FAR)
        return cls(values, values**2, np.array(places), np.array(knots), centres, spreads)


def fit_line(columns: NDArray[np.int32], targets: Int64s) -> Line:
    """A line over ``columns``, shape ``(column, row)``, if its rests take at least 0.3 bit less than the targets.

    Terms are added one by one, as in Friedman, Annals of Statistics 19 (1991) 1; Cauchy's weights keep a
    minority of rows of another kind from turning it.
    """
    step = max(1, -(-len(targets) // _ROWS))
    y = targets[::step].astype(np.float64)
    rest = y - float(np.median(y))
    if not len(columns) or float(np.median(np.abs(rest))) <= 2.0:
        return Line.none()
    terms = _Terms.of(columns[:, ::step])
    chosen: list[int] = []
    start = best = _length(rest)
    slopes = np.zeros(0)
    while len(chosen) < min(_TERMS, len(terms.places)):
        explained = _explained(terms, rest)
        explained[chosen] = 0.0
        candidate = [*chosen, int(np.argmax(explained))]
        found, left = _robust(terms.values[candidate], y)
        if _length(left) > best - _LEAST_GAIN:
            break
        chosen, slopes, rest, best = candidate, found, left, _length(left)
    if start - best < _LEAST_SUM:
        return Line.none()
    return _rounded(terms, np.array(chosen), slopes, np.abs(rest))


def _length(rest: Floats) -> float:
    """About the bits that a rest takes, with room for heavy tails."""
    return float(np.log2(1.0 + np.abs(rest)).mean())


def _weights(rest: Floats) -> Floats:
    scale = max(float(np.median(np.abs(rest))), 0.5)
    weights: Floats = 1.0 / (1.0 + (rest / scale) ** 2)
    return weights


def _explained(terms: _Terms, rest: Floats) -> Floats:
    """For each candidate, the part of the rest's weighted variance that it alone would take away."""
    w = _weights(rest)
    w /= w.sum()
    moved = w * (rest - (w * rest).sum())
    means = np.einsum("tr,r->t", terms.values, w)
    variances = np.einsum("tr,r->t", terms.squares, w) - means**2
    explained: Floats = np.einsum("tr,r->t", terms.values, moved) ** 2 / np.maximum(variances, 1e-6)
    return explained


def _robust(values: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Slopes (the constant last) and the rest."""
    design = np.concatenate([values, np.ones((1, values.shape[1]))])
    slopes = np.zeros(len(design))
    slopes[-1] = np.median(y)
    rest = y - slopes[-1]
    for _ in range(_ROUNDS):
        w = _weights(rest)
        matrix = np.einsum("ir,jr->ij", design * w, design) + 1e-6 * np.eye(len(design))
        slopes = solve(matrix[None], np.einsum("ir,r->i", design * w, y)[None])[0]
        rest = y - np.einsum("i,ir->r", slopes, design)
    return slopes, rest


def _rounded(terms: _Terms, chosen: Int64s, slopes: Floats, rest: Floats) -> Line:
    """The line in 65536ths, each slope as coarse as the rest allows."""
    spread, centre = terms.spreads[chosen], terms.centres[chosen]
    exact = slopes[:-1] / spread * 65536.0
    allowed = max(float(np.median(rest)), 0.5) / _COARSE / spread * 65536.0
    step = np.exp2(np.clip(np.floor(np.log2(np.maximum(allowed, 1.0))), 0.0, 30.0))
    rounded = np.rint(exact / step) * step
    offset = np.rint(slopes[-1] * 256.0 - (rounded * centre).sum() / 256.0) * 256.0
    if (np.abs(rounded) > 2.0**38).any() or abs(offset) > 2.0**62:
        return Line.none()
    kept = rounded != 0.0
    chosen = chosen[kept]
    return Line(terms.places[chosen], terms.knots[chosen], rounded[kept].astype(np.int64), int(offset))
