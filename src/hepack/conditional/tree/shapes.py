"""The shapes by which leaves bend a distribution over cells: polynomials of a normal score, and single cells.

All from integers: a cell's score is the normal quantile of the middle of its share of the base distribution.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

COEFFICIENTS = 8
MAX_POLYNOMIALS = 6
HEIGHT_UNIT = 256  # an eighth of an octave, of which a logit has 2048 parts
_ONE = 64  # a shape of height 1
_SCORE_UNIT = 32
_TOGETHER = 32
_IMPOSSIBLE = -(1 << 30)
# 65536 (Phi((k + 1/2) / 32) - 1/2), where Phi is the normal distribution function
_QUANTILES = np.array(
    [
        409, 1225, 2041, 2854, 3665, 4472, 5274, 6072, 6864, 7649, 8427, 9198, 9959, 10711, 11454, 12186,
        12907, 13616, 14314, 14999, 15671, 16329, 16975, 17606, 18222, 18824, 19412, 19984, 20541, 21083, 21610, 22121,
        22616, 23096, 23561, 24010, 24444, 24863, 25266, 25655, 26029, 26389, 26734, 27065, 27383, 27687, 27978, 28256,
        28521, 28774, 29015, 29244, 29463, 29670, 29867, 30053, 30230, 30397, 30555, 30704, 30845, 30978, 31103, 31221,
        31331, 31435, 31533, 31624, 31709, 31789, 31864, 31934, 31999, 32059, 32116, 32168, 32217, 32262, 32304, 32343,
        32379, 32412, 32442, 32471, 32497, 32521, 32543, 32563, 32582, 32599, 32615, 32629, 32642, 32654, 32665, 32675,
    ],
    np.int64,
)  # fmt: skip


def weights_of(heights: NDArray[np.int64]) -> NDArray[np.int64]:
    """The weights of cells at rest: ``heights`` are eighths of an octave below the top."""
    depth = (heights - heights.min()) << 5
    weights: NDArray[np.int64] = ((512 - (depth & 255)) << 6) >> np.minimum(depth >> 8, 31)
    return weights


def shapes_of(heights: NDArray[np.int64], curved: int, polynomials: int) -> NDArray[np.int32]:
    """Shape ``(row, cell)``: how a coefficient of 1 changes each cell's logit.

    The first ``curved`` cells follow the polynomials; each of the next ones has a row of its own while rows
    last; the last cell (the escape) never moves.
    """
    cells = len(heights)
    single = min(cells - 1 - curved, COEFFICIENTS - polynomials)
    shapes = np.zeros((polynomials + single, cells), np.int32)
    if polynomials:
        shapes[:polynomials, :curved] = _hermite(_scores(weights_of(heights)[:curved]), polynomials)
    for s in range(single):
        shapes[polynomials + s, curved + s] = _ONE
    return shapes


def logits_of(
    heights: NDArray[np.int64], curved: int, polynomials: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The cells' logits at rest, and their shapes, as the loops take them: with cells that are impossible
    and never move up to a multiple of `_TOGETHER`, so that vector units have no rest to do."""
    spare = -len(heights) % _TOGETHER
    base = np.append(-HEIGHT_UNIT * heights, np.full(spare, _IMPOSSIBLE)).astype(np.int32)
    shapes = np.pad(shapes_of(heights, curved, polynomials), ((0, 0), (0, spare)))
    return base, shapes


def _scores(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """The normal quantile of the middle of each weight, in 32nds, within -3 and 3."""
    ends = np.cumsum(weights)
    middle = ((2 * ends - weights) << 15) // max(int(ends[-1]), 1) - 32768
    score = np.searchsorted(_QUANTILES, np.abs(middle), side="right")
    scores: NDArray[np.int64] = np.where(middle < 0, -score, score).astype(np.int64)
    return scores


def _hermite(scores: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The normalised Hermite polynomials 1 .. count of the scores, in 64ths."""
    before, now = np.ones_like(scores), scores
    rows = []
    for k in range(1, count + 1):
        scale = _SCORE_UNIT**k * math.isqrt(math.factorial(k) << 20)
        rows.append((now << 16) // scale)
        before, now = now, scores * now - k * _SCORE_UNIT**2 * before
    return np.array(rows)
