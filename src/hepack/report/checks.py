"""Checks of one table: each promise with its figure, its limit, and whether it holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from hepack.evaluate.figures import Measured
from hepack.evaluate.results import CrossingResult, TableComparison, VariableResult
from hepack.report.policy import Limits
from hepack.report.words import of, percent, signed_percent

Status = Literal["fail", "unclear", "pass", "not tested"]


STATES: tuple[Status, ...] = get_args(Status)
"""The worst first."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """``code`` is stable. ``unclear``: over the limit, but within two standard errors of it; it does not fail."""

    code: str
    title: str
    status: Status
    figure: str
    limit: str
    sentence: str


def table_checks(table: TableComparison, limits: Limits) -> Iterator[Check]:
    """Every check of a table, those that could not be made included."""
    yield _faults(table, limits)
    yield _bound(table, limits)
    yield _bias(table)
    yield from _resolution(table, limits)
    yield from _masses(table, limits)
    yield from _turn_ons(table, limits)
    yield from _crossings(table, limits)
    yield from _selections(table, limits)
    yield from _tests(table, limits)


def _untested(code: str, title: str, limit: str, why: str) -> Check:
    return Check(
        code=code,
        title=title,
        status="not tested",
        figure=why,
        limit=limit,
        sentence=f"{title} not tested: {why}.",
    )


def _faults(table: TableComparison, limits: Limits) -> Check:
    found = [f for f in table.findings if f.severity == "broken" and f.code not in ("bias", "bound")]
    kinds = ", ".join(f"{f.code} ({f.subject})" for f in found[:4]) + (" ..." if len(found) > 4 else "")
    return Check(
        code="faults", title="no named fault", status="fail" if len(found) > limits.faults else "pass",
        figure=kinds if found else "0", limit=f"at most {limits.faults:.0f}",
        sentence=f"{len(found)} faults were found: {kinds}."
        if found
        else "No column is missing, swapped, scaled, constant or out of its range; no entry is duplicated.",
    )  # fmt: skip


def _bound(table: TableComparison, limits: Limits) -> Check:
    promised = [item for item in table.variables if item.promise is not None and item.promise.checked]
    limit = f"at most {limits.bound:.0f} values"
    if not promised:
        why = (
            "events are not paired"
            if not table.paired
            else "no tolerance was promised (--tolerance, or a packed file)"
        )
        return _untested("bound", "bound kept", limit, why)
    checked = sum(item.promise.checked for item in promised if item.promise)
    broken = sum(item.promise.violations for item in promised if item.promise)
    worst = [item.name for item in promised if item.promise and item.promise.violations]
    sentence = f"All {checked:,} values of {len(promised)} variables are within their tolerances, checked one by one."
    if broken:
        sentence = f"{broken:,} of {checked:,} values break their tolerance, in {', '.join(worst[:6])}."
    return Check(
        code="bound", title="bound kept", status="fail" if broken > limits.bound else "pass",
        figure=f"{broken:,} of {checked:,} values break it", limit=limit, sentence=sentence,
    )  # fmt: skip


def _bias(table: TableComparison) -> Check:
    found = [f for f in table.findings if f.code == "bias" and f.severity == "broken"]
    if not table.paired:
        return _untested("bias", "no bias in bins", "", "events are not paired")
    return Check(
        code="bias", title="no bias in bins", status="fail" if found else "pass",
        figure=", ".join(f.subject for f in found[:4]) + (" ..." if len(found) > 4 else "") if found else "none",
        limit="none significant", sentence=found[0].text if found else
        "In no bin of pt is the mean response of any variable both significant and over the limit.",
    )  # fmt: skip


def _resolution(table: TableComparison, limits: Limits) -> Iterator[Check]:
    for code, title, roles, limit in (
        ("resolution", "resolution of momenta", ("pt", "mass", "energy", "met pt"), limits.resolution),
        ("direction", "resolution of directions", ("eta", "phi", "met phi"), limits.direction),
    ):
        text = f"rms at most {percent(limit) if code == 'resolution' else f'{limit:g}'}"
        found = [
            (item, _rms(item))
            for item in table.variables
            if item.role in roles and not math.isnan(_rms(item))
        ]
        if not found:
            why = "events are not paired" if not table.paired else "no momenta were recognised"
            yield _untested(code, title, text, why)
            continue
        item, rms = max(found, key=lambda pair: pair[1])
        show = percent(rms) if item.measure == "response" else f"{rms:.3g}"
        bad = [
            f"{v.name} {percent(r) if v.measure == 'response' else f'{r:.3g}'}" for v, r in found if r > limit
        ]
        what = "momentum or mass" if code == "resolution" else "direction"
        sentence = f"The largest rms {item.measure} of any {what} is {show} ({item.name})."
        if bad:
            sentence = (
                f"The rms {item.measure} is over the limit of {text.split()[-2 if '%' in text else -1]}"
            )
            sentence += f"{' %' if '%' in text else ''}: {', '.join(bad[:6])}{_worst_bin(item)}."
        yield Check(
            code=code, title=title, status="fail" if bad else "pass", figure=f"{show} ({item.name})", limit=text,
            sentence=sentence,
        )  # fmt: skip


def _rms(item: VariableResult) -> float:
    return math.nan if item.moments is None else item.moments.rms


def _worst_bin(item: VariableResult) -> str:
    if not item.profiles:
        return ""
    profile = item.profiles[0]
    filled = [i for i in range(len(profile.count)) if profile.count[i] >= 20]
    if not filled:
        return ""
    worst = max(filled, key=lambda i: profile.rms[i])
    value = percent(float(profile.rms[worst])) if item.measure == "response" else f"{profile.rms[worst]:.3g}"
    low, high = profile.edges[worst], profile.edges[worst + 1]
    return (
        f" (worst for {item.name}: {value} for {profile.by} from {low:.4g} to {high:.4g} {profile.unit}".rstrip()
        + ")"
    )


def _status(measured: Measured, limit: float) -> Status:
    size = abs(measured.value)
    if size <= limit:
        return "pass"
    if not math.isnan(measured.error) and size - 2 * measured.error <= limit:
        return "unclear"
    return "fail"


def _masses(table: TableComparison, limits: Limits) -> Iterator[Check]:
    limit = f"shift at most {percent(limits.mass_shift)}, width {percent(limits.mass_width)}"
    found = [q for q in table.quantities if q.mass and q.shift is not None and q.broadening is not None]
    for quantity in found:
        assert quantity.shift is not None
        assert quantity.broadening is not None
        states = (_status(quantity.shift, limits.mass_shift), _status(quantity.broadening, limits.mass_width))
        status: Status = "fail" if "fail" in states else "unclear" if "unclear" in states else "pass"
        title = quantity.title.split(",")[0]
        yield Check(
            code="mass", title=f"{title} ({quantity.name})", status=status, limit=limit,
            figure=f"{signed_percent(quantity.shift)}, width {signed_percent(quantity.broadening)}",
            sentence=f"The {title} peak moves by {signed_percent(quantity.shift)} and its width by "
            f"{signed_percent(quantity.broadening)}.",
        )  # fmt: skip
    gone = [q for q in table.quantities if q.mass and q.peak_before is not None and q.peak_after is None]
    for quantity in gone:
        yield Check(
            code="mass", title=f"{quantity.title.split(',')[0]} ({quantity.name})", status="fail", limit=limit,
            figure="no peak left", sentence=f"The peak of the {quantity.title} is gone: {quantity.reason}.",
        )  # fmt: skip
    if not found and not gone:
        yield _untested("mass", "masses", limit, "no mass peak with enough candidates")


def _turn_ons(table: TableComparison, limits: Limits) -> Iterator[Check]:
    limit = f"shift at most {percent(limits.turn_on_shift)}"
    found = [turn for turn in table.turn_ons if turn.shift is not None]
    if not found:
        yield _untested("turn-on", "trigger turn-ons", limit, "no trigger object with enough events")
    for turn in found:
        assert turn.shift is not None
        yield Check(
            code="turn-on", title=f"turn-on, {turn.title} {turn.threshold:g} GeV",
            status=_status(turn.shift, limits.turn_on_shift), figure=signed_percent(turn.shift), limit=limit,
            sentence=f"The {turn.title} turn-on at {turn.threshold:g} GeV moves by {signed_percent(turn.shift)}; "
            f"{turn.switched_on or 0:,} events switch on and {turn.switched_off or 0:,} off at the sharp threshold.",
        )  # fmt: skip


def _crossings(table: TableComparison, limits: Limits) -> Iterator[Check]:
    limit = f"at most {percent(limits.crossing)} made or lost"
    found = [c for c in table.crossings if c.made_fraction is not None and c.above_before + c.above_after]
    if not found:
        yield _untested("crossing", "objects that cross a cut", limit, "no paired objects with a pt")
        return
    for kind in dict.fromkeys(c.kind for c in found):
        worst = max((c for c in found if c.kind == kind), key=_crossed)
        assert worst.made_fraction is not None
        assert worst.lost_fraction is not None
        lows = worst.made_fraction.wide[0], worst.lost_fraction.wide[0]
        status: Status = "pass" if _crossed(worst) <= limits.crossing else "unclear"
        if max(lows) > limits.crossing:
            status = "fail"
        yield Check(
            code="crossing", title=f"{kind} that cross a cut", status=status, limit=limit,
            figure=f"{worst.made:,} made, {worst.lost:,} lost at {worst.threshold:g} GeV "
            f"({percent(_crossed(worst))})",
            sentence=f"At {worst.threshold:g} GeV, the worst of the cuts, {of(worst.made_fraction)} of the {kind} "
            f"above the cut were made, and {of(worst.lost_fraction)} lost.",
        )  # fmt: skip


def _crossed(item: CrossingResult) -> float:
    parts = [
        part.value for part in (item.made_fraction, item.lost_fraction) if part is not None and part.total
    ]
    return max(parts, default=0.0)


def _selections(table: TableComparison, limits: Limits) -> Iterator[Check]:
    limit = f"purity and efficiency at least {limits.selection:g}"
    for item in table.selections:
        if item.reason:
            yield Check(
                code="selection", title=f"selection {item.expression}", status="fail", figure="cannot be applied",
                limit=limit, sentence=f"The selection '{item.expression}' cannot be applied: {item.reason}.",
            )  # fmt: skip
            continue
        if item.efficiency is None or item.purity is None or not item.purity.total:
            yield _untested("selection", f"selection {item.expression}", limit, "no paired events pass")
            continue
        worst = min((item.efficiency, item.purity), key=lambda part: part.value)
        status: Status = "pass" if worst.value >= limits.selection else "unclear"
        if worst.wide[1] < limits.selection:
            status = "fail"
        yield Check(
            code="selection", title=f"selection {item.expression}", status=status, limit=limit,
            figure=f"efficiency {item.efficiency.value:.5f}, purity {item.purity.value:.5f}",
            sentence=f"Of the events that pass '{item.expression}', {of(item.efficiency)} still pass, and "
            f"{of(item.purity)} of those that pass now passed before.",
        )  # fmt: skip


def _tests(table: TableComparison, limits: Limits) -> Iterator[Check]:
    tests = table.tests
    if tests is None or not tests.variables:
        yield _untested("tests", "two-sample tests", f"p at least {limits.p_value:g}", "too few entries")
    else:
        worst = min(tests.variables, key=lambda test: test.p_holm)
        bad = [test.variable for test in tests.variables if test.p_holm < limits.p_value]
        yield Check(
            code="tests", title="two-sample tests", status="fail" if bad else "pass",
            figure=f"smallest corrected p {worst.p_holm:.2g} ({worst.variable})",
            limit=f"p at least {limits.p_value:g}",
            sentence=f"{len(bad)} of {len(tests.variables)} variables are distributed differently: "
            f"{', '.join(bad[:8])}{' ...' if len(bad) > 8 else ''}."
            if bad else f"No variable of {len(tests.variables)} is distributed differently (KS, chi2, Wasserstein, "
            f"energy distance; smallest corrected p {worst.p_holm:.2g}, {worst.variable}).",
        )  # fmt: skip
    for item in tests.classifiers if tests is not None else ():
        name = f"boosted tree on {item.axis or 'events'}"
        if item.reason:
            yield _untested("auc", name, f"AUC at most {limits.auc:g}", item.reason)
            continue
        distance = Measured(value=max(item.auc.value - 0.5, 0.0), error=item.auc.error)
        status = _status(distance, limits.auc - 0.5)
        gave_away = [n for n, (loss, error) in item.importances.items() if loss > max(3 * error, 0.005)][:3]
        told = f"; it is {', '.join(gave_away)} that gives it away" if gave_away and status != "pass" else ""
        yield Check(
            code="auc", title=name, status=status, limit=f"AUC at most {limits.auc:g}",
            figure=f"AUC {item.auc.value:.4f} ± {item.auc.error:.4f}",
            sentence=f"A boosted tree tells the {item.axis or 'event'} entries of the two files apart with an AUC of "
            f"{item.auc.value:.4f} ± {item.auc.error:.4f}{told}.",
        )  # fmt: skip
