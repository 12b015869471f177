"""The HTML page: one file, nothing fetched, light and dark, tables that sort and figures that zoom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from hepack._version import __version__
from hepack.evaluate.results import Comparison, TableComparison
from hepack.report import tables
from hepack.report.markup import escape, figure, items, paragraph, section
from hepack.report.verdict import Verdict

MOST_BYTES = 4_800_000
"""Figures of variables are left out from the end beyond this."""

TITLES = {
    "masses": "Masses", "events": "Event quantities", "triggers": "Trigger turn-ons",
    "crossings": "Objects that cross a cut",
    "selections": "Selections", "kinds": "Kinds of objects and processes",
    "variables": "Response and residual of each variable",
    "correlations": "Correlations", "tests": "Statistical tests", "cost": "Cost",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A drawn figure."""

    name: str
    section: str
    caption: str
    svg: str


def render(
    comparison: Comparison,
    verdict: Verdict,
    figures: Sequence[Shown],
    styles: Mapping[str, str],
    *,
    label: str = "",
) -> str:
    """The whole page. ``styles`` are those of the figures, style -> class."""
    kept, dropped = _within(figures)
    by_section: dict[str, list[Shown]] = {}
    for shown in kept:
        by_section.setdefault(shown.section, []).append(shown)
    sections = _sections(comparison, by_section)
    body = _head(comparison, verdict, label) + "".join(sections.values())
    if dropped:
        body += paragraph(
            f"{dropped} figures were left out to keep the page small; --plots DIR writes all of them.", "note"
        )
    contents = "".join(
        f'<a href="#{name}">{escape(TITLES[name])}</a>' for name, text in sections.items() if text
    )
    files = comparison.tables[0].original.file if comparison.tables else ""
    contents = f'<a href="#verdict">Verdict</a>{contents}'
    return assembled(f"{files}: report", contents, body, _foot(comparison), styles)


def assembled(title: str, contents: str, body: str, foot: str, styles: Mapping[str, str]) -> str:
    """A page from its parts; ``contents`` and ``body`` are HTML."""
    page = _resource("page.html")
    rules = "\n".join(f".{name} {{ {style} }}" for style, name in styles.items())
    for key, value in (
        ("TITLE", escape(title)), ("STYLE", _resource("style.css") + rules),
        ("SCRIPT", _resource("script.js")), ("CONTENTS", contents), ("BODY", body), ("FOOT", escape(foot)),
    ):  # fmt: skip
        page = page.replace(f"<!--{key}-->", value, 1)
    return page


def _resource(name: str) -> str:
    return resources.files("hepack.report").joinpath("page_parts", name).read_text(encoding="utf-8")


def _within(figures: Sequence[Shown]) -> tuple[list[Shown], int]:
    """Figures that fit; of those that do not, figures of variables go first, from the end."""
    kept = list(figures)
    total = sum(len(shown.svg) for shown in kept)
    for shown in reversed(figures):
        if total <= MOST_BYTES:
            break
        if shown.section == "variables":
            kept.remove(shown)
            total -= len(shown.svg)
    while total > MOST_BYTES and kept:
        total -= len(kept.pop().svg)
    return kept, len(figures) - len(kept)


def _head(comparison: Comparison, verdict: Verdict, label: str) -> str:
    state = "pass" if verdict.passed else "fail"
    mark = "PASS" if verdict.passed else "FAIL"
    text = f'<header class="verdict-head {state}"><span class="badge">{mark}</span><div>'
    title = f"{label}: What it does to the physics" if label else "What it does to the physics"
    text += f"<h1>{escape(title)}</h1>{paragraph(verdict.headline)}</div></header>"
    rows = [paragraph(f"{t.original.table}: {t.pairing}.") for t in comparison.tables]
    text += tables.sample_table(comparison) + "".join(rows)
    body = paragraph(f"Held against {verdict.policy}.") + tables.verdict_table(verdict)
    text += section("verdict", "Verdict", body + "<h3>What was found</h3>" + items(verdict.sentences))
    notes = [note for t in comparison.tables for note in t.notes] + list(comparison.notes)
    roles = [f"{kind}: {names}" for t in comparison.tables for kind, names in t.roles.items()]
    text += f"<details><summary>How the columns were understood</summary>{items([*roles, *notes])}</details>"
    return text


def _sections(comparison: Comparison, figures: Mapping[str, list[Shown]]) -> dict[str, str]:
    makers = {
        "masses": [], "events": [tables.quantity_table], "triggers": [tables.turn_on_table],
        "crossings": [tables.crossing_table], "selections": [tables.selection_table], "kinds": [tables.group_table],
        "variables": [tables.variable_table], "correlations": [], "tests": [tables.test_table],
    }  # fmt: skip
    found: dict[str, str] = {}
    for name, title in TITLES.items():
        text = ""
        for item in comparison.tables:
            parts = "".join(maker(item) for maker in makers.get(name, ()))
            text += _titled(item, parts, len(comparison.tables) > 1)
        if name == "cost" and comparison.cost is not None:
            text += tables.cost_tables(comparison.cost)
        plots = "".join(figure(shown.name, shown.svg, shown.caption) for shown in figures.get(name, ()))
        wide = " wide" if name in ("variables", "correlations", "tests", "crossings", "cost") else ""
        grid = f'<div class="figures{wide}">{plots}</div>' if plots else ""
        found[name] = section(name, title, (grid + text) if name != "variables" else (text + grid))
    return found


def _titled(item: TableComparison, text: str, several: bool) -> str:
    return f"<h3>{escape(item.original.table)}</h3>{text}" if several and text else text


def _foot(comparison: Comparison) -> str:
    machine = comparison.machine
    where = f" on {machine['cpu']}, {machine['cores']} cores" if machine else ""
    return f"hepack {__version__}; compared in {comparison.seconds:.1f} s{where}"
