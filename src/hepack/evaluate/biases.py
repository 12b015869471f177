"""Biases: mean deviations of one sign in neighbouring bins, significant and larger than allowed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.figures import Measured, Profile
from hepack.evaluate.results import Finding, Floats, VariableResult
from hepack.evaluate.settings import Settings
from hepack.evaluate.suite import NEARLY_CONSTANT

SIGNIFICANT = 5.0
FEWEST = 20


def biases(item: VariableResult, settings: Settings) -> Iterator[Finding]:
    """A mean deviation of one sign in neighbouring bins of pt, significant and larger than allowed."""
    if not item.profiles or item.kind in ("integer", "flag", "category", "text"):
        return
    profile = item.profiles[0]
    limit = settings.bias
    if item.measure == "residual":
        limit *= _width(item)
    runs = biased_runs(profile, limit)
    if not runs:
        return
    worst = max(runs, key=lambda run: abs(run[2]) * math.sqrt(run[3]))
    low, high, mean, count, significance = worst
    relative = item.measure == "response"
    size = f"{100 * abs(mean):.3g} %" if relative else f"{abs(mean):.3g} {item.unit}".rstrip()
    severity, note = (
        ("note", " The variable is nearly constant.") if _nearly_constant(item) else ("broken", "")
    )
    yield Finding(
        code="bias", severity=severity, subject=item.name,  # type: ignore[arg-type]
        text=f"{item.name} is too {'high' if mean > 0 else 'low'} by {size} on average {_range(profile, low, high)} "
        f"({count:,.0f} entries, {min(significance, 999):.0f} standard errors){_elsewhere(profile, runs, relative)}."
        + note,
        value=Measured(value=mean, error=abs(mean) / max(significance, 1e-9), count=int(count)),
    )  # fmt: skip


def _nearly_constant(item: VariableResult) -> bool:
    weights, edges = item.before.counts, item.before.edges
    centre = abs(float(edges[int(np.argmax(weights))]))
    return _width(item) < max(NEARLY_CONSTANT * centre, 0.0) or bool(
        weights.max(initial=0) >= 0.999 * weights.sum()
    )


def _width(item: VariableResult) -> float:
    """Standard deviation of the original's spectrum."""
    centres = 0.5 * (item.before.edges[1:] + item.before.edges[:-1])
    weights = item.before.counts
    total = weights.sum()
    if total <= 0:
        return math.inf
    mean = float((centres * weights).sum() / total)
    return float(np.sqrt(((centres - mean) ** 2 * weights).sum() / total)) or math.inf


def biased_runs(profile: Profile, limit: float) -> list[tuple[float, float, float, float, float]]:
    """Runs of neighbouring biased bins: low and high edge, mean, count, significance."""
    with np.errstate(all="ignore"):
        floor = np.maximum(profile.mean_error, 1e-12)
        flagged = (profile.count >= FEWEST) & (np.abs(profile.mean) > limit)
        flagged &= np.abs(profile.mean) > SIGNIFICANT * floor
        signs = np.where(flagged, np.sign(profile.mean), 0)
        unsure = ~flagged & ((profile.count < FEWEST) | (np.abs(profile.mean) > limit))
    runs: list[tuple[float, float, float, float, float]] = []
    place = 0
    while place < len(signs):
        if signs[place] == 0:
            place += 1
            continue
        end = _run_end(signs, unsure, place)
        part = slice(place, end + 1)
        filled = profile.count[part] > 0
        counts, means, errors = (x[part][filled] for x in (profile.count, profile.mean, floor))
        count = float(counts.sum())
        mean = float((means * counts).sum() / count)
        error = math.sqrt(float(((errors * counts) ** 2).sum())) / count
        runs.append(
            (float(profile.edges[place]), float(profile.edges[end + 1]), mean, count, abs(mean) / error)
        )
        place = end + 1
    return runs


def _run_end(signs: Floats, unsure: NDArray[np.bool_], start: int) -> int:
    """The last bin of a run of one sign; bins with too few entries to tell do not end it."""
    end = place = start
    while place + 1 < len(signs) and (signs[place + 1] == signs[start] or unsure[place + 1]):
        place += 1
        if signs[place] != 0:
            end = place
    return place if place == len(signs) - 1 else end


def _range(profile: Profile, low: float, high: float) -> str:
    by, unit = profile.by, f" {profile.unit}" if profile.unit else ""
    first, last = low <= profile.edges[0], high >= profile.edges[-1]
    if first and last:
        return "everywhere"
    if last:
        return f"for {by} above {low:.4g}{unit}"
    if first:
        return f"for {by} below {high:.4g}{unit}"
    return f"for {by} from {low:.4g} to {high:.4g}{unit}"


def _elsewhere(profile: Profile, runs: list[tuple[float, float, float, float, float]], relative: bool) -> str:
    outside = np.ones(len(profile.count), bool)
    for low, high, *_ in runs:
        outside &= ~((profile.edges[:-1] >= low) & (profile.edges[1:] <= high))
    outside &= profile.count >= FEWEST
    if not outside.any():
        return ""
    total = profile.count[outside].sum()
    mean = float((profile.mean[outside] * profile.count[outside]).sum() / total)
    size = f"{100 * mean:+.2g} %" if relative else f"{mean:+.2g}"
    more = f", {len(runs) - 1} more biased ranges" if len(runs) > 1 else ""
    return f"; elsewhere the mean is {size}{more}"
