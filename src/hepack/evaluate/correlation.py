"""Linear correlations before and after, and of the residuals."""

from __future__ import annotations

import numpy as np

from hepack.evaluate.results import CorrelationResult, Floats
from hepack.physics.kinematics import wrap

MOST = 40
"""Variables of an axis beyond which only the first are shown."""


def correlate(
    axis: str, names: list[str], before: Floats, after: Floats, periods: list[float | None], *, paired: bool
) -> CorrelationResult | None:
    """Correlations from samples of shape ``(row, variable)``; None with fewer than two variables or ten rows."""
    names, periods = names[:MOST], periods[:MOST]
    before, after = before[:, :MOST], after[:, :MOST]
    if len(names) < 2 or len(before) < 10 or len(after) < 10:
        return None
    one, two = matrix(before), matrix(after)
    residuals = None
    if paired and before.shape == after.shape:
        with np.errstate(all="ignore"):
            difference = after - before
        for place, period in enumerate(periods):
            if period is not None:
                difference[:, place] = wrap(difference[:, place], period)
        residuals = matrix(difference)
    change = np.abs(np.nan_to_num(two - one))
    row, column = divmod(int(np.argmax(change)), change.shape[1])
    return CorrelationResult(
        axis=axis, names=tuple(names), sampled=len(before), before=one, after=two, residuals=residuals,
        largest_change=float(change[row, column]), changed_pair=(names[row], names[column]),
    )  # fmt: skip


def matrix(rows: Floats) -> Floats:
    """Pearson correlations of columns; NaN for a constant one. Rows that are not finite are left out."""
    good = rows[np.isfinite(rows).all(axis=1)]
    if len(good) < 3:
        return np.full((rows.shape[1],) * 2, np.nan)
    with np.errstate(all="ignore"):
        centred = good - good.mean(axis=0)
        scale = np.sqrt((centred**2).mean(axis=0))
        scaled = np.where(scale > 1e-12 * np.abs(good).max(axis=0), centred / scale, np.nan)
        return np.asarray(np.clip(scaled.T @ scaled / len(good), -1, 1))
