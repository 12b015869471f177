"""A picture of a benchmark: ratio against speed, compressing and decompressing side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepack._optional import require
from hepack.bench.result import BenchResult, Total

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OWN = "#c1121f"
Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

KINDS = {
    "hepack": ("hepack, all threads", OWN, "*"),
    "exact": ("lossless peers, one thread", "#577590", "o"),
    "bounded": ("peers at the same bound, one thread", "#2a9d8f", "s"),
    "whole file": ("file formats, original values", "#8d6a9f", "D"),
}
"""Kind of point -> legend, colour, marker."""


@dataclass(frozen=True)
class Point:
    """One compressor: its name, kind, ratio to the raw columns, and speeds in MB/s."""

    label: str
    kind: str
    ratio: float
    compress: float
    decompress: float


def points(result: BenchResult) -> list[Point]:
    """What is drawn: hepack, each peer's best family, and file formats, valid results only."""
    raw = result.fair_bytes
    found = [
        Point("hepack" if own.effort == "default" else f"hepack --{own.effort}", "hepack",
              raw / max(1, own.bytes), own.pack_mb_s, own.unpack_mb_s)
        for own in result.own
    ]  # fmt: skip
    family = "bounded" if result.is_bounded else "exact"
    found += [_peer_point(total, raw) for total in result.totals() if total.family == family and total.own]
    if result.is_bounded:  # the file formats hold the original values, which is no comparison
        return found
    found += [
        Point(whole.peer, "whole file", raw / whole.bytes, whole.write_mb_s, whole.read_mb_s)
        for whole in result.whole_files
        if whole.bytes and whole.lossless
    ]
    return found


def _peer_point(total: Total, raw: int) -> Point:
    label = total.peer + ("*" if total.filled else "")
    return Point(label, total.family, raw / max(1, total.bytes), total.compress_mb_s, total.decompress_mb_s)


def draw(result: BenchResult) -> Figure:
    """Two panels with logarithmic axes; the upper right corner is best."""
    require("matplotlib", extra="plot", purpose="drawing a benchmark")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.5, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels: Any = figure.subplots(1, 2, sharey=True)
    shown = points(result)
    for axes, verb, speed in zip(
        panels, ("compressing", "decompressing"), ("compress", "decompress"), strict=True
    ):
        _panel(axes, shown, speed)
        axes.set_xlabel(f"{verb}: MB/s of raw columns")
    panels[0].set_ylabel("raw columns / compressed bytes")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    what = "within the tolerances" if result.is_bounded else "lossless"
    title = f"{result.file}, {what}: up and to the right is better"
    if any(point.label.endswith("*") for point in shown):
        title += "\n* the best other peer stands in for the columns that it cannot do"
    figure.suptitle(title, fontsize=11)
    return figure


def _panel(axes: Axes, shown: list[Point], speed: str) -> None:
    for kind, (title, colour, marker) in KINDS.items():
        group = [point for point in shown if point.kind == kind]
        if not group:
            continue
        x, y = [getattr(point, speed) for point in group], [point.ratio for point in group]
        size = 240 if kind == "hepack" else 45
        axes.scatter(x, y, s=size, c=colour, marker=marker, label=title, zorder=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(0.12, 0.16)
    axes.grid(visible=True, which="both", alpha=0.25)
    ratios, speeds = [point.ratio for point in shown], [getattr(point, speed) for point in shown]
    for axis, ticks in ((axes.yaxis, _ticks(ratios, _FINE)), (axes.xaxis, _ticks(speeds, _COARSE))):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_ticks([], minor=True)
    _label(axes, shown, speed)


_FINE, _COARSE = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 2, 5)


def _ticks(values: list[float], bases: Sequence[float]) -> list[float]:
    """Round numbers in the range of the values."""
    steps = [base * 10**power for power in range(-3, 7) for base in bases]
    low, high = min(values) / 1.15, max(values) * 1.15
    return [step for step in steps if low <= step <= high]


def _label(axes: Axes, shown: list[Point], speed: str) -> None:
    """Write each name at the first free place: right, left, above or below its point, then further away."""
    figure: Any = axes.figure
    figure.canvas.draw()
    scale = 72 / figure.dpi
    places = [axes.transData.transform((getattr(point, speed), point.ratio)) * scale for point in shown]
    frame = axes.get_window_extent()
    inside = (frame.x0 * scale, frame.y0 * scale, frame.x1 * scale, frame.y1 * scale)
    reach = [8.0 if point.kind == "hepack" else 5.0 for point in shown]
    taken = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(places, reach, strict=True)]
    order = sorted(range(len(shown)), key=lambda i: (shown[i].kind != "hepack", -shown[i].ratio))
    for i in order:
        point, (x, y) = shown[i], places[i]
        own = point.kind == "hepack"
        width = (6.2 if own else 4.9) * len(point.label)
        box, far = _free_box(x, y, width, taken, inside)
        taken.append(box)
        axes.annotate(
            point.label, (getattr(point, speed), point.ratio), xytext=(box[0] - x, box[1] - y + 2),
            textcoords="offset points", fontsize=9 if own else 8, fontweight="bold" if own else "normal",
            color=OWN if own else "#222222", zorder=4,
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": "#999999"} if far else None,
        )  # fmt: skip


def _free_box(x: float, y: float, width: float, taken: list[Box], inside: Box) -> tuple[Box, bool]:
    """A box for a text near (x, y), in points, that covers nothing taken; and whether it is far away."""
    steps = [(9.0, -5.0), (-9.0 - width, -5.0), (-width / 2, 8.0), (-width / 2, -18.0)]
    near = len(steps)
    steps += [
        (side, sign * 12.0 * n) for n in range(2, 16) for side in (9.0, -9.0 - width) for sign in (-1, 1)
    ]
    first: Box | None = None
    for number, (dx, dy) in enumerate(steps):
        box = (x + dx, y + dy, x + dx + width, y + dy + 10)
        first = first or box
        fits = box[0] > inside[0] and box[2] < inside[2] and box[1] > inside[1] and box[3] < inside[3]
        if fits and not any(_overlap(box, other) for other in taken):
            return box, number >= near
    assert first is not None
    return first, False


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def save(result: BenchResult, path: Path) -> None:
    """Write the picture; the suffix of ``path`` decides the format."""
    draw(result).savefig(path, dpi=130)
