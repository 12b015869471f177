"""How well a score tells signal from background: ROC, efficiencies at fixed false-positive rates, significance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.intervals import clopper_pearson_bins
from hepack.triggering.rates import Area, Share, auc, events_needed, threshold_at

Floats = NDArray[np.float64]

RATES = (1e-2, 1e-3, 1e-4, 1e-5)
FEWEST_PASSING = 10
"""Background events above the cut for a significance improvement to be quoted: its error is then 16 %."""
POINTS = 60


@dataclass(frozen=True)
class Efficiency:
    """``share`` of the signal above the cut that at most ``rate`` of the background passes; None where the
    background has too few events for that, ``needed`` says how many it takes."""

    rate: float
    share: Share | None
    needed: int


@dataclass(frozen=True, eq=False)
class Roc:
    """Shares of background and signal above falling cuts, with central 68 % Clopper-Pearson intervals."""

    background: Floats
    signal: Floats
    signal_low: Floats
    signal_high: Floats


@dataclass(frozen=True, eq=False)
class Quality:
    """One method on one signal. ``improvement`` is the largest ``efficiency / sqrt(rate)`` (arXiv:2101.08320,
    sec. 3.1), ``improvement_at`` the background share there; NaN where the background is too small."""

    method: str
    signal: str
    area: Area
    efficiencies: tuple[Efficiency, ...]
    improvement: float
    improvement_at: float
    roc: Roc
    events: tuple[int, int]


def assess(method: str, signal: str, background: Floats, found: Floats) -> Quality:
    """Compare scores of background and signal events, neither of which the method was fitted to.

    Raises:
        BadRequestError: fewer than two events of one.
    """
    area = auc(background, found)
    efficiencies = tuple(_efficiency(rate, background, found) for rate in RATES)
    best, at = _improvement(background, found)
    roc = _roc(background, found)
    return Quality(method, signal, area, efficiencies, best, at, roc, (len(background), len(found)))


def _efficiency(rate: float, background: Floats, signal: Floats) -> Efficiency:
    needed = events_needed(rate)
    if len(background) < needed:
        return Efficiency(rate, None, needed)
    cut = threshold_at(background, rate)
    return Efficiency(rate, Share(int((signal >= cut).sum()), len(signal)), needed)


def _passing(scores: Floats, cuts: Floats) -> NDArray[np.int64]:
    return len(scores) - np.searchsorted(np.sort(scores), cuts, side="left")


def _improvement(background: Floats, signal: Floats) -> tuple[float, float]:
    cuts = np.unique(background)
    false = _passing(background, cuts)
    usable = false >= FEWEST_PASSING
    if not usable.any():
        return math.nan, math.nan
    rates = false[usable] / len(background)
    values = _passing(signal, cuts[usable]) / len(signal) / np.sqrt(rates)
    best = int(np.argmax(values))
    return float(values[best]), float(rates[best])


def _roc(background: Floats, signal: Floats) -> Roc:
    shares = np.unique(
        np.concatenate([np.geomspace(1 / len(background), 1, POINTS), np.linspace(0.02, 1, 25)])
    )
    ordered = np.sort(background)[::-1]
    cuts = ordered[np.clip(np.ceil(shares * len(ordered)).astype(int) - 1, 0, len(ordered) - 1)]
    false, true = _passing(background, cuts), _passing(signal, cuts)
    low, high = clopper_pearson_bins(true, np.full(len(true), len(signal)))
    return Roc(false / len(background), true / len(signal), low, high)


@dataclass(frozen=True, eq=False)
class Profile:
    """Quartiles of a method's scores in bins of a quantity; ``edges`` hold equal numbers of background events."""

    quantity: str
    edges: Floats
    quartiles: Mapping[str, Floats]


def profile(
    quantity: str, background: Floats, parts: Mapping[str, tuple[Floats, Floats]], bins: int = 10
) -> Profile:
    """``parts``: process -> quantity and score of its events; ``background``: the quantity that sets the bins.

    The quartiles have shape ``(bin, 3)``; NaN in bins with fewer than 4 events.
    """
    edges = np.unique(np.nanquantile(background, np.linspace(0, 1, bins + 1)))
    found: dict[str, Floats] = {}
    for name, (values, scores) in parts.items():
        place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(0, len(edges) - 2))
        rows = [scores[(place == i) & np.isfinite(values)] for i in range(max(1, len(edges) - 1))]
        found[name] = np.array(
            [np.quantile(r, [0.25, 0.5, 0.75]) if len(r) >= 4 else [np.nan] * 3 for r in rows]
        )
    return Profile(quantity, edges, found)


def correlation(values: Floats, scores: Floats) -> float:
    """Spearman's rank correlation of a quantity and a score; NaN where one never varies."""
    known = np.isfinite(values) & np.isfinite(scores)
    if known.sum() < 3:
        return math.nan
    first, second = (_ranks(each[known]) for each in (values, scores))
    if first.std() == 0 or second.std() == 0:
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Floats) -> Floats:
    """Places in order, ties sharing their mean place."""
    ordered = np.sort(values)
    left, right = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    ranks: Floats = (left + right) / 2.0
    return ranks


def best(qualities: Sequence[Quality]) -> Quality:
    """The one with the largest area."""
    return max(qualities, key=lambda quality: quality.area.value)
