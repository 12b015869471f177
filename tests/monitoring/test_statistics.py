"""The statistics against slow twins and against their own null distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from monitored_events import make_events

from hepack.monitoring.blocks import Blocks
from hepack.monitoring.charts import average_spread, cumulative_sums, draw_charts, moving_average
from hepack.monitoring.columns import columns_of
from hepack.monitoring.occupancy import ETA_BINS, PHI_BINS, WINDOWS, OccupancyProbe, windows
from hepack.monitoring.permutation import (
    adjusted,
    draw_trials,
    normalised,
    one_sided,
    signed_root,
    spread,
    tail,
)
from hepack.monitoring.probes import RateProbe, Test


def test_every_trial_takes_as_many_blocks_as_the_run_has() -> None:
    trials = draw_trials(7, 20, 50, np.random.default_rng(0))
    assert trials.shape == (51, 27)
    assert (trials.sum(axis=1) == 7).all()
    assert (trials[0] == np.r_[np.ones(7), np.zeros(20)]).all()


def test_the_spread_of_a_sum_is_that_of_all_ways_to_draw_it() -> None:
    rng = np.random.default_rng(1)
    residuals = rng.normal(size=(12, 1))
    residuals -= residuals.mean()
    sums = draw_trials(4, 8, 40_000, rng)[1:] @ residuals
    assert float(spread(residuals, 4)[0]) == pytest.approx(float(sums.std()), rel=0.02)


def test_signed_roots_are_about_normal_and_zero_where_nothing_is() -> None:
    rng = np.random.default_rng(2)
    found = rng.binomial(40, 0.2, 20_000).astype(np.float64)
    z = signed_root(found, np.array(40.0), np.array(0.2))
    assert abs(float(np.mean(z))) < 0.1
    assert float(np.std(z)) == pytest.approx(1.0, abs=0.06)
    assert float(signed_root(np.array(0.0), np.array(0.0), np.array(0.2))) == 0.0


def test_statistics_become_normal() -> None:
    rng = np.random.default_rng(3)
    z = normalised(np.concatenate([[[60.0]], rng.chisquare(10, (20_000, 1))]))
    assert float(np.mean(z[1:] > 2.326)) == pytest.approx(0.01, abs=0.003)
    assert float(np.mean(z[1:] > 3.09)) == pytest.approx(0.001, abs=0.0007)
    assert tail(float(z[0, 0])) == pytest.approx(3.6e-9, rel=5.0, abs=0.0)


def test_each_trial_is_measured_by_all_others() -> None:
    statistics = np.random.default_rng(9).chisquare(1, (60, 3)) ** 2
    moved = [normalised(np.roll(statistics, -place, axis=0))[0] for place in range(60)]
    assert np.stack(moved) == pytest.approx(normalised(statistics), abs=1e-6)


def test_what_is_rare_and_skew_alarms_no_more_than_it_should() -> None:
    """Squares of few counts, whose outliers are far from normal."""
    rng = np.random.default_rng(10)
    p_values = [
        adjusted(normalised(rng.poisson(0.05, (100, 60)).astype(np.float64) ** 3))[0] for _ in range(500)
    ]
    assert sum(p <= 0.05 for p in p_values) <= 25 + 4 * 5


def test_two_sides_are_as_rare_as_one() -> None:
    for z in (0.5, 1.96, 4.0, 8.0):
        assert tail(float(one_sided(np.array(-z)))) == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-2)


def test_the_largest_of_correlated_tests_has_an_exact_p_value() -> None:
    rng = np.random.default_rng(4)
    p_values = []
    for _ in range(400):
        common = rng.normal(size=(100, 1))
        p_values.append(adjusted(common + 0.3 * rng.normal(size=(100, 30)))[0])
    assert np.histogram(p_values, 4, (0, 1))[0].min() > 70
    assert sum(p <= 0.05 for p in p_values) == pytest.approx(20, abs=13)


def test_corrected_p_values_are_those_of_single_step_max_t() -> None:
    surprises = np.array([[3.0, 0.1], [1.0, 2.0], [2.0, 0.5], [0.0, 4.0]])
    overall, each = adjusted(surprises)
    assert overall == 0.5
    assert each.tolist() == [0.5, 1.0]


def test_counts_in_blocks_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(5)
    events = np.sort(rng.integers(0, 50, 300))
    places = rng.integers(-1, 4, 300)
    blocks = Blocks(8, 6)
    slow = np.zeros((6, 4))
    for event, place in zip(events, places, strict=True):
        if event // 8 < 6 and place >= 0:
            slow[event // 8, place] += 1
    assert (blocks.sums(events, places, 4) == slow).all()
    assert Blocks.of_run(20_000) == Blocks(256, 78)
    assert Blocks.of_run(130) == Blocks(2, 65)


@pytest.mark.parametrize("size", WINDOWS)
def test_windows_are_those_of_a_loop(size: tuple[int, int]) -> None:
    cells = np.random.default_rng(6).integers(0, 5, (2, ETA_BINS * PHI_BINS)).astype(np.float64)
    sums, origins = windows(cells, size)
    assert sums.shape == (2, len(origins))
    for trial in range(2):
        grid = cells[trial].reshape(ETA_BINS, PHI_BINS)
        for place, origin in enumerate(origins):
            row, column = divmod(int(origin), PHI_BINS)
            turned = np.take(grid, range(column, column + size[1]), axis=1, mode="wrap")
            assert row + size[0] <= ETA_BINS
            assert sums[trial, place] == turned[row : row + size[0]].sum()


def test_a_hole_is_located() -> None:
    columns = columns_of(make_events(4000, 1), frozenset({"Jet_pt", "Jet_eta", "Jet_phi"}))
    probe = OccupancyProbe(column="Jet", pairs=(("Jet_eta", "Jet_phi", "Jet_pt"),), low=-3.0, high=3.0)
    blocks = Blocks(16, 250)
    sums = probe.sums(columns, blocks).reshape(250, ETA_BINS, PHI_BINS)
    sums[:80, 24:32, 8:16] = 0
    window = probe.locate(sums.reshape(250, -1), 80, "hole")
    assert window is not None
    assert window.eta == pytest.approx((0.0, 1.0))
    assert window.found == 0
    assert window.expected > 20


def test_rates_know_repeats_and_not_a_number() -> None:
    values = np.array([1.0, 1.0, np.nan, np.nan, 0.0, np.inf, 9.0])
    hits = {m: RateProbe(column="x", measure=m, low=-1.0, high=5.0).hits(values).tolist()
            for m in ("nan", "infinite", "zero", "outside", "repeated")}  # type: ignore[arg-type]  # fmt: skip
    assert hits["nan"] == [0, 0, 1, 1, 0, 0, 0]
    assert hits["infinite"] == [0, 0, 0, 0, 0, 1, 0]
    assert hits["zero"] == [0, 0, 0, 0, 1, 0, 0]
    assert hits["outside"] == [0, 0, 0, 0, 0, 0, 1]
    assert hits["repeated"] == [0, 1, 0, 0, 0, 0, 0]


def test_the_band_of_the_average_knows_what_runs_share() -> None:
    rng = np.random.default_rng(7)
    share = 0.3
    z = np.sqrt(1 - share) * rng.normal(size=(12, 20_000)) + np.sqrt(share) * rng.normal(size=(1, 20_000))
    found = moving_average(z).std(axis=1)
    assert found == pytest.approx(average_spread(12, share), rel=0.03)


def test_slow_drift_is_found_where_no_run_alarms() -> None:
    tests = tuple(
        Test(name=f"t{i}", column=f"c{i}", kind="location", measure="values", two_sided=True)
        for i in range(20)
    )
    rng = np.random.default_rng(8)
    null = rng.normal(size=(400, 20))
    z = rng.normal(size=(20, 20))
    quiet = draw_charts(tests, z, null, 0.1, np.zeros((20, 20), bool), 0.01, rng)
    assert not quiet.alarm
    z[8:, 3] += 2.0
    drift = draw_charts(tests, z, null, 0.1, np.zeros((20, 20), bool), 0.01, rng)
    assert drift.alarm
    assert [chart.drift >= 0 for chart in drift.charts].index(True) == 3
    assert abs(drift.charts[3].since - 8) <= 3
    z[8:, 3] += 3.0
    assert draw_charts(
        tests, z, null, 0.1, np.zeros((20, 20), bool), 1e-4, rng
    ).alarm  # a rate that can be told


def test_good_runs_drift_at_the_stated_rate() -> None:
    tests = tuple(
        Test(name=f"t{i}", column=f"c{i}", kind="location", measure="values", two_sided=True)
        for i in range(30)
    )
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(100):
        mixing = np.eye(30) + 0.1 * rng.normal(size=(30, 30))
        mixing /= np.linalg.norm(mixing, axis=0)
        common = rng.normal(size=(1, 30))
        z = (np.sqrt(0.8) * rng.normal(size=(8, 30)) + np.sqrt(0.2) * common) @ mixing
        null = rng.normal(size=(200, 30)) @ mixing
        alarms += draw_charts(tests, z, null, 0.2, np.zeros((8, 30), bool), 0.1, rng).alarm
    assert 2 <= alarms <= 20


def test_cumulative_sums_start_again_at_zero() -> None:
    assert cumulative_sums(np.array([2.0, -3.0, 1.0])).tolist() == [[1.5, 0.0], [0.0, 2.5], [0.5, 1.0]]
