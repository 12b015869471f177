"""Tagging scores whose working points have the stated efficiencies, by construction."""

from __future__ import annotations

import numpy as np

from hepack.simulate.detector import WorkingPoint
from hepack.simulate.ragged import Floats, Mask


def draw_score(points: tuple[WorkingPoint, ...], part: str, uniform: Floats) -> Floats:
    """Scores in [0, 1] of jets of one kind (``signal``, ``charm`` or ``light``).

    ``uniform`` holds numbers in [0, 1). The chance of a score above each working point is exactly
    that point's efficiency; in between, the efficiency falls linearly with the score.
    """
    scores = [0.0, *(point.score for point in points), 1.0]
    passing = [1.0, *(float(getattr(point, part)) for point in points), 0.0]
    return np.interp(uniform, passing[::-1], scores[::-1])


def tag(points: tuple[WorkingPoint, ...], signal: Mask, charm: Mask, rng: np.random.Generator) -> Floats:
    """One score per jet; ``signal`` jets first, then ``charm``, the rest is light."""
    uniform = rng.random(len(signal))
    light = draw_score(points, "light", uniform)
    score = np.where(charm, draw_score(points, "charm", uniform), light)
    return np.where(signal, draw_score(points, "signal", uniform), score)
