"""The classifier two-sample test: can a boosted tree tell the entries of one file from those of the other?"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._optional import require
from hepack.evaluate.figures import Measured
from hepack.evaluate.results import ClassifierResult, Floats

FOLDS = 4
MOST_ROWS = 12_000
FEWEST_ROWS = 100
IMPORTANCE_REPEATS = 2
IMPORTANCE_ROWS = 2000


def classify(
    axis: str, names: list[str], one: Floats, two: Floats, rng: np.random.Generator
) -> ClassifierResult:
    """Cross-validated AUC of a gradient-boosted tree, rows of shape ``(row, variable)`` of each file.

    Lopez-Paz and Oquab, ICLR 2017 (arXiv:1610.06545): an AUC of one half means that the files cannot be told apart.
    """
    count = min(len(one), len(two), MOST_ROWS)
    if count < FEWEST_ROWS:
        nothing = Measured(value=math.nan, count=2 * count)
        reason = f"{count} rows of each file are too few (at least {FEWEST_ROWS})"
        return ClassifierResult(axis=axis, auc=nothing, importances={}, roc=(), folds=0, reason=reason)
    rows = np.concatenate([rng.permutation(one)[:count], rng.permutation(two)[:count]])
    rows = np.clip(rows, -1e300, 1e300)
    truth = np.repeat([0, 1], count)
    scores, losses = _cross_validate(rows, truth, rng)
    value, error = auc_delong(scores[truth == 0], scores[truth == 1])
    importances = {
        name: (float(np.mean(loss)), float(np.std(loss) / math.sqrt(len(loss))))
        for name, loss in zip(names, losses.T, strict=True)
    }
    ordered = dict(sorted(importances.items(), key=lambda item: -item[1][0]))
    return ClassifierResult(
        axis=axis, auc=Measured(value=value, error=error, count=2 * count), importances=ordered,
        roc=_roc(scores, truth), folds=FOLDS,
    )  # fmt: skip


def _cross_validate(
    rows: Floats, truth: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Scores of rows that the tree has not seen; the loss of AUC, shape ``(fold * repeat, variable)``."""
    ensemble = require("sklearn.ensemble", extra="report", purpose="the classifier test")
    fold = rng.permutation(len(rows)) % FOLDS
    scores = np.zeros(len(rows))
    losses: list[Floats] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(FOLDS):
            held = fold == number
            tree = ensemble.HistGradientBoostingClassifier(
                max_iter=80, max_leaf_nodes=15, learning_rate=0.1, l2_regularization=1.0, early_stopping=False,
                random_state=number,
            )  # fmt: skip
            tree.fit(rows[~held], truth[~held])
            scores[held] = tree.predict_proba(rows[held])[:, 1]
            losses += _importances(tree, rows[held], truth[held], rng)
    return scores, np.asarray(losses)


def _importances(
    tree: object, rows: Floats, truth: NDArray[np.int64], rng: np.random.Generator
) -> list[Floats]:
    chosen = rng.permutation(len(rows))[:IMPORTANCE_ROWS]
    rows, truth = rows[chosen], truth[chosen]
    predict = tree.predict_proba  # type: ignore[attr-defined]
    start = _auc(predict(rows)[:, 1], truth)
    found = []
    for _ in range(IMPORTANCE_REPEATS):
        loss = np.zeros(rows.shape[1])
        for place in range(rows.shape[1]):
            kept = rows[:, place].copy()
            rows[:, place] = rng.permutation(kept)
            loss[place] = start - _auc(predict(rows)[:, 1], truth)
            rows[:, place] = kept
        found.append(loss)
    return found


def _auc(scores: Floats, truth: NDArray[np.int64]) -> float:
    return auc_delong(scores[truth == 0], scores[truth == 1])[0]


def auc_delong(zeros: NDArray[Any], ones: NDArray[Any]) -> tuple[float, float]:
    """AUC, ties counted half, and its standard error (DeLong, Biometrics 44 (1988) 837), from the place of
    each score among those of the other sample."""
    ten, one = _below(zeros, ones), 1 - _below(ones, zeros)
    variance = float(np.var(ten, ddof=1)) / len(ones) + float(np.var(one, ddof=1)) / len(zeros)
    return float(ten.mean()), math.sqrt(variance)


def auc_difference(
    one: tuple[NDArray[Any], NDArray[Any]], two: tuple[NDArray[Any], NDArray[Any]]
) -> tuple[float, float]:
    """AUC of ``two`` less that of ``one``, and its standard error; each is the scores of the same two samples,
    so that what both have in common cancels (DeLong, eqs. 5 and 6)."""
    (zeros, ones), (other_zeros, other_ones) = one, two
    ten = _below(other_zeros, other_ones) - _below(zeros, ones)
    one_zero = _below(ones, zeros) - _below(other_ones, other_zeros)
    variance = float(np.var(ten, ddof=1)) / len(ten) + float(np.var(one_zero, ddof=1)) / len(one_zero)
    return float(ten.mean()), math.sqrt(variance)


def _below(scores: NDArray[Any], of: NDArray[Any]) -> Floats:
    """For each score of ``of``, the share of ``scores`` below it, ties counted half."""
    ordered = np.sort(scores)
    left, right = (np.searchsorted(ordered, of, side) for side in ("left", "right"))
    return np.asarray((left + right) / (2 * len(ordered)), np.float64)


def _roc(scores: Floats, truth: NDArray[np.int64], points: int = 50) -> tuple[tuple[float, float], ...]:
    order = np.argsort(-scores)
    ones = np.cumsum(truth[order]) / max(truth.sum(), 1)
    zeros = np.cumsum(1 - truth[order]) / max((1 - truth).sum(), 1)
    places = np.unique(np.linspace(0, len(order) - 1, points).astype(int))
    return ((0.0, 0.0), *((float(zeros[p]), float(ones[p])) for p in places))
