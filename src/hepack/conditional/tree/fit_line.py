"""Find bent lines that take much of a column's spread away."""

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


def candidate_lines(columns: NDArray[np.int32], targets: Int64s) -> list[Line]:
    """No line, and lines over ``columns``, shape ``(column, row)``, with much smaller rests, if there are any.

    Terms are added one by one, as in Friedman, Annals of Statistics 19 (1991) 1, once towards the densest rests
    (Cauchy's weights; one of its stages as well), once towards small ones on average.
    """
    step = max(1, -(-len(targets) // _ROWS))
    y = targets[::step].astype(np.float64)
    typical = float(np.median(np.abs(y - float(np.median(y)))))
    if not len(columns) or typical <= 2.0:
        return [Line.none()]
    terms = _Terms.of(columns[:, ::step])
    lines = [Line.none()]
    for dense in (True, False):
        for line in _grown(terms, y, dense):
            if not any(line.equals(other) for other in lines):
                lines.append(line)
    return lines


def _grown(terms: _Terms, y: Floats, dense: bool) -> list[Line]:
    """The line after all terms, and the one of the first term, if they gain enough."""
    rest = y - float(np.median(y))
    chosen: list[int] = []
    start = best = _length(rest, dense)
    lines: list[Line] = []
    last = Line.none()
    while len(chosen) < min(_TERMS, len(terms.places)):
        explained = _explained(terms, rest, dense)
        explained[chosen] = 0.0
        candidate = [*chosen, int(np.argmax(explained))]
        slopes, left = _robust(terms.values[candidate], y, dense)
        if _length(left, dense) > best - _LEAST_GAIN:
            break
        chosen, rest, best = candidate, left, _length(left, dense)
        last = _rounded(terms, np.array(chosen), slopes, np.abs(rest))
        if len(chosen) == 1 and start - best >= _LEAST_SUM:
            lines.append(last)
    return [last, *lines] if start - best >= _LEAST_SUM else []


def _length(rest: Floats, dense: bool) -> float:
    """About the bits that a rest takes, up to a constant."""
    size = np.abs(rest)
    return float(np.log2(1.0 + size).mean()) if dense else float(np.log2(0.5 + size.mean()))


def _weights(rest: Floats, dense: bool) -> Floats:
    size = np.abs(rest)
    scale = max(float(np.median(size)), 0.5)
    weights: Floats = 1.0 / (1.0 + (size / scale) ** 2) if dense else 1.0 / np.maximum(size, scale)
    return weights


def _explained(terms: _Terms, rest: Floats, dense: bool) -> Floats:
    """For each candidate, the part of the rest's weighted variance that it alone would take away."""
    w = _weights(rest, dense)
    w /= w.sum()
    moved = w * (rest - (w * rest).sum())
    means = np.einsum("tr,r->t", terms.values, w)
    variances = np.einsum("tr,r->t", terms.squares, w) - means**2
    explained: Floats = np.einsum("tr,r->t", terms.values, moved) ** 2 / np.maximum(variances, 1e-6)
    return explained


def _robust(values: Floats, y: Floats, dense: bool) -> tuple[Floats, Floats]:
    """Slopes (the constant last) and the rest."""
    design = np.concatenate([values, np.ones((1, values.shape[1]))])
    slopes = np.zeros(len(design))
    slopes[-1] = np.median(y)
    rest = y - slopes[-1]
    for _ in range(_ROUNDS):
        w = _weights(rest, dense)
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
