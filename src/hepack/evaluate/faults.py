"""Name what is wrong: swapped, shifted, scaled or constant columns, turned angles, duplicates, biases, NaN."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from hepack.evaluate.biases import biases
from hepack.evaluate.figures import Measured
from hepack.evaluate.pairing import FieldPair, Pairing
from hepack.evaluate.results import Finding, Floats, VariableResult
from hepack.evaluate.settings import Settings
from hepack.evaluate.setup import angle_range
from hepack.evaluate.suite import columns_of
from hepack.evaluate.survey import Survey
from hepack.table import EVENTS

ROWS = 4000
LAGS = (-3, -2, -1, 1, 2, 3)


def structure(
    before: Survey,
    after: Survey,
    missing: tuple[str, ...],
    extra: tuple[str, ...],
    differing: Mapping[str, int],
) -> Iterator[Finding]:
    """Missing variables, other numbers of events and objects, duplicates."""
    if missing:
        yield Finding(
            code="missing", severity="broken", subject=missing[0],
            text=f"{len(missing)} variables of the original are not in the other file: {listed(missing)}.",
            value=Measured(value=len(missing)),
        )  # fmt: skip
    if extra:
        yield Finding(
            code="extra", severity="note", subject=extra[0],
            text=f"{len(extra)} variables are in the other file only: {listed(extra)}.",
        )  # fmt: skip
    for axis, one in before.axes.items():
        two = after.axes.get(axis)
        if two is None:
            continue
        what = axis or "events"
        if one.entries != two.entries:
            change = two.entries - one.entries
            yield Finding(
                code="count", severity="broken", subject=what,
                text=f"{what}: the original has {one.entries:,} entries and the other file {two.entries:,}, "
                f"{abs(change):,} {'more' if change > 0 else 'fewer'} ({100 * change / max(one.entries, 1):+.3g} %)"
                + (f"; {differing[axis]:,} events have another number of them" if differing.get(axis) else "") + ".",
                value=Measured(value=change, count=one.entries),
            )  # fmt: skip
        elif one.shape_digest != two.shape_digest:
            yield Finding(
                code="count", severity="broken", subject=what,
                text=f"{what}: both files have {one.entries:,} entries, but they belong to other events"
                + (f" ({differing[axis]:,} events differ in their number)" if differing.get(axis) else "") + ".",
            )  # fmt: skip
        yield from _duplicates(what, before, after, axis)


def _duplicates(what: str, before: Survey, after: Survey, axis: str) -> Iterator[Finding]:
    one, two = before.axes[axis], after.axes[axis]
    inside = axis != EVENTS and one.within.seen > 0
    left, right = (one.within, two.within) if inside else (one.digests, two.digests)
    if not two.fields or len(two.fields) < 2:
        return
    have, found = left.duplicates(), right.duplicates()
    if found <= have:
        return
    share = (found - have) / max(two.entries, 1)
    grew = two.entries > one.entries
    if not grew and share < 1e-5:
        return
    where = " of the same event" if inside else ""
    severity = "broken" if grew or share > 1e-4 else "note"
    yield Finding(
        code="duplicated", severity=severity, subject=what,  # type: ignore[arg-type]
        text=f"{what}: {found:,} of {two.entries:,} entries ({100 * found / max(two.entries, 1):.2g} %) are exact "
        f"duplicates of another entry{where}; in the original {have:,} are.",
        value=Measured(value=found - have, count=two.entries),
    )  # fmt: skip


def columns(
    before: Survey, after: Survey, pairs: tuple[FieldPair, ...], pairing: Pairing
) -> Iterator[Finding]:
    """Columns that hold another column, are constant, scaled, or moved by some rows."""
    for axis in before.axes:
        names, one, two = columns_of(axis, before, after, pairs)
        if not names or not len(one) or not len(two):
            continue
        same_rows = pairing.paired and pairing.keep_before is None and len(one) == len(two)
        same_rows = same_rows and before.axes[axis].shape_digest == after.axes[axis].shape_digest
        yield from _constant(names, one, two)
        yield from _swapped(names, one, two, same_rows=same_rows)
        if same_rows:
            yield from _scaled(names, one, two)
        if (
            len(one) == len(two)
            and before.axes[axis].sample.stride == 1
            and (not same_rows or _all_differ(one, two))
        ):
            yield from _moved(axis, names, one, two)


def _all_differ(one: Floats, two: Floats) -> bool:
    """Whether rows that should be the same are far apart in most variables."""
    apart = _own_distances(one, two)
    known = apart[np.isfinite(apart)]
    return len(known) > 0 and float(np.median(known)) > 0.3


def _constant(names: list[str], one: Floats, two: Floats) -> Iterator[Finding]:
    for place, name in enumerate(names):
        left, right = one[:, place], two[:, place]
        left, right = left[np.isfinite(left)], right[np.isfinite(right)]
        if len(right) > 20 and len(left) > 20 and np.ptp(right) == 0 and np.ptp(left) > 0:
            yield Finding(
                code="constant", severity="broken", subject=name,
                text=f"{name} is {right[0]:.6g} throughout the other file; in the original it varies.",
            )  # fmt: skip


def _swapped(names: list[str], one: Floats, two: Floats, *, same_rows: bool) -> Iterator[Finding]:
    """Compare every column of the other file with every column of the original, in spreads of the latter."""
    if len(names) < 2:
        return
    apart = _distances(one, two, same_rows=same_rows)
    own = np.diag(apart).copy()
    near = 0.01 if same_rows else 0.02
    holds: dict[int, int] = {}
    for place in range(len(names)):
        others = apart[place].copy()
        others[place] = np.inf
        best = int(np.argmin(others))
        if others[best] < near and others[best] < 0.1 * own[place] and own[place] > 0.05 and own[best] > 0.05:
            holds[place] = best
    for place, best in holds.items():
        if holds.get(best) == place and best < place:
            continue
        if holds.get(best) == place:
            text = f"{names[place]} and {names[best]} are swapped: each holds the other's values."
            code = "swapped"
        else:
            text = f"{names[place]} of the other file holds the original's {names[best]}."
            code = "replaced"
        yield Finding(code=code, severity="broken", subject=f"{names[place]}, {names[best]}", text=text)


def _distances(one: Floats, two: Floats, *, same_rows: bool) -> Floats:
    """Median distance of column i of ``two`` from column j of ``one`` in spreads of the latter, ``[i, j]``."""
    if same_rows:
        one, two = _thinned(one), _thinned(two)
    else:  # other events: compare quantiles
        levels = np.linspace(0.02, 0.98, 97)
        one, two = (
            np.stack([_quantiles(rows[:, place], levels) for place in range(rows.shape[1])], axis=1)
            for rows in (one, two)
        )
    spread = _spreads(one)
    return np.stack([_apart(one, two[:, [place]], spread) for place in range(one.shape[1])])


def _own_distances(one: Floats, two: Floats) -> Floats:
    """The diagonal of `_distances` of the same rows."""
    one, two = _thinned(one), _thinned(two)
    return _apart(one, two, _spreads(one))


def _thinned(rows: Floats) -> Floats:
    return rows[:: max(1, len(rows) // ROWS)]


def _apart(one: Floats, two: Floats, spread: Floats) -> Floats:
    with np.errstate(all="ignore"):
        differences = np.abs(two - one)
        median = np.nanmedian(np.where(np.isfinite(differences), differences, 1e300), axis=0)
        return np.nan_to_num(median / spread, nan=np.inf, posinf=np.inf)


def _quantiles(values: Floats, levels: Floats) -> Floats:
    good = values[np.isfinite(values)]
    return np.asarray(np.quantile(good, levels)) if len(good) else np.full(len(levels), np.nan)


def _spread(values: Floats) -> float:
    good = values[np.isfinite(values)]
    if not len(good):
        return math.nan
    low, high = np.quantile(good, [0.16, 0.84])
    return float(high - low) / 2 or float(np.std(good)) or math.nan


def _spreads(rows: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return np.array([_spread(rows[:, place]) for place in range(rows.shape[1])])


def _scaled(names: list[str], one: Floats, two: Floats) -> Iterator[Finding]:
    for place, name in enumerate(names):
        with np.errstate(all="ignore"):
            ratio = two[:, place] / one[:, place]
        ratio = ratio[np.isfinite(ratio)]
        if len(ratio) < 50:
            continue
        low, middle, high = np.quantile(ratio, [0.1, 0.5, 0.9])
        if abs(middle - 1) > 0.3 and high - low < 0.02 * abs(middle) and np.ptp(one[:, place]) > 0:
            what = (
                "has the opposite sign" if abs(middle + 1) < 0.02 else f"is {middle:.5g} times the original's"
            )
            yield Finding(
                code="scaled", severity="broken", subject=name,
                text=f"{name} of the other file {what}" + (": another unit?" if middle > 0 else "."),
                value=Measured(value=float(middle), count=len(ratio)),
            )  # fmt: skip


def _moved(axis: str, names: list[str], one: Floats, two: Floats) -> Iterator[Finding]:
    """Rows that moved by a few places, or came in another order (small files only)."""
    for lag in LAGS:
        left, right = (one[lag:], two[:-lag]) if lag > 0 else (one[:lag], two[-lag:])
        apart = _own_distances(left, right)
        known = apart[np.isfinite(apart)]
        if len(left) > 50 and len(known) and float(np.median(known)) < 0.01:
            yield Finding(
                code="moved", severity="broken", subject=axis or "events",
                text=f"the rows of the other file are moved by {abs(lag)} {'up' if lag > 0 else 'down'}.",
            )  # fmt: skip
            return
    ordered = [np.sort(rows, axis=0) for rows in (one, two)]
    apart = _own_distances(*ordered)
    if len(one) > 50 and float(np.nanmax(apart[np.isfinite(apart)], initial=0.0)) < 1e-4:
        yield Finding(
            code="reordered", severity="broken", subject=axis or "events",
            text=f"both files have the same values of {listed(names)}, but the rows are in another order.",
        )  # fmt: skip


def variables(found: tuple[VariableResult, ...], settings: Settings) -> Iterator[Finding]:
    """Turned angles, NaN that came or went, broken promises and biases of single variables."""
    for item in found:
        if item.turned:
            yield Finding(
                code="turned", severity="broken", subject=item.name,
                text=f"{item.name}: {item.turned:,} of {item.paired:,} angles "
                f"({100 * item.turned / max(item.paired, 1):.3g} %) are wrapped by a whole turn and lie outside the "
                "original's range.",
                value=Measured(value=item.turned, count=item.paired),
            )  # fmt: skip
        if item.nan_mismatched:
            yield Finding(
                code="nan", severity="broken", subject=item.name,
                text=f"{item.name}: {item.nan_mismatched:,} values are NaN in one file only.",
                value=Measured(value=item.nan_mismatched, count=item.paired),
            )  # fmt: skip
        if item.promise and item.promise.violations:
            promise = item.promise
            yield Finding(
                code="bound", severity="broken", subject=item.name,
                text=f"{item.name}: {promise.violations:,} of {promise.checked:,} values break the promised "
                f"{promise.tolerance} ({promise.source}); the largest error is {promise.largest:.4g}.",
                value=Measured(value=promise.violations, count=promise.checked),
            )  # fmt: skip
        yield from biases(item, settings)


def lone_angles(before: Survey, after: Survey, pairs: tuple[FieldPair, ...]) -> Iterator[Finding]:
    """Angles out of the original's range, where events are not paired."""
    for pair in pairs:
        field, span, name = pair.before, angle_range(pair.before, before), pair.after.name
        two = after.axes[pair.after.axis]
        if span is None or name not in two.high:
            continue
        if two.low[name] < span[0] or two.high[name] > span[1]:
            values = two.column(name)
            outside = float(np.mean((values < span[0]) | (values > span[1])))
            yield Finding(
                code="turned", severity="broken", subject=field.name,
                text=f"{field.name}: angles of the other file (about {100 * outside:.3g} % of a sample) are wrapped "
                "by a whole turn and lie outside the original's range.",
                value=Measured(value=outside, count=len(values)),
            )  # fmt: skip


def listed(names: tuple[str, ...] | list[str], shown: int = 6) -> str:
    """The first names, and how many more there are."""
    head = ", ".join(names[:shown])
    return f"{head} and {len(names) - shown} more" if len(names) > shown else head
