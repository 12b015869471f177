"""Small pieces of HTML, everything escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass


LONG = 44
"""Characters above which the text of a cell may be wrapped."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what is shown, and what it sorts by (None: the text itself)."""

    text: str
    key: float | None = None
    css: str = ""


def number(value: float | None, text: str = "", css: str = "") -> Cell:
    """A number that sorts as one."""
    if value is None or math.isnan(value):
        return Cell("", -math.inf, css)
    return Cell(text or f"{value:.4g}", value, css)


def count(value: int | None) -> Cell:
    """A whole number with separators."""
    return Cell("", -math.inf) if value is None else Cell(f"{value:,}", value)


def escape(text: str) -> str:
    """Text for HTML."""
    return html.escape(text, quote=True)


def table(header: Sequence[str], rows: Sequence[Sequence[Cell | str]], *, css: str = "") -> str:
    """A table that sorts when a heading is clicked."""
    head = "".join(f'<th scope="col"><button type="button">{escape(name)}</button></th>' for name in header)
    body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="sortable {css}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return f'<td class="wrap">{escape(cell)}</td>' if len(cell) > LONG else f"<td>{escape(cell)}</td>"
    css = cell.css + (" num" if cell.key is not None else "")
    key = "" if cell.key is None else f' data-key="{cell.key if math.isfinite(cell.key) else -1e308!r}"'
    return f'<td class="{css.strip()}"{key}>{escape(cell.text)}</td>'


def figure(name: str, svg: str, caption: str) -> str:
    """A figure that opens large when clicked."""
    return (
        f'<figure id="{escape(name)}"><div class="plot" tabindex="0" role="button" aria-label="enlarge">{svg}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def section(name: str, title: str, body: str) -> str:
    """A section with a heading that the contents link to."""
    return f'<section id="{name}"><h2>{escape(title)}</h2>{body}</section>' if body else ""


def paragraph(text: str, css: str = "") -> str:
    """A paragraph."""
    return f'<p class="{css}">{escape(text)}</p>' if css else f"<p>{escape(text)}</p>"


def items(texts: Sequence[str]) -> str:
    """A list."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>" if texts else ""
