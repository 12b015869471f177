"""Plain baselines on summary rows: the Mahalanobis distance and the isolation forest, which scikit-learn grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hepack._errors import CorruptFileError
from hepack._optional import require
from hepack.scoring.pieces import Floats, Pieces, floats_piece
from hepack.scoring.scores import Contributions, Look, occluded
from hepack.scoring.trees import Trees

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

    def to_parts(self) -> tuple[dict[str, Any], list[bytes]]:
        """JSON, and arrays."""
        return {}, [floats_piece(array) for array in (self.mean, self.width, self.inverse)]

    @classmethod
    def from_parts(cls, value: Any, pieces: Pieces, columns: int) -> Mahalanobis:
        """Undo `to_parts`, for rows of so many columns.

        Raises:
            CorruptFileError: the parts are none of such a distance.
        """
        mean, width, inverse = pieces.floats(columns), pieces.floats(columns), pieces.floats(columns, columns)
        if (width <= 0).any():
            raise CorruptFileError("a Mahalanobis distance has impossible widths")
        return cls(mean, width, inverse)


@dataclass(frozen=True, eq=False)
class Forest:
    """scikit-learn's isolation forest (Liu, Ting and Zhou, ICDM 2008), by default with 200 trees; evaluated here."""

    trees: Trees
    centre: Floats
    method: str = "forest"

    @classmethod
    def fit(cls, rows: Floats, *, seed: int = 0, trees: int = TREES) -> Forest:
        """From reference rows ``(event, column)``."""
        ensemble = require("sklearn.ensemble", extra="report", purpose="the isolation forest")
        forest = ensemble.IsolationForest(n_estimators=trees, random_state=seed)
        return cls(Trees.grown(forest.fit(rows)), np.median(rows, axis=0))

    def score(self, look: Look) -> Floats:
        """``2**(-depth / usual depth)``, eq. 2 there."""
        return self.trees.scores(look.rows)

    def contributions(self, look: Look) -> Contributions:
        """By how much the score falls with a column at its median."""
        return of_rows(look, occluded(self.trees.scores, look.rows, self.centre))

    def to_parts(self) -> tuple[dict[str, Any], list[bytes]]:
        """JSON, and arrays."""
        value, pieces = self.trees.to_parts()
        return value, [*pieces, floats_piece(self.centre)]

    @classmethod
    def from_parts(cls, value: Any, pieces: Pieces, columns: int) -> Forest:
        """Undo `to_parts`, for rows of so many columns.

        Raises:
            CorruptFileError, LimitError: the parts are no such forest.
        """
        return cls(Trees.from_parts(value, pieces, columns), pieces.floats(columns))


def of_rows(look: Look, values: Floats) -> Contributions:
    """Contributions of the columns of a summary."""
    assert look.summary is not None
    return Contributions(look.summary.names, values, look.summary.to_objects(values, look.table))
