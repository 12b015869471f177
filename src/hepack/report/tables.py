"""The tables of the page."""

from __future__ import annotations

from collections.abc import Callable

from hepack._sizes import size
from hepack.evaluate.costs import CostResult
from hepack.evaluate.figures import Fraction, Moments
from hepack.evaluate.results import Comparison, TableComparison, VariableResult
from hepack.report.checks import STATES
from hepack.report.markup import Cell, count, escape, items, number, paragraph, table
from hepack.report.verdict import Verdict
from hepack.report.words import percent, plain, signed_percent, with_error

SYMBOLS = {"pass": "✓ pass", "fail": "✗ fail", "unclear": "? unclear", "not tested": "– not tested"}


def _shower(relative: bool) -> Callable[[float], str]:
    """How a deviation is written: in per cent, or as it is."""
    return percent if relative else lambda value: f"{value:.3g}"


def verdict_table(verdict: Verdict) -> str:
    """Each check with its figure, limit and status."""
    rows: list[list[Cell | str]] = [
        [
            Cell(
                SYMBOLS[check.status], float(STATES.index(check.status)), f"status {check.status.replace(' ', '-')}"
            ),
            check.title, check.figure, check.limit,
        ]
        for check in verdict.checks
    ]  # fmt: skip
    return table(("status", "promise", "found", "limit"), rows, css="verdict")


def sample_table(comparison: Comparison) -> str:
    """What the two files are."""
    rows: list[list[Cell | str]] = []
    for item in comparison.tables:
        for title, info in (("original", item.original), ("other", item.other)):
            entries = ", ".join(f"{n:,} {name}" for name, n in list(info.entries.items())[:8])
            rows.append(
                [
                    title,
                    info.file,
                    info.format,
                    info.table,
                    count(info.events),
                    entries,
                    number(info.bytes, size(info.bytes)),
                ]
            )
    return table(("", "file", "format", "table", "events", "objects", "size"), rows)


def variable_table(item: TableComparison) -> str:
    """A row for each variable, sortable by what changed most."""
    header = (
        "variable", "of", "measure", "entries", "changed", "mean", "rms", "16 %", "84 %", "largest", "beyond 3 σ",
        "NaN before", "NaN after", "tolerance", "broken", "largest error",
    )  # fmt: skip
    return table(header, [_variable_row(v) for v in item.variables])


def _variable_row(v: VariableResult) -> list[Cell | str]:
    response = v.measure == "response"
    moments = v.moments
    promise = v.promise
    entries = v.paired or v.count_before
    row: list[Cell | str] = [
        v.name + (f" [{v.unit}]" if v.unit else ""), v.axis or "events", v.measure if moments else "", count(entries),
        count(v.changed if v.paired else None), *_moment_cells(moments, response),
        count(v.nan_before), count(v.nan_after), promise.tolerance if promise else "",
    ]  # fmt: skip
    broken = promise.violations if promise else None
    row.append(
        Cell(
            "" if broken is None else f"{broken:,}",
            broken if broken is not None else -1.0,
            "bad" if broken else "",
        )
    )
    row.append(number(promise.largest if promise else None))
    return row


def _moment_cells(moments: Moments | None, response: bool) -> list[Cell]:
    if moments is None:
        return [Cell("", -1e308)] * 6
    show = _shower(response)
    largest = max(abs(moments.low), abs(moments.high))
    quantiles = moments.quantiles or (float("nan"),) * 7
    return [
        number(moments.mean, f"{show(moments.mean)} ± {show(moments.mean_error)}"),
        number(moments.rms, show(moments.rms)),
        number(quantiles[2], show(quantiles[2])), number(quantiles[4], show(quantiles[4])),
        number(largest, show(largest)), number(moments.beyond_3, percent(moments.beyond_3)),
    ]  # fmt: skip


def group_table(item: TableComparison) -> str:
    """Deviations by kind of object and by process."""
    rows: list[list[Cell | str]] = []
    for group in item.groups:
        moments = group.moments
        if moments is None:
            continue
        response = group.measure == "response"
        show = _shower(response)
        rows.append(
            [
                group.group, group.variable, group.measure, count(moments.count),
                number(moments.mean, f"{show(moments.mean)} ± {show(moments.mean_error)}"),
                number(moments.rms, show(moments.rms)), number(moments.low, show(moments.low)),
                number(moments.high, show(moments.high)),
            ]
        )  # fmt: skip
    return (
        table(("kind", "variable", "measure", "entries", "mean", "rms", "min", "max"), rows) if rows else ""
    )


def quantity_table(item: TableComparison) -> str:
    """Masses and other numbers of events."""
    rows: list[list[Cell | str]] = []
    for q in item.quantities:
        if not q.count_before and not q.count_after:
            continue
        peaks = [with_error(p.position) if p else "" for p in (q.peak_before, q.peak_after)]
        widths = [with_error(p.width) if p else "" for p in (q.peak_before, q.peak_after)]
        deviation = q.deviation
        most = max(-deviation.low, deviation.high) if deviation else 0.0
        show = _shower(not q.integer)
        rows.append(
            [
                q.title, count(q.count_before), count(q.count_after), *peaks,
                signed_percent(q.shift) if q.shift else "",
                *widths, signed_percent(q.broadening) if q.broadening else "",
                number(deviation.mean, show(deviation.mean)) if deviation else "",
                number(deviation.rms, show(deviation.rms)) if deviation else "",
                number(most, show(most)) if deviation else "",
                q.reason,
            ]
        )  # fmt: skip
    header = (
        "quantity", "events before", "after", "peak before", "after", "shift", "width before", "after", "change",
        "mean event by event", "rms", "largest", "remark",
    )  # fmt: skip
    return table(header, rows) if rows else ""


def crossing_table(item: TableComparison) -> str:
    """Objects that cross a cut."""
    rows: list[list[Cell | str]] = []
    for c in item.crossings:
        if not (c.above_before or c.above_after):
            continue
        rows.append(
            [
                c.kind, c.variable, number(c.threshold, f"{c.threshold:g}"), count(c.above_before),
                count(c.above_after),
                count(c.made), count(c.lost), _fraction(c.made_fraction), _wilson(c.made_fraction),
                _fraction(c.lost_fraction), _wilson(c.lost_fraction),
            ]
        )  # fmt: skip
    header = (
        "kind", "variable", "cut [GeV]", "above before", "above after", "made", "lost", "made, Clopper-Pearson",
        "made, Wilson", "lost, Clopper-Pearson", "lost, Wilson",
    )  # fmt: skip
    return table(header, rows) if rows else ""


def _fraction(part: Fraction | None) -> Cell:
    if part is None or not part.total:
        return Cell("", -1.0)
    low, high = part.clopper_pearson
    return Cell(f"{100 * part.value:.3g} % [{100 * low:.3g}, {100 * high:.3g}]", part.value)


def _wilson(part: Fraction | None) -> Cell:
    if part is None or not part.total:
        return Cell("", -1.0)
    return Cell(f"[{100 * part.wilson[0]:.3g}, {100 * part.wilson[1]:.3g}] %", part.wilson[1])


def selection_table(item: TableComparison) -> str:
    """Purity and efficiency of selections."""
    rows: list[list[Cell | str]] = [
        [
            s.expression, count(s.events), count(s.passed_before), count(s.passed_after), count(s.both),
            _fraction(s.efficiency), _fraction(s.purity), s.reason,
        ]
        for s in item.selections
    ]  # fmt: skip
    header = ("selection", "events", "pass before", "pass after", "both", "efficiency", "purity", "remark")
    return table(header, rows) if rows else ""


def turn_on_table(item: TableComparison) -> str:
    """Fitted trigger thresholds."""
    rows: list[list[Cell | str]] = []
    for t in item.turn_ons:
        before, after = t.fit_before, t.fit_after
        rows.append(
            [
                t.title, number(t.threshold), with_error(before[0]) if before else "",
                with_error(after[0]) if after else "",
                signed_percent(t.shift) if t.shift else "", with_error(before[1]) if before else "",
                with_error(after[1]) if after else "", count(t.switched_on), count(t.switched_off),
                signed_percent(t.step_shift) if t.step_shift else "", t.reason,
            ]
        )  # fmt: skip
    header = (
        "trigger", "threshold [GeV]", "fit before", "fit after", "shift", "width before", "width after", "switched on",
        "switched off", "shift of the sharp threshold", "remark",
    )  # fmt: skip
    return table(header, rows) if rows else ""


def test_table(item: TableComparison) -> str:
    """Two-sample tests."""
    if item.tests is None or not item.tests.variables:
        return ""
    rows: list[list[Cell | str]] = [
        [
            t.variable, t.axis or "events", count(min(t.count)), number(t.ks), number(t.ks_p),
            number(t.chi2, f"{t.chi2:.1f} / {t.chi2_degrees}"),
            number(t.chi2_p), number(t.wasserstein), number(t.wasserstein_p), number(t.energy), number(t.energy_p),
            number(t.p_holm, css="bad" if t.p_holm < 1e-3 else ""), number(t.q),
        ]
        for t in item.tests.variables
    ]  # fmt: skip
    header = (
        "variable", "of", "entries", "KS", "p", "chi2 / degrees", "p", "Wasserstein [σ]", "p", "energy distance", "p",
        "p, Holm", "q, Benjamini-Hochberg",
    )  # fmt: skip
    note = (
        "Both files hold the same events, so a random half of the entries was taken from the original and the other "
        "half from the other file." if item.tests.disjoint else "The files are independent samples."
    )  # fmt: skip
    joint = [
        f"All variables of {axis or 'events'} together: energy distance {distance:.3g} σ, p = {p:.3g}."
        for axis, (distance, p) in item.tests.joint_energy.items()
    ]
    return paragraph(note) + table(header, rows) + items(joint)


def cost_tables(cost: CostResult) -> str:
    """Sizes, speed, and a row for each variable."""
    after, events = max(cost.other_bytes, 1), max(cost.events, 1)
    facts: list[list[Cell | str]] = [
        ["original file", size(cost.original_bytes)], ["other file", size(cost.other_bytes)],
        ["ratio of the files", f"{cost.original_bytes / after:.3f}"],
        ["columns in memory", f"{size(cost.raw_bytes)}, {cost.raw_bytes / after:.3f} x the other file"],
        ["bytes per event", f"{cost.original_bytes / events:.1f} before, {cost.other_bytes / events:.1f} after"],
    ]  # fmt: skip
    for title, value in (
        ("CPU to encode an event", cost.encode_cpu), ("CPU to decode an event", cost.decode_cpu),
        ("wall time to encode an event", cost.encode_wall), ("wall time to decode an event", cost.decode_wall),
    ):  # fmt: skip
        if value is not None:
            facts.append([title, f"{1e6 * value:.3g} µs"])
    if cost.packed:
        facts.append(["learned model in the file", size(cost.model_bytes)])
        facts.append(["names, index and digests", size(cost.overhead_bytes)])
    if cost.peak_memory:
        facts.append(["peak memory of the comparison", size(cost.peak_memory)])
    text = "".join(
        f"<tr><th scope='row'>{escape(str(a))}</th><td>{escape(str(b))}</td></tr>" for a, b in facts
    )
    text = f'<table class="facts"><tbody>{text}</tbody></table>' + items(cost.notes)
    if cost.variables:
        rows: list[list[Cell | str]] = [
            [
                v.name, number(v.raw_bytes, size(v.raw_bytes)), number(v.packed_bytes, size(v.packed_bytes)),
                number(v.bits_per_value, f"{v.bits_per_value:.2f}"), v.tolerance, v.coder,
            ]
            for v in cost.variables
        ]  # fmt: skip
        text += table(("variable", "raw", "packed", "bits per value", "tolerance", "coded as"), rows)
    if cost.curve:
        points: list[list[Cell | str]] = [
            [
                p.compressor,
                number(p.tolerance),
                count(p.bytes),
                number(p.bits_per_value, plain(p.bits_per_value)),
            ]
            for p in cost.curve
        ]
        text += table(("compressor", "tolerance", "bytes", "bits per value"), points)
    return text
