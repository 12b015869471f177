"""`judge`: all tests of one run, corrected together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hepack._errors import BadInputError, BadRequestError
from hepack.monitoring.blocks import FEWEST_BLOCKS, Blocks
from hepack.monitoring.columns import Columns, Floats
from hepack.monitoring.permutation import adjusted, draw_trials, one_sided
from hepack.monitoring.probes import Probe, all_tests
from hepack.monitoring.reference import Reference

FEWEST_RUN_EVENTS = 2 * FEWEST_BLOCKS
MOST_BLOCKS = 16
"""Of the reference for each of the run: more would make no deviation 3 % larger."""
EXACT = 1 << 24
"""Whole numbers below this are exact as float32, and so is every sum of them."""
MOST_FEATURES = 8192
"""Counts that are summed over trials at once."""
RESOLUTION = 10
"""Trials for each one that may be beyond the run at the stated rate."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """``z`` (test,), signed where a test has two sides; ``p`` (test,), corrected for all tests; ``null``
    (trial, test) the same deviations of the permutations. ``sums`` are the blocks' counts of each probe, those of
    the ``run`` blocks of the run first."""

    global_p: float
    z: Floats
    p: Floats
    null: Floats
    sums: tuple[Floats, ...]
    run: int
    blocks: Blocks

    @property
    def share(self) -> float:
        """The part of the variance of a deviation that is the reference's."""
        return self.run / len(self.sums[0])


def trials_for(alarm_rate: float) -> int:
    """How many permutations tell a rate: p-values are multiples of one in ``1 + trials``.

    Raises:
        BadRequestError: the rate is no probability that permutations can tell.
    """
    if not 1e-4 <= alarm_rate <= 0.5:
        raise BadRequestError(f"the alarm rate must be from 0.0001 to 0.5, found {alarm_rate:g}")
    return max(1000, round(RESOLUTION / alarm_rate)) - 1


def judge(
    reference: Reference, columns: Columns, file: str, *, trials: int, rng: np.random.Generator
) -> Judged:
    """Hold the columns of a run against the reference.

    Raises:
        BadInputError: the run has too few events, or the reference has for runs of this size.
    """
    if columns.n_events < FEWEST_RUN_EVENTS:
        raise BadInputError(
            f"run '{file}' has {columns.n_events} events, too few to judge; give runs of at least {FEWEST_RUN_EVENTS}"
        )
    blocks = Blocks.of_run(columns.n_events)
    if blocks.like(reference.columns.n_events).count < FEWEST_BLOCKS // 4:
        raise BadInputError(
            f"run '{file}' has {columns.n_events:,} events and the reference compares only "
            f"{reference.columns.n_events:,}; give a larger reference, or a part of the run (--events)"
        )
    own = tuple(probe.sums(columns, blocks) for probe in reference.probes)
    return judge_sums(reference.probes, own, reference.sums(blocks), blocks, trials=trials, rng=rng)


def judge_sums(
    probes: Sequence[Probe], run: Sequence[Floats], reference: Sequence[Floats], blocks: Blocks, *, trials: int,
    rng: np.random.Generator,
) -> Judged:  # fmt: skip
    """The same from counts in blocks of events, one array ``(block, feature)`` for each probe."""
    count = len(run[0])
    total = len(reference[0])
    chosen = np.arange(total)
    if total > MOST_BLOCKS * count:
        chosen = np.linspace(0, total - 1, MOST_BLOCKS * count).astype(np.int64)
    sums = tuple(np.concatenate([one, other[chosen]]) for one, other in zip(run, reference, strict=True))
    labels = draw_trials(count, len(chosen), trials, rng)
    z = np.concatenate(list(_statistics(probes, sums, labels, count)), axis=1)
    two_sided = np.array([test.two_sided for test in all_tests(probes)])
    surprises = np.where(two_sided, one_sided(z), z)
    global_p, p = adjusted(surprises)
    return Judged(
        global_p=global_p, z=z[0], p=p, null=z[1:], sums=sums, run=count, blocks=blocks
    )  # fmt: skip


def _statistics(
    probes: Sequence[Probe], sums: Sequence[Floats], labels: Floats, run: int
) -> Iterator[Floats]:
    """The statistics of each probe, the counts of many probes summed over trials by one matrix product."""
    first = 0
    while first < len(probes):
        last, width = first, 0
        while last < len(probes) and (width == 0 or width + sums[last].shape[1] <= MOST_FEATURES):
            width += sums[last].shape[1]
            last += 1
        counts = np.concatenate(sums[first:last], axis=1)
        exact = counts.sum(axis=0).max(initial=0.0) < EXACT
        found = counts_of_trials(labels, counts, np.float32 if exact else np.float64)
        ends = np.cumsum([part.shape[1] for part in sums[first:last]])
        for probe, part, end in zip(probes[first:last], sums[first:last], ends, strict=True):
            yield probe.statistics(part, found[:, end - part.shape[1] : end], run)
        first = last


def counts_of_trials(labels: Floats, counts: Floats, dtype: type[np.float32 | np.float64]) -> Floats:
    """The counts of each trial, shape ``(trial, feature)``: whole numbers, in any order of summation."""
    return np.asarray(labels.astype(dtype) @ counts.astype(dtype), dtype=np.float64)
