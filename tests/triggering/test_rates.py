"""Rates, thresholds and intervals against brute force and published values."""

from __future__ import annotations

import numpy as np
import pytest

from hepack._errors import BadRequestError
from hepack.triggering.rates import Share, auc, check_rate, events_needed, lowest_rate, threshold_at


def test_wilson_interval_of_a_textbook_case():
    low, high = Share(81, 263).interval
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, method 3
    assert Share(0, 10).interval[0] == 0.0
    assert Share(0, 0).interval == (0.0, 1.0)


def test_the_number_of_events_and_the_refusal():
    assert events_needed(1e-5) == 1_111_100
    assert events_needed(0.5, 0.1) == 100
    check_rate(1e-5, 1_111_100)
    with pytest.raises(BadRequestError, match=r"needs 1,111,100 background events, found 5,000"):
        check_rate(1e-5, 5000)
    with pytest.raises(BadRequestError, match="between 0 and 1"):
        check_rate(1.5, 5000)
    for events in (100, 5000, 123_456):
        check_rate(lowest_rate(events), events)


def test_threshold_never_exceeds_the_rate_and_ties_stay_together():
    rng = np.random.default_rng(1)
    for scores in (rng.normal(size=1000), rng.integers(0, 5, 1000), np.zeros(100)):
        for rate in (0.001, 0.05, 0.5):
            edge = threshold_at(scores, rate)
            assert (scores >= edge).mean() <= rate
            lower = scores[scores < edge].max()
            assert (scores >= lower).mean() > rate
    assert threshold_at(np.arange(10), 1.0) == 0


def test_auc_is_the_share_of_ordered_pairs():
    rng = np.random.default_rng(2)
    b, s = rng.integers(0, 20, 200), rng.integers(5, 25, 150)
    pairs = (s[:, None] > b) + 0.5 * (s[:, None] == b)
    found = auc(b, s)
    assert found.value == pytest.approx(pairs.mean())
    expected = np.sqrt(pairs.mean(axis=1).var(ddof=1) / 150 + pairs.mean(axis=0).var(ddof=1) / 200)
    assert found.error == pytest.approx(expected)
    with pytest.raises(BadRequestError):
        auc(b, s[:1])
