"""A picture of a benchmark: ratio against speed, compressing and decompressing side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepack._optional import require
from hepack.bench.result import BenchResult, Total

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OWN = "#c1121f"
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
    panels[0].legend(handles, labels, loc="lower left", fontsize=8, framealpha=0.9)
    what = "within the tolerances" if result.is_bounded else "lossless"
    stars = "; * fills in the best other peer where it cannot do a column" if _has_star(shown) else ""
    figure.suptitle(f"{result.file}, {what}: up and to the right is better{stars}", fontsize=11)
    return figure


def _has_star(shown: list[Point]) -> bool:
    return any(point.label.endswith("*") for point in shown)


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
    axes.margins(0.16, 0.1)
    axes.grid(visible=True, which="both", alpha=0.25)
    ticks = _ratio_ticks([point.ratio for point in shown])
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    _label(axes, shown, speed)


def _ratio_ticks(ratios: list[float]) -> list[float]:
    steps = [base * 10**power for power in range(-1, 4) for base in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)]
    low, high = min(ratios) / 1.1, max(ratios) * 1.1
    return [step for step in steps if low <= step <= high] or [1.0]


def _label(axes: Axes, shown: list[Point], speed: str) -> None:
    """Write names beside the points; from the top down, each name is pushed below the ones it would cover."""
    figure: Any = axes.figure
    figure.canvas.draw()
    to_pixels = axes.transData.transform
    taken: list[tuple[float, float, float]] = []
    for point in sorted(shown, key=lambda p: -p.ratio):
        x, y = (float(v) for v in to_pixels((getattr(point, speed), point.ratio)))
        width, height = 6.2 * len(point.label) + 8, 13.0
        text_y = y
        while any(abs(text_y - b) < height and x < c and a < x + width for a, b, c in taken):
            text_y -= 2
        taken.append((x, text_y, x + width))
        own = point.kind == "hepack"
        axes.annotate(
            point.label, (getattr(point, speed), point.ratio), xytext=(9, (text_y - y) * 72 / figure.dpi - 3),
            textcoords="offset points", fontsize=9 if own else 8, fontweight="bold" if own else "normal",
            color=OWN if own else "#222222", zorder=4,
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "#999999"} if y - text_y > 8 else None,
        )  # fmt: skip


def save(result: BenchResult, path: Path) -> None:
    """Write the picture; the suffix of ``path`` decides the format."""
    draw(result).savefig(path, dpi=130)
