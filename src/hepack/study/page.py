"""The report of a study as one HTML file, with the page and the tables of `hepack report`: nothing fetched,
light and dark, tables that sort, plots that zoom."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from hepack._version import __version__
from hepack.report.markup import Cell, count, escape, figure, items, number, paragraph, section, table
from hepack.study import draw
from hepack.study.record import Entry, Section, Sheet, Study


def render(study: Study) -> str:
    """The whole page."""
    body = f"<h1>{escape(study.title)}</h1>{paragraph(study.command, 'note')}"
    styles: dict[str, str] = {}
    body += "".join(_section(part, styles) for part in study.sections)
    skipped = [f"{name}: {reason}" for name, reason in study.skipped.items()]
    body += section("left-out", "Left out", items(skipped))
    contents = "".join(f'<a href="#{escape(s.name)}">{escape(s.title)}</a>' for s in study.sections)
    page = _resource("page.html")
    filled: Mapping[str, str] = {
        "TITLE": escape(study.title),
        "STYLE": _resource("style.css")
        + "\n".join(f".{name} {{ {style} }}" for style, name in styles.items()),
        "SCRIPT": _resource("script.js"),
        "CONTENTS": contents,
        "BODY": body,
        "FOOT": escape(_foot(study)),
    }
    for key, value in filled.items():
        page = page.replace(f"<!--{key}-->", value, 1)
    return page


def write(study: Study, output: Path, *, plots: Path | None = None) -> None:
    """The page at ``output``, the figures of it as JSON beside it, and the plots as files if asked for."""
    output.write_text(render(study), encoding="utf-8")
    output.with_suffix(".json").write_text(json.dumps(study.to_dict(), indent=1) + "\n", encoding="utf-8")
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
        for part in study.sections:
            for picture in part.pictures:
                draw.save(picture, plots)


def _resource(name: str) -> str:
    return resources.files("hepack.report").joinpath("page_parts", name).read_text(encoding="utf-8")


def _foot(study: Study) -> str:
    machine = study.machine
    seconds = sum(part.seconds for part in study.sections)
    return f"hepack {__version__}; {seconds:.0f} s on {machine.get('cpu')}, {machine.get('cores')} cores"


def _section(part: Section, styles: dict[str, str]) -> str:
    text = "".join(paragraph(line) for line in part.text)
    plots = "".join(figure(p.name, draw.svg(p, styles), p.caption) for p in part.pictures)
    grid = f'<div class="figures wide">{plots}</div>' if plots else ""
    times = paragraph(f"{part.seconds:.0f} s, of which the processor {part.cpu_seconds:.0f} s.", "note")
    return section(escape(part.name), part.title, text + grid + "".join(map(_sheet, part.sheets)) + times)


def _sheet(sheet: Sheet) -> str:
    rows = [[_cell(entry) for entry in row] for row in sheet.rows]
    note = paragraph(sheet.note, "note") if sheet.note else ""
    return f"<h3>{escape(sheet.title)}</h3>{table(sheet.header, rows)}{note}"


def _cell(entry: Entry) -> Cell | str:
    if isinstance(entry, str):
        return entry
    return count(entry) if isinstance(entry, int) else number(entry)
