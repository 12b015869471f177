"""Normalisation: there and back, and safe with whatever comes in."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from hepack._errors import BadRequestError
from hepack.models.normalise import LIMIT, WAYS, Normaliser
from hepack.models.winding import Winding


def table() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack(
        [rng.pareto(2, 5000) * 20 + 20, rng.normal(0, 1.4, 5000), rng.uniform(-3.1, 3.1, 5000)], 1
    )


@pytest.mark.parametrize("way", WAYS)
def test_there_and_back(way: str) -> None:
    rows = table()
    normaliser = Normaliser.fit(rows, way)
    again = Normaliser.from_dict(json.loads(json.dumps(normaliser.to_dict())))
    assert again == normaliser
    inside = np.abs(normaliser.forward(rows)) < 60 if way != "none" else np.ones(rows.shape, bool)
    assert np.allclose(again.inverse(normaliser.forward(rows))[inside], rows[inside], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_nan_constants_and_outliers_stay_finite(way: str) -> None:
    rows = table()
    rows[:, 1] = 7.0
    rows[:50, 0] = [math.nan, math.inf, -math.inf, 1e300, -1e300] * 10
    normaliser = Normaliser.fit(rows, way)
    u = normaliser.forward(rows)
    assert np.isfinite(u).all()
    assert np.isfinite(normaliser.inverse(u)).all()
    if way != "none":
        assert np.abs(u).max() <= LIMIT
        assert (u[:, 1] == 0).all()


def test_empty_and_single_rows() -> None:
    for count in (0, 1):
        normaliser = Normaliser.fit(np.ones((count, 2)), "response")
        assert normaliser.forward(np.ones((count, 2))).shape == (count, 2)


def test_response_weights_are_finite_at_zero() -> None:
    rows = table()
    rows[::7, 1] = 0.0
    weights = Normaliser.fit(rows, "response").response_weights(rows)
    assert np.isfinite(weights).all()
    assert np.allclose(weights.mean(0), 1, rtol=1e-3)


@pytest.mark.parametrize("document", [{}, {"way": "x", "scales": [{"centre": "a", "width": 1}]},
                                      {"way": "x", "scales": [{"centre": 0, "width": 0}]},
                                      {"way": "x", "scales": [{"centre": math.nan, "width": 1}]}], ids=str)  # fmt: skip
def test_impossible_documents_are_refused(document: dict[str, object]) -> None:
    with pytest.raises(BadRequestError):
        Normaliser.from_dict(document)
    with pytest.raises(BadRequestError, match="no normalisation"):
        Normaliser.fit(table(), "gaussian")


def test_winding_keeps_the_angle_and_bounds_its_partner() -> None:
    rows = table()
    winding = Winding.fit(rows, angle=2, partner=1, turns=64)
    wound = winding.forward(rows)
    assert wound.shape == (5000, 2)
    back = winding.inverse(wound)
    assert np.allclose(back[:, 0], rows[:, 0])
    assert np.abs(np.remainder(back[:, 2] - rows[:, 2] + math.pi, 2 * math.pi) - math.pi).max() < 1e-9
    assert np.abs(back[:, 1] - rows[:, 1]).max() <= (rows[:, 1].max() - rows[:, 1].min()) / 128 * 1.0001
    with pytest.raises(BadRequestError):
        Winding.fit(rows, angle=2, partner=2, turns=4)
