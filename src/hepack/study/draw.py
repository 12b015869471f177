"""The plots of a study. Plain arrays in, figures out; one look for all, that of `hepack report`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

from hepack.report.style import as_svg, new_figure, styled
from hepack.study.record import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#c8ccd2"
COLOURS = ("#1668b8", "#d1401f", "#5fa55a", "#7a5195", "#c98a00", "#4a4a4a", "#2a9d8f", "#b279a2")
Floats = NDArray[np.float64]
P = ParamSpec("P")


def _in_style(draw: Callable[P, Picture]) -> Callable[P, Picture]:
    """Draw with the settings of a report's figures."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Picture:
        with styled():
            return draw(*args, **kwargs)

    return drawn


def _figure(width: float, height: float) -> Figure:
    figure = new_figure(width, height)
    figure.set_layout_engine("constrained")
    return figure


def _picture(name: str, caption: str, figure: Figure) -> Picture:
    """The figure laid out for good: else each way to save it would lay it out again, which takes longest."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Picture(name, caption, figure)


def svg(picture: Picture, styles: dict[str, str]) -> str:
    """The picture for a page; its styles go to ``styles`` (style -> class)."""
    with styled():
        return as_svg(picture.figure, picture.name, styles)


def save(picture: Picture, folder: Path) -> None:
    """The picture as PNG and PDF files."""
    with styled():
        picture.figure.savefig(folder / f"{picture.name}.png", dpi=130, metadata={"Software": None})
        picture.figure.savefig(folder / f"{picture.name}.pdf", metadata={"CreationDate": None})


@_in_style
def panels(
    name: str,
    caption: str,
    count: int,
    draw: Callable[[Axes, int], None],
    *,
    columns: int = 4,
    size: tuple[float, float] = (3.6, 3.0),
) -> Picture:
    """A picture of ``count`` panels, each filled by ``draw(axes, number)``."""
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    figure = _figure(size[0] * columns, size[1] * rows)
    grid: Any = figure.subplots(rows, columns, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number < count:
            draw(axes, number)
        else:
            axes.set_axis_off()
    return _picture(name, caption, figure)


def overlay(
    axes: Axes, values: Mapping[str, Floats], *, label: str, low: float, high: float, bins: int = 60
) -> None:
    """Histograms of several arrays in one range; what lies outside goes into the outermost bins."""
    edges = np.linspace(low, high, bins + 1)
    for colour, (name, array) in zip(COLOURS, values.items(), strict=False):
        kept = np.clip(array, edges[0], edges[-1])
        counts, _ = np.histogram(kept, edges)
        axes.stairs(np.maximum(counts, 0.1), edges, label=name, color=colour, linewidth=1.4)
    axes.locator_params(axis="x", nbins=5)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.5)
    axes.set_xlabel(label)
    axes.set_ylabel("jets")


def spread_of(arrays: Sequence[Floats], share: float = 0.98) -> float:
    """A symmetric range that holds ``share`` of every array, at least a little."""
    found = [float(np.quantile(np.abs(array), share)) for array in arrays if len(array)]
    return max([1e-9, *found])


@_in_style
def curves(
    name: str,
    caption: str,
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    x: str,
    y: str,
    log_x: bool = False,
    log_y: bool = True,
    marked: bool = True,
) -> Picture:
    """Lines of ``(xs, ys)`` by name in one panel."""
    figure = _figure(8.2, 4.8)
    axes: Any = figure.subplots()
    for number, (label, (xs, ys)) in enumerate(lines.items()):
        colour, style = COLOURS[number % len(COLOURS)], ("-", "--", ":")[number // len(COLOURS) % 3]
        axes.plot(xs, ys, style, marker="o" if marked else None, markersize=4, color=colour, label=label)
    axes.grid(which="both")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if log_x:
        axes.set_xscale("log")
        _plain_ticks(axes.xaxis, [value for xs, _ in lines.values() for value in xs])
    if log_y:
        axes.set_yscale("log")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return _picture(name, caption, figure)


@_in_style
def bars(name: str, caption: str, values: Mapping[str, float], *, label: str) -> Picture:
    """Horizontal bars on a logarithmic axis."""
    figure = _figure(8.2, 0.6 + 0.34 * len(values))
    axes: Any = figure.subplots()
    places = np.arange(len(values))[::-1]
    axes.barh(places, list(values.values()), color=COLOURS[0], height=0.65)
    axes.set_yticks(places, list(values))
    axes.set_xscale("log")
    _plain_ticks(axes.xaxis, list(values.values()))
    axes.set_xlabel(label)
    axes.grid(False, axis="y")
    return _picture(name, caption, figure)


def _plain_ticks(axis: Any, values: Sequence[float]) -> None:
    """Numbers such as 30 in place of 3 x 10^1; a few per decade, if the decades are few."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    shown = [value for value in values if value > 0]
    few = bool(shown) and max(shown) < 200 * min(shown)
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


@_in_style
def matrix(name: str, caption: str, grids: Mapping[str, Floats], labels: Sequence[str]) -> Picture:
    """Correlation matrices side by side, -1 to 1."""
    side = max(2.8, 0.22 * len(labels) + 1.6)
    figure = _figure(side * len(grids) + 0.6, side)
    row: Any = figure.subplots(1, len(grids), squeeze=False)[0]
    image = None
    for axes, (title, grid) in zip(row, grids.items(), strict=True):
        axes.grid(False)
        axes.set_facecolor(GREY)  # shows where there is no number
        image = axes.imshow(grid, vmin=-1, vmax=1, cmap="RdBu_r")
        axes.set_title(title, fontsize=9)
        axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=7)
        axes.set_yticks(range(len(labels)), labels, fontsize=7)
    if image is not None:
        figure.colorbar(image, ax=list(row), shrink=0.75)
    return _picture(name, caption, figure)
