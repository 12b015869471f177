"""The report of a study as one HTML file: nothing fetched, light and dark, plots inside."""

from __future__ import annotations

import base64
import html
import math

from hepack.study.record import Entry, Picture, Section, Sheet, Study

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fefefd; --line: #d5dae0; --soft: #f3f5f7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ea; --paper: #16191d; --line: #3a4048; --soft: #20252b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
body { margin: 0 auto; max-width: 1180px; padding: 1.5rem; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.4rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1rem; } nav a { margin-right: 1rem; }
p { max-width: 78ch; } .note, figcaption { font-size: .88rem; opacity: .85; }
.scroll { overflow-x: auto; max-height: 34rem; border: 1px solid var(--line); }
table { border-collapse: collapse; font-size: .84rem; width: 100%; }
th { background: var(--soft); position: sticky; top: 0; }
th, td { padding: .22rem .6rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
td.num { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1.2rem 0; } img { max-width: 100%; background: #fff; border-radius: 4px; }
"""


def render(study: Study) -> str:
    """The whole page."""
    links = "".join(f'<a href="#{_escape(s.name)}">{_escape(s.title)}</a>' for s in study.sections)
    machine = ", ".join(
        f"{key} {value}" for key, value in study.machine.items() if key in ("cpu", "cores", "python")
    )
    skipped = "".join(
        f"<li>{_escape(name)}: {_escape(reason)}</li>" for name, reason in study.skipped.items()
    )
    left_out = f"<h2>Left out</h2><ul>{skipped}</ul>" if skipped else ""
    body = "".join(_section(section) for section in study.sections)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_escape(study.title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{_escape(study.title)}</h1>"
        f"<p class='note'><code>{_escape(study.command)}</code><br>{_escape(machine)}</p>"
        f"<nav>{links}</nav>{body}{left_out}</body></html>\n"
    )


def _section(section: Section) -> str:
    text = "".join(f"<p>{_escape(line)}</p>" for line in section.text)
    times = (
        f"<p class='note'>{section.seconds:.0f} s, of which the processor {section.cpu_seconds:.0f} s.</p>"
    )
    pictures = "".join(map(_picture, section.pictures))
    sheets = "".join(map(_sheet, section.sheets))
    head = f'<section id="{_escape(section.name)}"><h2>{_escape(section.title)}</h2>'
    return f"{head}{text}{pictures}{sheets}{times}</section>"


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    caption = _escape(picture.caption)
    image = f'<img alt="{caption}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _sheet(sheet: Sheet) -> str:
    head = "".join(f"<th>{_escape(name)}</th>" for name in sheet.header)
    body = "".join("<tr>" + "".join(_cell(entry) for entry in row) + "</tr>" for row in sheet.rows)
    note = f"<p class='note'>{_escape(sheet.note)}</p>" if sheet.note else ""
    return (
        f"<h3>{_escape(sheet.title)}</h3><div class='scroll'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>{note}"
    )


def _cell(entry: Entry) -> str:
    if isinstance(entry, str):
        return f"<td>{_escape(entry)}</td>"
    if entry is None or (isinstance(entry, float) and math.isnan(entry)):
        return "<td></td>"
    shown = f"{entry:,}" if isinstance(entry, int) else f"{entry:.4g}"
    return f"<td class='num'>{shown}</td>"


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
