"""Figures of a comparison: each takes a record and gives a matplotlib figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepack.evaluate.figures import Moments, Peak, Profile
from hepack.evaluate.results import CorrelationResult, Floats, QuantityResult, StackResult, VariableResult
from hepack.report.spectra import Names, spectrum_pair
from hepack.report.style import (
    AFTER,
    BEFORE,
    INK,
    STACK,
    THIRD,
    label_corner,
    log_ticks,
    new_figure,
    plain_text,
    two_panels,
    with_unit,
)
from hepack.report.words import percent, signed_percent, with_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_variable(item: VariableResult, names: Names, *, paired: bool, label: str = "") -> Figure:
    """Spectrum and ratio; for paired events also the deviation, and its profiles in bins."""
    if not paired or item.deviation is None:
        figure, upper, lower = two_panels(6.0, 4.2, left=0.12)
    else:
        figure = new_figure(10.2, 6.6)
        outer = figure.add_gridspec(
            2, 2, hspace=0.30, wspace=0.24, left=0.075, right=0.985, top=0.95, bottom=0.08
        )
        inner = outer[0, 0].subgridspec(2, 1, height_ratios=(3, 1), hspace=0.06)
        upper, lower = figure.add_subplot(inner[0]), figure.add_subplot(inner[1])
        _deviation(figure.add_subplot(outer[0, 1]), item)
        for place, profile in enumerate(item.profiles[:2]):
            _profile(figure.add_subplot(outer[1, place]), profile, item)
        if len(item.profiles) < 2 and item.residual is not None:
            _facts(
                figure.add_subplot(outer[1, len(item.profiles) :] if not item.profiles else outer[1, 1]), item
            )
    label_corner(upper, label)
    title = with_unit(item.name, item.unit)
    spectrum_pair(upper, lower, item.before, item.after, names, title, paired=paired, log=item.log)
    return figure


def deviation_title(item: VariableResult) -> tuple[str, float]:
    """Axis title of a deviation, and the factor to show it with: responses in per cent."""
    if item.measure == "response":
        return "response (out − in) / in [%]", 100.0
    wrapped = ", wrapped" if item.kind == "angle" else ""
    return f"residual out − in{wrapped}" + (f" [{item.unit}]" if item.unit else ""), 1.0


def _deviation(axes: Axes, item: VariableResult) -> None:
    histogram = item.deviation
    assert histogram is not None
    title, factor = deviation_title(item)
    axes.stairs(histogram.counts, histogram.edges * factor, fill=True, color=AFTER, alpha=0.25)
    axes.stairs(histogram.counts, histogram.edges * factor, color=AFTER, linewidth=1.2)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    if histogram.counts.max(initial=0) > 1000 * max(np.median(histogram.counts), 0.1):
        axes.set_yscale("log")
        axes.set_ylim(0.5, histogram.counts.max() * 100)
    else:
        axes.set_ylim(0, 1.45 * max(histogram.counts.max(initial=0), 1))
    axes.set_xlim(histogram.edges[0] * factor, histogram.edges[-1] * factor)
    axes.set_xlabel(title)
    axes.set_ylabel("entries per bin")
    moments = item.moments
    if moments is not None:
        axes.text(
            0.03, 0.97, _moment_lines(moments, item, factor), transform=axes.transAxes, va="top", fontsize=8.2
        )
    outside = histogram.under + histogram.over
    notes = [f"{outside:,.0f} outside"] if outside else []
    if item.promise is not None:
        notes.append(f"promise {item.promise.tolerance}: {item.promise.violations:,} break it")
    axes.text(0.97, 0.97, "\n".join(notes), transform=axes.transAxes, va="top", ha="right", fontsize=8.2)


def _moment_lines(moments: Moments, item: VariableResult, factor: float) -> str:
    unit = " %" if item.measure == "response" else f" {item.unit}".rstrip()
    rows = [("mean", moments.mean), ("rms", moments.rms), ("min", moments.low), ("max", moments.high)]
    text = "\n".join(f"{name} {factor * value:.3g}{unit}" for name, value in rows)
    return f"{moments.count:,} entries\n{text}"


def _profile(axes: Axes, profile: Profile, item: VariableResult) -> None:
    title, factor = deviation_title(item)
    filled = profile.count > 0
    edges = profile.edges
    centres, half = 0.5 * (edges[1:] + edges[:-1])[filled], 0.5 * (edges[1:] - edges[:-1])[filled]
    log = edges[0] >= 0 and edges[-1] > 20 * max(edges[1], 1e-12) and profile.by == "pt"
    if log:
        low = np.maximum(edges[:-1][filled], edges[1] * 0.3)
        centres = np.sqrt(low * edges[1:][filled])
    band = profile.rms[filled] * factor
    mean, error = profile.mean[filled] * factor, profile.mean_error[filled] * factor
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.errorbar(
        centres, np.zeros_like(band), band, fmt="none", ecolor=BEFORE, alpha=0.35, elinewidth=5, label="± rms"
    )
    axes.plot(centres, profile.largest[filled] * factor, "v", color=THIRD, markersize=4, label="largest size")
    widths = None if log else half
    axes.errorbar(
        centres, mean, error, widths, fmt="o", color=AFTER, markersize=3, elinewidth=0.9, label="mean"
    )
    if log:
        axes.set_xlim(max(edges[0], edges[1] * 0.3), edges[-1] * 1.02)
        log_ticks(axes)
    top = float(np.nanmax(profile.largest[filled] * factor, initial=0.0))
    spread = float(np.nanmax(band, initial=0.0))
    shown = top if top <= 12 * spread else 6 * spread
    shown = shown or float(np.nanmax(np.abs(mean), initial=0.0)) or 1.0
    axes.set_ylim(-1.4 * max(spread, 0.35 * shown), 1.45 * shown)
    axes.set_xlabel(with_unit(profile.by, profile.unit))
    axes.set_ylabel(title if len(title) < 34 else title.replace("residual ", ""))
    axes.legend(loc="upper right", ncols=3, handlelength=1.2, columnspacing=1.0)


def _facts(axes: Axes, item: VariableResult) -> None:
    axes.axis("off")
    moments = item.moments
    lines = [
        f"type {item.kind}", f"{item.paired:,} paired entries, {item.changed:,} changed",
        f"NaN: {item.nan_before:,} before, {item.nan_after:,} after",
    ]  # fmt: skip
    if moments is not None and moments.quantiles:
        levels = ("0.1", "2.3", "16", "50", "84", "98", "99.9")
        factor = 100 if item.measure == "response" else 1
        lines.append(f"quantiles of the {item.measure}" + (" [%]" if factor == 100 else ""))
        lines += [
            f"   {level} %:  {factor * q:.3g}" for level, q in zip(levels, moments.quantiles, strict=True)
        ]
        lines.append(f"beyond 3 σ: {percent(moments.beyond_3)}, beyond 5 σ: {percent(moments.beyond_5)}")
    axes.text(0.05, 0.95, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=9, linespacing=1.5)


def draw_quantity(item: QuantityResult, names: Names, *, paired: bool, label: str = "") -> Figure:
    """Spectrum of an event quantity, with fitted peaks."""
    figure, upper, lower = two_panels(5.4, 4.4, left=0.135)
    log = _is_log(item.before.edges)
    spectrum_pair(
        upper, lower, item.before, item.after, names, with_unit(item.title, item.unit), paired=paired, log=log
    )
    lines = []
    for peak, colour in ((item.peak_before, BEFORE), (item.peak_after, AFTER)):
        if peak is not None:
            _draw_peak(upper, peak, colour)
            lines.append(f"peak {with_error(peak.position)}")
    if item.shift is not None and item.broadening is not None:
        lines += [f"shift {signed_percent(item.shift)}", f"width {signed_percent(item.broadening)}"]
    if lines:
        upper.text(0.03, 0.97, "\n".join(lines), transform=upper.transAxes, va="top", fontsize=8)
        upper.set_ylim(0, upper.get_ylim()[1] * 1.12)
    label_corner(upper, label)
    return figure


def _is_log(edges: Floats) -> bool:
    steps = np.diff(edges)
    return len(steps) > 2 and bool(steps[-1] > 1.5 * steps[0])


def _draw_peak(axes: Axes, peak: Peak, colour: str) -> None:
    axes.axvline(
        peak.position.value,
        color=colour,
        linewidth=0.9,
        linestyle="--" if colour == AFTER else "-",
        alpha=0.8,
    )


def draw_correlations(item: CorrelationResult, label: str = "") -> Figure:
    """Correlation matrices: the original's, its change, and that of the residuals."""
    count = len(item.names)
    panels = [("original", item.before, 1.0), ("other − original", item.after - item.before, None)]
    if item.residuals is not None:
        panels.append(("residuals", item.residuals, 1.0))
    side = 2.3 + 0.085 * count
    figure = new_figure(side * len(panels) + 1.3, side + 1.1)
    grid = figure.add_gridspec(
        1, len(panels), left=1.35 / (side * len(panels) + 1.3), right=0.94, top=0.90, bottom=1.0 / (side + 1.1) + 0.12,
        wspace=0.28,
    )  # fmt: skip
    for place, (title, values, limit) in enumerate(panels):
        axes = figure.add_subplot(grid[0, place])
        reach = limit or max(float(np.nanmax(np.abs(values), initial=0.0)), 1e-4)
        image = axes.imshow(values, cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest")
        axes.grid(False)
        size = 7.5 if count <= 14 else 5.5 if count <= 26 else 4.2
        short = [plain_text(_short(name, item.axis)) for name in item.names]
        axes.set_xticks(range(count), short, rotation=90, fontsize=size)
        axes.set_yticks(range(count), short if place == 0 else [""] * count, fontsize=size)
        axes.tick_params(length=0)
        axes.set_title(title)
        bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03)
        bar.ax.tick_params(labelsize=7)
    if label:
        figure.suptitle(plain_text(label), x=0.01, ha="left", fontweight="bold")
    return figure


def _short(name: str, axis: str) -> str:
    return (
        name[len(axis) :].lstrip("_.")
        if axis and name.startswith(axis) and len(name) > len(axis) + 1
        else name
    )


def draw_stack(item: StackResult, names: Names, label: str = "") -> Figure:
    """Transverse momenta of all kinds stacked, the other file's sum as points, and the ratio of the sums."""
    figure, upper, lower = two_panels(6.4, 4.6, left=0.12)
    groups = sorted(item.before, key=lambda group: float(item.before[group].sum()))
    base = np.zeros(len(item.edges) - 1)
    for place, group in enumerate(groups):
        top = base + item.before[group]
        upper.stairs(
            top,
            item.edges,
            baseline=base,
            fill=True,
            color=STACK[place % len(STACK)],
            label=group,
            alpha=0.85,
        )
        base = top
    after = np.sum([item.after[group] for group in groups], axis=0)
    centres = np.sqrt(item.edges[1:] * item.edges[:-1])
    filled = after > 0
    upper.errorbar(centres[filled], after[filled], np.sqrt(after[filled]), fmt="o", color=INK, markersize=2.6,
                   elinewidth=0.8, label=f"{names[1]}, all")  # fmt: skip
    upper.set_yscale("log")
    upper.set_ylim(0.5, max(float(base.max(initial=1)), 1.0) * 40)
    upper.set_ylabel("objects per bin")
    upper.legend(loc="upper right", ncols=2 if len(groups) < 8 else 3, fontsize=7.8, handlelength=1.2)
    with np.errstate(all="ignore"):
        ratio = after / base
    lower.axhline(1.0, color=INK, linewidth=0.8)
    lower.plot(centres, ratio, "o", color=AFTER, markersize=2.4)
    reach = min(max(float(np.nanmax(np.abs(ratio[base > 25] - 1), initial=0.0)) * 1.4, 0.01), 1.0)
    lower.set_ylim(1 - reach, 1 + reach)
    lower.set_ylabel("ratio")
    lower.set_xlabel(f"pt of all objects, by {item.title} [{item.unit}]")
    for axes in (upper, lower):
        axes.set_xlim(item.edges[0], item.edges[-1])
        log_ticks(axes)
    upper.tick_params(labelbottom=False, which="both")
    label_corner(upper, label)
    return figure
