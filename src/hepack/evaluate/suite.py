"""Run all two-sample tests on the thinned samples of two surveys."""

from __future__ import annotations

import numpy as np

from hepack.evaluate.classifier import classify
from hepack.evaluate.pairing import FieldPair
from hepack.evaluate.results import ClassifierResult, Floats, TestsResult, VariableTest
from hepack.evaluate.settings import Settings
from hepack.evaluate.survey import Survey
from hepack.evaluate.twosample import compare_columns, corrected, joint_energy

MOST_AXES = 6
MOST_COLUMNS = 120
TEST_ROWS = 40_000
NEARLY_CONSTANT = 2e-3


def run_tests(
    before: Survey, after: Survey, pairs: tuple[FieldPair, ...], skipped: frozenset[str], settings: Settings,
    *, same_events: bool,
) -> TestsResult:  # fmt: skip
    """Tests of every variable but the ``skipped`` ones (event numbers) and constants, and of each axis as a whole.

    If both files hold the same events, their samples are not independent: one random half of the rows is taken from
    the original, the other half from the other file.
    """
    rng = np.random.default_rng(settings.seed)
    tests: list[VariableTest] = []
    energies: dict[str, tuple[float, float]] = {}
    classifiers: list[ClassifierResult] = []
    for axis in _largest(before, after):
        names, one, two = columns_of(axis, before, after, pairs, skipped)
        if not names:
            continue
        varied = [i for i in range(len(names)) if not nearly_constant(one[:, i])]
        names, one, two = [names[i] for i in varied], one[:, varied], two[:, varied]
        if not names:
            continue
        one, two = split(one, two, rng, same_rows=same_events)
        found = [compare_columns(axis, name, one[:, i], two[:, i], rng) for i, name in enumerate(names)]
        tests += [test for test in found if test is not None]
        if len(names) > 1:
            energy = joint_energy(one, two, rng)
            if energy is not None:
                energies[axis] = energy
        if settings.classifier:
            classifiers.append(classify(axis, names, one, two, rng))
    return TestsResult(
        disjoint=same_events,
        variables=corrected(tests),
        joint_energy=energies,
        classifiers=tuple(classifiers),
    )


def nearly_constant(values: Floats) -> bool:
    """Whether a variable varies by so little that any rounding shows (the electron mass, a beam energy)."""
    good = values[np.isfinite(values)]
    return not len(good) or float(np.std(good)) < NEARLY_CONSTANT * abs(float(np.mean(good)))


def _largest(before: Survey, after: Survey) -> list[str]:
    shared = [axis for axis in before.axes if axis in after.axes and before.axes[axis].fields]
    chosen = sorted(shared, key=lambda axis: -before.axes[axis].entries)[:MOST_AXES]
    return [axis for axis in shared if axis in chosen]


def columns_of(
    axis: str,
    before: Survey,
    after: Survey,
    pairs: tuple[FieldPair, ...],
    skipped: frozenset[str] = frozenset(),
) -> tuple[list[str], Floats, Floats]:
    """Names and sample rows of the variables of an axis that both files have."""
    one, two = before.axes[axis], after.axes.get(axis)
    if two is None:
        return [], one.sample.rows, one.sample.rows
    here = [item.name for item in one.fields]
    there = [item.name for item in two.fields]
    chosen = [
        (here.index(pair.before.name), there.index(pair.after.name))
        for pair in pairs
        if pair.before.name in here and pair.after.name in there and pair.before.name not in skipped
    ][:MOST_COLUMNS]
    left, right = [a for a, _ in chosen], [b for _, b in chosen]
    return [here[place] for place in left], one.sample.rows[:, left], two.sample.rows[:, right]


def split(one: Floats, two: Floats, rng: np.random.Generator, *, same_rows: bool) -> tuple[Floats, Floats]:
    """Independent samples: with ``same_rows`` disjoint random halves, otherwise all rows; at most `TEST_ROWS`."""
    if same_rows and len(one) == len(two):
        first = rng.permutation(len(one)) < len(one) // 2
        one, two = one[first], two[~first]
    return one[rng.permutation(len(one))[:TEST_ROWS]], two[rng.permutation(len(two))[:TEST_ROWS]]
