"""Plain baselines on summary rows: the Mahalanobis distance and the isolation forest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._optional import require
from hepack.scoring.scores import Contributions, Look, occluded

Floats = NDArray[np.float64]

SHRINKAGE = 1e-3
"""Part of the unit matrix in the correlation matrix, which may be singular."""

TREES = 200


@dataclass(frozen=True, eq=False)
class Mahalanobis:
    """``(x - m) C^-1 (x - m)`` in units of each column's width (Mahalanobis, Proc. Natl. Inst. Sci. India 2, 1936)."""

    mean: Floats
    width: Floats
    inverse: Floats
    method: str = "mahalanobis"

    @classmethod
    def fit(cls, rows: Floats) -> Mahalanobis:
        """From reference rows ``(event, column)``; columns that never vary do not count."""
        mean, width = rows.mean(axis=0), rows.std(axis=0)
        varies = width > 0
        width = np.where(varies, width, 1.0)
        unit = ((rows - mean) / width)[:, varies]
        matrix = unit.T @ unit / max(1, len(rows)) * (1 - SHRINKAGE) + SHRINKAGE * np.eye(int(varies.sum()))
        inverse = np.zeros((rows.shape[1], rows.shape[1]))
        inverse[np.ix_(varies, varies)] = np.linalg.inv(matrix)
        return cls(mean, width, inverse)

    def score(self, look: Look) -> Floats:
        """The squared distance."""
        total: Floats = self._terms(look.rows).sum(axis=1)
        return total

    def contributions(self, look: Look) -> Contributions:
        """The terms ``d_i (C^-1 d)_i``, which may be negative and add up to the score."""
        return of_rows(look, self._terms(look.rows))

    def _terms(self, rows: Floats) -> Floats:
        unit = np.clip((rows - self.mean) / self.width, -1e8, 1e8)
        return np.asarray((unit @ self.inverse) * unit, np.float64)


@dataclass(frozen=True, eq=False)
class Forest:
    """scikit-learn's isolation forest (Liu, Ting and Zhou, ICDM 2008), by default with 200 trees."""

    forest: Any
    centre: Floats
    method: str = "forest"

    @classmethod
    def fit(cls, rows: Floats, *, seed: int = 0, trees: int = TREES) -> Forest:
        """From reference rows ``(event, column)``."""
        ensemble = require("sklearn.ensemble", extra="report", purpose="the isolation forest")
        forest = ensemble.IsolationForest(n_estimators=trees, random_state=seed)
        return cls(forest.fit(np.clip(rows, -1e30, 1e30)), np.median(rows, axis=0))

    def score(self, look: Look) -> Floats:
        """``2**(-depth / usual depth)``, eq. 2 there."""
        return self._of(look.rows)

    def contributions(self, look: Look) -> Contributions:
        """By how much the score falls with a column at its median."""
        return of_rows(look, occluded(self._of, look.rows, self.centre))

    def _of(self, rows: Floats) -> Floats:
        return np.asarray(-self.forest.score_samples(rows), np.float64) if len(rows) else np.zeros(0)


def of_rows(look: Look, values: Floats) -> Contributions:
    """Contributions of the columns of a summary."""
    assert look.summary is not None
    return Contributions(look.summary.names, values, look.summary.to_objects(values, look.table))
