"""The page of `hepack monitor`: what moved first, runs, charts, maps, distributions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hepack._atomic import replacing
from hepack._version import __version__
from hepack.monitoring.record import leading_charts
from hepack.monitoring.results import MonitorResult
from hepack.report.markup import Cell, count, escape, figure, items, number, paragraph, section, table
from hepack.report.page import assembled
from hepack.report.style import as_svg, styled
from hepack.report.watch_figures import draw_chart, draw_map, draw_runs, draw_spectrum

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CHARTS = 12
MOST_MAPS = 8
MOST_SPECTRA = 16
MOST_RUNS = 8
"""Of the latest, whose bits per value are shown."""
TITLES = {
    "runs": "Runs",
    "charts": "Control charts",
    "maps": "Maps",
    "distributions": "Distributions that moved",
    "bits": "Bits per value",
}


@dataclass(frozen=True)
class Plate:
    """A figure to be drawn, the section it belongs to, a caption."""

    name: str
    section: str
    caption: str
    draw: Callable[[], Figure]


def plates(result: MonitorResult) -> Iterator[Plate]:
    """All figures, in the order of the page."""
    yield Plate(
        "runs", "runs", "The chance that a good run looks as bad, by its worst test; dashed: the alarm rate. Below, "
        "the code length of events by the reference's model; dashed: the reference.", lambda: draw_runs(result),
    )  # fmt: skip
    first = {chart.test.column: chart for chart in reversed(leading_charts(result))}
    for chart in [chart for chart in leading_charts(result) if first[chart.test.column] is chart][
        :MOST_CHARTS
    ]:
        caption = f"{chart.test.column}, {chart.test.measure}, {chart.test.kind}."
        yield Plate(_id(f"chart {chart.test.name}"), "charts", caption,
                    lambda chart=chart: draw_chart(chart, result.runs))  # type: ignore[misc]  # fmt: skip
    for item in result.maps[:MOST_MAPS]:
        yield Plate(_id(f"map {item.run} {item.column}"), "maps", f"{item.column} of {item.run}.",
                    lambda item=item: draw_map(item))  # type: ignore[misc]  # fmt: skip
    for spectrum in result.spectra[:MOST_SPECTRA]:
        yield Plate(_id(f"bins {spectrum.run} {spectrum.what}"), "distributions",
                    f"{spectrum.what} of {spectrum.run} over what the reference leads to expect.",
                    lambda item=spectrum: draw_spectrum(item))  # type: ignore[misc]  # fmt: skip


def _id(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text)


def render_watch_page(result: MonitorResult) -> str:
    """The whole page as HTML."""
    styles: dict[str, str] = {}
    drawn: dict[str, list[str]] = {}
    with styled():
        for plate in plates(result):
            svg = as_svg(plate.draw(), plate.name, styles)
            drawn.setdefault(plate.section, []).append(figure(plate.name, svg, plate.caption))
    texts = {"runs": _run_table(result), "charts": _chart_text(result), "bits": _bits_table(result)}
    body = _head(result)
    contents = '<a href="#verdict">What moved</a>'
    for name, title in TITLES.items():
        wide = " wide" if name in ("runs", "maps") else ""
        plots = f'<div class="figures{wide}">{"".join(drawn[name])}</div>' if name in drawn else ""
        if plots or texts.get(name):
            body += section(name, title, plots + texts.get(name, ""))
            contents += f'<a href="#{name}">{escape(title)}</a>'
    foot = f"hepack {__version__}; {len(result.runs)} runs in {result.seconds:.1f} s"
    return assembled(f"{result.reference}: monitoring", contents, body, foot, styles)


def write_watch_page(result: MonitorResult, path: Path, *, overwrite: bool = False) -> None:
    """Write the page.

    Raises:
        BadRequestError: the file exists.
        MissingExtraError: matplotlib is not there.
    """
    text = render_watch_page(result)
    with replacing(path, overwrite=overwrite, durable=False) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _head(result: MonitorResult) -> str:
    state, mark = ("fail", "ALARM") if result.alarm else ("pass", "GOOD")
    head = f"{result.alarms} of {len(result.runs)} runs alarm; {result.expected_alarms:.2g} would if all were good"
    if result.drift.charts:
        head += f"; {'drift' if result.drift.alarm else 'no drift'} over the runs (p {result.drift.p:.2g})"
    text = f'<header class="verdict-head {state}"><span class="badge">{mark}</span><div>'
    text += f"<h1>{escape(f'Runs against {result.reference}')}</h1>{paragraph(head + '.')}</div></header>"
    how = (
        f"{len(result.tests):,} tests of each run against {result.events:,} events; bins, ranges and the model of code "
        f"lengths were learned from {result.learned:,} others. A good run alarms with probability "
        f"{result.alarm_rate:g}, all tests together, by {result.trials:,} permutations of blocks of events."
    )
    moved = items(result.moved) or paragraph("Nothing moved beyond what chance allows.")
    return text + section("verdict", "What moved first", moved + paragraph(how, "note"))


def _run_table(result: MonitorResult) -> str:
    rows: list[list[Cell | str]] = []
    for run in result.runs:
        bits = run.bits_per_event
        state = Cell("alarm" if run.alarm else "good", None, "fail" if run.alarm else "pass")
        rows.append([
            run.file, count(run.events), number(run.global_p), state, number(bits[1], f"{bits[1]:.1f}"),
            "; ".join(finding.effect.text for finding in run.findings[:4]),
        ])  # fmt: skip
    return table(["run", "events", "p", "", "bits per event", "what moved"], rows)


def _bits_table(result: MonitorResult) -> str:
    runs = result.runs[-MOST_RUNS:]
    if not runs or not runs[-1].bits:
        return ""
    bad = [
        {f.column for f in run.findings if any(test.measure == "bits" for test in f.tests)} for run in runs
    ]
    rows: list[list[Cell | str]] = []
    for name, (known, _) in runs[-1].bits.items():
        row: list[Cell | str] = [name, number(known, f"{known:.3f}")]
        for run, failed in zip(runs, bad, strict=True):
            value = run.bits[name][1]
            row.append(number(value, f"{value:.3f}", "fail" if name in failed else ""))
        rows.append(row)
    text = paragraph(
        "Code length by the model learned from the reference; red where a run fails a test of it.", "note"
    )
    return text + table(["variable", "reference", *(run.file for run in runs)], rows)


def _chart_text(result: MonitorResult) -> str:
    if not result.drift.charts:
        return items(result.drift.notes)
    return paragraph(
        "Charts that alarm come first. Points are single runs; the moving average finds slow drift, and its band "
        "holds for all tests and runs together; the cumulative sums show where a change began.", "note"
    )  # fmt: skip
