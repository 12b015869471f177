"""How figures look: colours that work on white and on dark, axes with units, data in two colours and two line styles."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hepack._optional import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID, PAPER = "#1f2328", "#d5dae0", "#fefefd"
BEFORE, AFTER, THIRD = "#1668b8", "#d1401f", "#7a5195"
STACK = ("#4c78a8", "#f2a541", "#5fa55a", "#b279a2", "#9d755d", "#72b7b2", "#e45756", "#bab0ac", "#8c8c3a", "#6f6fc0")

_RC: dict[str, Any] = {
    "font.size": 9, "axes.titlesize": 10, "axes.labelsize": 9.5, "legend.fontsize": 8.5, "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5, "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"],
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.6, "axes.axisbelow": True, "axes.linewidth": 0.8,
    "xtick.direction": "in", "ytick.direction": "in", "xtick.top": True, "ytick.right": True,
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


_IDS = re.compile(r' id="(?:figure|axes|patch|line2d|text|matplotlib\.axis|xtick|ytick|legend|[A-Za-z]*Collection|QuadMesh)_\d+"')
_HEAD = re.compile(r"^.*?(?=<svg)", re.S)
_META = re.compile(r"<metadata>.*?</metadata>", re.S)
_FONT = re.compile(r"font: ([\d.]+)px [^;\"]*")
_LONG = re.compile(r"(\d+\.\d\d)\d+")


def as_svg(figure: Figure, name: str) -> str:
    """The figure for the page: ids are its own, ink and grid follow the page's colours, no background."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = _META.sub("", _HEAD.sub("", buffer.getvalue()))
    text = _IDS.sub("", text)
    text = text.replace(INK, "currentColor").replace(GRID, "var(--grid)").replace(PAPER, "var(--paper)")
    text = _FONT.sub(r"font: \1px var(--font)", text)
    text = _LONG.sub(r"\1", text)
    ids = set(re.findall(r'id="([^"]+)"', text))
    for item in sorted(ids, key=len, reverse=True):
        text = text.replace(f'id="{item}"', f'id="{name}-{item}"').replace(f"#{item}\"", f"#{name}-{item}\"")
        text = text.replace(f"url(#{item})", f"url(#{name}-{item})")
    return re.sub(r"\n\s*", "\n", text)
