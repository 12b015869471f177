"""Control charts: each test over the runs, for sudden jumps (Shewhart) and slow drift (EWMA, CUSUM).

All runs share the reference, so its own fluctuation moves all their deviations together: a part ``share`` of the
variance is common. The bands say so, and the level of the drift alarm is simulated with it, from the joint null
distribution of all tests that the permutations gave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hepack.monitoring.columns import Floats, Mask
from hepack.monitoring.probes import Test
from hepack.monitoring.results import Chart, Drift

WEIGHT = 0.2
"""Of the newest run in the moving average (Roberts, Technometrics 1 (1959) 239)."""
FEWEST_RUNS = 3
"""The average is judged from this run on: before, it is hardly more than a single run."""
LARGEST = 3.0
"""Standard deviations that a run counts in the average at most: jumps are found in the run itself, and how far
the tails of a test reach need not be known."""
SLACK = 0.5
"""Standard deviations of a run that the cumulative sum takes off each step (Page, Biometrika 41 (1954) 100)."""
MOST_CELLS = 40_000_000
SEQUENCES = 1000
"""Simulated at least ..."""
RESOLUTION = 2
"""... and so many for each one that may drift further at the stated rate, which fewer could not tell."""


def moving_average(z: Floats) -> Floats:
    """The exponentially weighted average along the first axis, started at 0."""
    found = np.empty_like(z)
    level = np.zeros(z.shape[1:], z.dtype)
    for place in range(len(z)):
        level = (1 - WEIGHT) * level + WEIGHT * z[place]
        found[place] = level
    return found


def average_spread(runs: int, share: float) -> Floats:
    """Standard deviation of the average at each run, where each deviation has variance 1 and ``share`` is common."""
    kept = (1 - WEIGHT) ** np.arange(1, runs + 1)
    own = WEIGHT / (2 - WEIGHT) * (1 - kept**2)
    return np.asarray(np.sqrt((1 - share) * own + share * (1 - kept) ** 2))


def cumulative_sums(z: Floats) -> Floats:
    """How far ``z`` (run,) has gone up and down, less the slack: shape ``(run, 2)``."""
    found = np.zeros((len(z), 2))
    up = down = 0.0
    for place, value in enumerate(z):
        up, down = max(0.0, up + float(value) - SLACK), max(0.0, down - float(value) - SLACK)
        found[place] = up, down
    return found


def draw_charts(
    tests: Sequence[Test], z: Floats, null: Floats, share: float, failed: Mask, alarm_rate: float,
    rng: np.random.Generator,
) -> Drift:  # fmt: skip
    """Charts of ``z`` (run, test). ``null`` (trial, test) are deviations of good runs; ``failed`` (run, test) says
    which tests a run fails by itself. The drift alarm is at ``alarm_rate`` for the whole sequence of runs."""
    runs = len(z)
    if runs < FEWEST_RUNS:
        return Drift(notes=(f"charts of drift need at least {FEWEST_RUNS} runs",))
    spread = average_spread(runs, share)
    scale = null.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    centre = np.where([test.two_sided for test in tests], 0.0, null.mean(axis=0))
    averages = moving_average(np.clip((z - centre) / scale, -LARGEST, LARGEST))
    count = max(SEQUENCES, math.ceil(RESOLUTION / alarm_rate))
    worst = _simulated(null, centre, scale, spread, share, count, rng)
    level = float(np.quantile(worst, 1 - alarm_rate, method="higher"))
    size = np.abs(averages / spread[:, None])[FEWEST_RUNS - 1 :]
    p = (1 + int(np.sum(worst >= size.max()))) / (1 + len(worst))
    charts = tuple(
        _chart(test, z[:, i], averages[:, i] * scale[i], level * spread * scale[i], failed[:, i])
        for i, test in enumerate(tests)
    )
    return Drift(charts=charts, p=p, alarm=p <= alarm_rate)


def _simulated(
    null: Floats, centre: Floats, scale: Floats, spread: Floats, share: float, count: int,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """The largest size of any test's average in any run, for ``count`` sequences of good runs, shape ``(count,)``."""
    runs = len(spread)
    good = ((null - centre) / scale).astype(np.float32)
    worst = np.empty(count)
    step = max(1, MOST_CELLS // max(1, good.shape[1]))
    for first in range(0, count, step):
        many = min(step, count - first)
        level = np.zeros((many, good.shape[1]), np.float32)
        common = good[rng.integers(len(good), size=many)] * np.float32(np.sqrt(share))
        most = np.zeros(many)
        for run in range(runs):
            drawn = good[rng.integers(len(good), size=many)] * np.float32(np.sqrt(1 - share)) + common
            level = (1 - WEIGHT) * level + WEIGHT * np.clip(drawn, -LARGEST, LARGEST)
            if run >= FEWEST_RUNS - 1:
                most = np.maximum(most, np.abs(level / spread[run]).max(axis=1))
        worst[first : first + many] = most
    return worst


def _chart(test: Test, z: Floats, ewma: Floats, limit: Floats, failed: Mask) -> Chart:
    outside = np.flatnonzero((np.abs(ewma) > limit) & (np.arange(len(z)) >= FEWEST_RUNS - 1))
    sums = cumulative_sums(z)
    return Chart(
        test=test, z=z, ewma=ewma, limit=limit, cusum=sums, shewhart=np.flatnonzero(failed),
        drift=int(outside[0]) if len(outside) else -1, since=_since(sums),
    )  # fmt: skip


def _since(sums: Floats) -> int:
    """Where the larger of the two sums last rose from zero: the likely begin of a change."""
    side = sums[:, int(np.argmax(sums[-1]))]
    zeros = np.flatnonzero(side == 0)
    return int(zeros[-1]) + 1 if len(zeros) and zeros[-1] + 1 < len(side) else 0
