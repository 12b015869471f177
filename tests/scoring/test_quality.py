"""Figures of merit, and the quantities that scores are compared with."""

from __future__ import annotations

import numpy as np
import pytest

from hepack.evaluate.classifier import auc_delong, auc_difference
from hepack.scoring.bits import surprisal
from hepack.scoring.quality import assess, correlation, profile


def test_a_difference_of_areas_knows_what_both_have_in_common() -> None:
    rng = np.random.default_rng(0)
    found, errors = [], []
    for _ in range(100):
        zeros, ones = rng.normal(size=300), rng.normal(1, 1, 200)
        pairs = [
            (zeros + noise * rng.normal(size=300), ones + noise * rng.normal(size=200))
            for noise in (0.5, 1.0)
        ]
        value, error = auc_difference(*pairs)
        assert value == pytest.approx(auc_delong(*pairs[1])[0] - auc_delong(*pairs[0])[0], abs=1e-12)
        found.append(value)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.25)


def test_normal_scores_have_the_figures_that_they_must() -> None:
    rng = np.random.default_rng(1)
    quality = assess("m", "s", rng.normal(size=20_000), rng.normal(2, 1, 5000))
    assert quality.area.value == pytest.approx(0.9214, abs=4 * quality.area.error)
    at = {effort.rate: effort for effort in quality.efficiencies}
    share = at[1e-2].share
    assert share is not None
    assert share.interval[0] < 0.372 < share.interval[1]  # 1 - Phi(2.326 - 2)
    assert at[1e-5].share is None
    assert at[1e-5].needed > 10**6
    assert quality.improvement > 3.5
    assert quality.improvement_at >= 10 / 20_000
    roc = quality.roc
    assert (np.diff(roc.signal) >= 0).all()
    assert ((roc.signal_low <= roc.signal) & (roc.signal <= roc.signal_high)).all()


def test_a_surprisal_goes_on_beyond_the_reference() -> None:
    rng = np.random.default_rng(2)
    reference = np.sort(rng.exponential(size=50_000))
    scores = np.linspace(0, 30, 200)
    found = surprisal(reference, scores)
    assert (np.diff(found) >= 0).all()
    np.testing.assert_allclose(found[scores < 15], scores[scores < 15], atol=1.0)
    assert found[-1] > found[-2]
    assert np.isfinite(surprisal(np.zeros(100), np.array([0.0, 1.0]))).all()


def test_profiles_and_correlations_stand_missing_values() -> None:
    rng = np.random.default_rng(3)
    values = rng.exponential(size=2000)
    values[::7] = np.nan
    scores = np.nan_to_num(values) ** 2 + rng.normal(size=2000)
    found = profile("x", values, {"all": (values, scores), "few": (values[:2], scores[:2])}, 5)
    assert found.quartiles["all"].shape == (5, 3)
    assert (np.diff(found.quartiles["all"][:, 1]) > 0).all()
    assert np.isnan(found.quartiles["few"]).all()
    assert correlation(values, scores) > 0.4
    assert np.isnan(correlation(np.ones(10), np.arange(10.0)))
