"""`Winding`: an angle and a bounded variable on one number, as the length along a helix.

The circle of the angle times the interval of its partner is a strip of a cylinder; a helix of ``turns`` turns
passes every point of it within half the distance of two turns. The angle survives exactly, the partner to
``range / (2 turns)``. No network finds this by gradient descent for many turns, and it needs none. It shows
what the dimension of a latent of real numbers is worth: what counts is bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Winding:
    """``w = k + angle / 2 pi``; the whole ``k`` brings ``low + (high - low) w / turns`` nearest to the partner."""

    angle: int
    partner: int
    turns: int
    low: float
    high: float

    @classmethod
    def fit(cls, table: NDArray[Any], angle: int, partner: int, turns: int) -> Winding:
        """The winding of two columns of ``table``.

        Raises:
            BadRequestError: the columns are the same, or the partner has no range.
        """
        column = table[:, partner][np.isfinite(table[:, partner])].astype(np.float64)
        if angle == partner or turns < 1 or not len(column) or not column.max() > column.min():
            raise BadRequestError("a winding needs an angle, another variable with a range, and turns")
        return cls(angle, partner, turns, float(column.min()), float(column.max()))

    def forward(self, table: NDArray[Any]) -> Floats:
        """``(row, variable)`` to one column fewer; the wound one is the last."""
        share = table[:, self.angle].astype(np.float64) / (2 * math.pi)
        height = np.clip((table[:, self.partner] - self.low) / (self.high - self.low), 0, 1) * self.turns
        wound = np.rint(height - share) + share
        rest = np.delete(table.astype(np.float64), [self.angle, self.partner], 1)
        return np.concatenate([rest, wound[:, None]], 1)

    def inverse(self, rows: NDArray[Any]) -> Floats:
        """Undo `forward`; the partner within ``(high - low) / (2 turns)``, the angle in [-pi, pi]."""
        wound = rows[:, -1].astype(np.float64)
        out = np.empty((len(rows), rows.shape[1] + 1))
        rest = [k for k in range(out.shape[1]) if k not in (self.angle, self.partner)]
        out[:, rest] = rows[:, :-1]
        out[:, self.angle] = (wound - np.rint(wound)) * (2 * math.pi)
        height = np.clip(wound / self.turns, 0.0, 1.0)
        out[:, self.partner] = self.low + (self.high - self.low) * height
        return out
