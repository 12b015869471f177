"""Find the line that takes most of a column's spread away, if one takes much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.tree.boost import _solve
from hepack.conditional.tree.parts import Line

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

_ROWS = 8192
_ROUNDS = 6
_TERMS = 4
_LEAST_GAIN = 0.06  # bits a row for each term
_LEAST_SUM = 0.4


def fit_line(columns: NDArray[np.int32], targets: Int64s) -> Line:
    """A line over ``columns``, shape ``(column, row)``, whose rests take at least 0.4 bit less than the targets.

    Robust: Cauchy's weights, so that a minority of rows of another kind does not bend it.
    """
    step = max(1, -(-len(targets) // _ROWS))
    x, y = columns[:, ::step].astype(np.float64), targets[::step].astype(np.float64)
    centre = np.median(x, axis=1, keepdims=True)
    spread = np.maximum(np.abs(x - centre).mean(axis=1, keepdims=True), 1e-9)
    z = np.clip((x - centre) / spread, -20.0, 20.0)
    middle = float(np.median(y))
    rest = y - middle
    unit = max(float(np.median(np.abs(rest))), 1.0)
    if unit <= 2.0:
        return Line.none()
    chosen: list[int] = []
    start = best = _length(rest)
    slopes = np.zeros(0)
    while len(chosen) < min(_TERMS, len(z)):
        trials = [_simple(z[c], rest) if c not in chosen else np.inf for c in range(len(z))]
        candidate = int(np.argmin(trials))
        found, left = _robust(z[[*chosen, candidate]], y)
        if not np.isfinite(trials[candidate]) or _length(left) > best - _LEAST_GAIN:
            break
        chosen, slopes, rest, best = [*chosen, candidate], found, left, _length(left)
    if start - best < _LEAST_SUM:
        return Line.none()
    return _rounded(np.array(chosen), slopes, centre[chosen, 0], spread[chosen, 0], np.abs(rest))


def _length(rest: Floats) -> float:
    """About the bits that a rest takes, with room for heavy tails."""
    return float(np.log2(1.0 + np.abs(rest)).mean())


def _weights(rest: Floats) -> Floats:
    scale = max(float(np.median(np.abs(rest))), 0.5)
    weights: Floats = 1.0 / (1.0 + (rest / scale) ** 2)
    return weights


def _simple(z: Floats, rest: Floats) -> float:
    """The length of the rest that one more column would leave."""
    for _ in range(2):
        w = _weights(rest)
        total = w.sum()
        mean_z, mean_r = (w * z).sum() / total, (w * rest).sum() / total
        slope = (w * (z - mean_z) * (rest - mean_r)).sum() / max((w * (z - mean_z) ** 2).sum(), 1e-9)
        rest = rest - mean_r - slope * (z - mean_z)
    return _length(rest)


def _robust(z: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Slopes (the constant last) and the rest."""
    design = np.concatenate([z, np.ones((1, z.shape[1]))])
    slopes = np.zeros(len(design))
    slopes[-1] = np.median(y)
    rest = y - slopes[-1]
    for _ in range(_ROUNDS):
        w = _weights(rest)
        matrix = np.einsum("ir,jr->ij", design * w, design) + 1e-6 * np.eye(len(design))
        slopes = _solve(matrix[None], np.einsum("ir,r->i", design * w, y)[None])[0]
        rest = y - np.einsum("i,ir->r", slopes, design)
    return slopes, rest


def _rounded(chosen: Int64s, slopes: Floats, centre: Floats, spread: Floats, rest: Floats) -> Line:
    """The line in 65536ths, each slope as coarse as the rest allows."""
    exact = slopes[:-1] / spread * 65536.0
    allowed = max(float(np.median(rest)), 0.5) / 32.0 / spread * 65536.0
    step = np.exp2(np.floor(np.log2(np.maximum(allowed, 1.0))))
    rounded = np.rint(exact / step) * step
    if (np.abs(rounded) > 2.0**38).any():
        return Line.none()
    offset = np.rint(slopes[-1] * 256.0 - (rounded * centre).sum() / 256.0) * 256.0
    if abs(offset) > 2.0**62:
        return Line.none()
    return Line(chosen.astype(np.int64), rounded.astype(np.int64), int(offset))
