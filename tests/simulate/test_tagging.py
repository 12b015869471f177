"""Tagging efficiencies are the stated ones."""

from __future__ import annotations

import numpy as np
import pytest

from hepack.simulate.detector import B_TAG, TAU_TAG, WorkingPoint
from hepack.simulate.tagging import draw_score, tag

GRID = (np.arange(100_000) + 0.5) / 100_000


@pytest.mark.parametrize("points", [B_TAG, TAU_TAG])
@pytest.mark.parametrize("part", ["signal", "charm", "light"])
def test_working_points(points: tuple[WorkingPoint, ...], part: str) -> None:
    scores = draw_score(points, part, GRID)
    assert scores.min() >= 0
    assert scores.max() <= 1
    for point in points:
        assert (scores > point.score).mean() == pytest.approx(getattr(point, part), abs=2e-5)


def test_each_jet_gets_the_score_of_its_kind() -> None:
    size = 30_000
    signal = np.arange(size) % 3 == 0
    charm = np.arange(size) % 3 == 1
    score = tag(B_TAG, signal, charm, np.random.default_rng(2))
    medium = B_TAG[1]
    for mask, expected in ((signal, medium.signal), (charm, medium.charm), (~signal & ~charm, medium.light)):
        assert (score[mask] > medium.score).mean() == pytest.approx(expected, abs=0.012)
