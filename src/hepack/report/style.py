"""How figures look: colours that work on white and on dark, axes with units, data in two colours and styles."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hepack._optional import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID, PAPER = "#1f2328", "#d5dae0", "#fefefd"
BEFORE, AFTER, THIRD = "#1668b8", "#d1401f", "#7a5195"
STACK = (
    "#4c78a8",
    "#f2a541",
    "#5fa55a",
    "#b279a2",
    "#9d755d",
    "#72b7b2",
    "#e45756",
    "#bab0ac",
    "#8c8c3a",
    "#6f6fc0",
)

_RC: dict[str, Any] = {
    "font.size": 9, "axes.titlesize": 10, "axes.labelsize": 9.5, "legend.fontsize": 8.5, "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5, "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"],
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.6, "axes.axisbelow": True, "axes.linewidth": 0.8,
    "xtick.direction": "in", "ytick.direction": "in",
    "legend.frameon": False, "figure.facecolor": PAPER, "axes.facecolor": "none", "svg.fonttype": "none",
    "svg.hashsalt": "hepack", "pdf.fonttype": 42, "path.simplify": True, "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": False,
}  # fmt: skip


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save within this: the settings of matplotlib are as before afterwards."""
    matplotlib = require("matplotlib", extra="report", purpose="drawing the report")
    with matplotlib.rc_context(_RC):
        yield


def new_figure(width: float, height: float) -> Figure:
    """A figure that no global registry holds."""
    figure: Figure = require("matplotlib.figure", extra="report", purpose="drawing the report").Figure(
        figsize=(width, height)
    )
    return figure


def with_unit(name: str, unit: str) -> str:
    """An axis title: ``Jet_pt [GeV]``."""
    return f"{plain_text(name)} [{unit}]" if unit else plain_text(name)


def plain_text(text: str) -> str:
    """Text that matplotlib does not take for mathematics."""
    return text.replace("$", r"\$")


def label_corner(axes: Axes, label: str) -> None:
    """The experiment's label, only where one was asked for."""
    if label:
        axes.set_title(plain_text(label), loc="left", fontweight="bold", fontsize=9)


def log_ticks(axes: Axes) -> None:
    """A logarithmic x axis with plain numbers at 1, 2 and 5 of each decade."""
    ticker = require("matplotlib.ticker", extra="report", purpose="drawing the report")
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    steps = (1.0, 2.0, 5.0) if 1 < high / max(low, 1e-300) < 3000 else (1.0,)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=steps, numticks=20))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, place: f"{value:g}"))
    axes.xaxis.set_minor_locator(ticker.NullLocator())


_IDS = re.compile(r' id="(?:(?!C\d)[^"]*_\d+|image[0-9a-f]+)"')
_HEAD = re.compile(r"^.*?(?=<svg)", re.S)
_META = re.compile(r"<metadata>.*?</metadata>", re.S)
_FAMILY = re.compile(r"font-family: [^;\"]*")
_FONT = re.compile(r"font: ([\d.]+)px [^;\"]*")
_PLACE = re.compile(r' (?:d|x|y|points)="[^"]*"')
_LONG = re.compile(r"(\d+\.\d)\d+")
_GROUPS = re.compile(r"<g\b[^>]*>|</g>")
_STYLE = re.compile(r' style="([^"]*)"')


def as_svg(figure: Figure, name: str, styles: dict[str, str]) -> str:
    """The figure for the page: ids are its own, ink and grid follow the page's colours, no background.

    Styles go to ``styles`` (style -> class), so that a page states each once.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = _META.sub("", _HEAD.sub("", buffer.getvalue()))
    text = _IDS.sub("", text)
    text = text.replace(INK, "currentColor").replace(GRID, "var(--grid)").replace(PAPER, "var(--paper)")
    text = _FAMILY.sub("font-family: var(--font)", _FONT.sub(r"font: \1px var(--font)", text))
    text = _PLACE.sub(lambda match: _LONG.sub(r"\1", match[0]), text)  # never in labels

    def classed(match: re.Match[str]) -> str:
        style = match[1].strip()
        return f' class="{styles.setdefault(style, f"s{len(styles):x}")}"'

    text = _bare(_STYLE.sub(classed, text))
    for item in sorted(set(re.findall(r'id="([^"]+)"', text)), key=len, reverse=True):
        text = text.replace(f'id="{item}"', f'id="{name}-{item}"').replace(f'#{item}"', f'#{name}-{item}"')
        text = text.replace(f"url(#{item})", f"url(#{name}-{item})")
    return re.sub(r"\s*\n\s*", "\n", text).replace(" \n", "\n")


def _bare(text: str) -> str:
    """Without groups that are empty or have no attributes."""
    kept: list[bool] = []

    def drop(match: re.Match[str]) -> str:
        tag = match[0]
        if tag == "</g>":
            return tag if kept.pop() else ""
        if tag.endswith("/>"):
            return ""
        kept.append(tag != "<g>")
        return tag if kept[-1] else ""

    return _GROUPS.sub(drop, text)


def two_panels(width: float, height: float, *, left: float) -> tuple[Figure, Axes, Axes]:
    """A figure with a high panel above a low one."""
    figure = new_figure(width, height)
    grid = figure.add_gridspec(
        2, 1, height_ratios=(3, 1), hspace=0.06, left=left, right=0.97, top=0.93, bottom=0.12
    )
    return figure, figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
