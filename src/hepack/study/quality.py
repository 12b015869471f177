"""How well a table came back, variable by variable: residuals and responses, their means and widths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.physics.kinematics import wrap
from hepack.study.table import Table

NEAR_ZERO = 0.05
"""Values below this share of the median magnitude are left out of the response, which has no meaning there."""


@dataclass(frozen=True)
class Quality:
    """``residual = out - in`` (wrapped for an angle), ``response = (out - in) / in`` where the value is not near
    zero; ``counted`` is the share of values with a response. ``spread`` is the standard deviation of the input,
    ``core`` half the width of the central 68 % of responses (what a Gaussian fit would give)."""

    name: str
    residual_mean: float
    residual_rms: float
    response_mean: float
    response_rms: float
    core: float
    largest: float
    counted: float
    spread: float

    @property
    def relative_rms(self) -> float:
        """The residual's rms in standard deviations of the variable."""
        return self.residual_rms / self.spread if self.spread > 0 else 0.0


def residuals(table: Table, restored: NDArray[Any]) -> NDArray[np.float64]:
    """``out - in``, shape ``(row, variable)``; of angles the wrapped difference."""
    difference = restored.astype(np.float64) - table.values
    for place in table.angles:
        difference[:, place] = wrap(difference[:, place])
    return difference


def responses(table: Table, restored: NDArray[Any], place: int) -> NDArray[np.float64]:
    """The responses of one variable where they have a meaning."""
    values = table.values[:, place]
    far = np.abs(values) > NEAR_ZERO * np.median(np.abs(values)) if len(values) else np.zeros(0, np.bool_)
    return np.asarray(residuals(table, restored)[far, place] / values[far])


def quality(table: Table, restored: NDArray[Any]) -> tuple[Quality, ...]:
    """The quality of each variable of ``restored``, shape ``(row, variable)``."""
    difference = residuals(table, restored)
    found = []
    for place, name in enumerate(table.names):
        response = responses(table, restored, place)
        one = difference[:, place]
        low, high = np.quantile(response, [0.16, 0.84]) if len(response) else (0.0, 0.0)
        found.append(
            Quality(
                name,
                float(one.mean()) if len(one) else 0.0,
                _rms(one),
                float(response.mean()) if len(response) else 0.0,
                _rms(response),
                float(high - low) / 2,
                float(np.abs(one).max(initial=0.0)),
                len(response) / max(1, len(one)),
                float(table.values[:, place].std()) if len(one) else 0.0,
            )
        )
    return tuple(found)


def _rms(values: NDArray[np.float64]) -> float:
    return math.sqrt(float(np.mean(values * values))) if len(values) else 0.0


def worst(found: tuple[Quality, ...]) -> Quality:
    """The variable with the largest response rms."""
    return max(found, key=lambda one: one.response_rms)
