"""Figures of monitoring: runs over time, control charts, maps, distributions that fail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hepack.evaluate.results import Floats
from hepack.monitoring.results import Chart, MonitorResult, OccupancyMap, RunResult, Spectrum
from hepack.report.style import AFTER, BEFORE, INK, THIRD, new_figure, plain_text, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LABELS = 30


def draw_runs(result: MonitorResult) -> Figure:
    """The p-value of each run, and its bits per event."""
    known = [run.bits_per_event for run in result.runs if np.isfinite(run.bits_per_event[1])]
    figure = new_figure(8.6, 4.6 if known else 2.8)
    grid = figure.subplots(2 if known else 1, 1, sharex=True, squeeze=False)
    figure.subplots_adjust(left=0.09, right=0.98, top=0.97, bottom=0.24 if known else 0.36, hspace=0.08)
    upper = grid[0, 0]
    p = np.array([run.global_p for run in result.runs])
    bad = np.array([run.alarm for run in result.runs])
    place = np.arange(len(p))
    upper.semilogy(place, p, color=BEFORE, linewidth=0.8, alpha=0.6)
    upper.semilogy(place[~bad], p[~bad], "o", color=BEFORE, markersize=4, label="good")
    upper.semilogy(place[bad], p[bad], "s", color=AFTER, markersize=5, label="alarm")
    upper.axhline(result.alarm_rate, color=INK, linestyle="--", linewidth=0.9)
    upper.set_ylim(0.6 / (1 + result.trials), 1.6)
    upper.set_ylabel("p of the run")
    upper.legend(loc="lower left", ncols=2)
    if known:
        grid[1, 0].plot(
            place, [run.bits_per_event[1] for run in result.runs], "o-", color=THIRD, markersize=4
        )
        grid[1, 0].axhline(known[0][0], color=INK, linestyle="--", linewidth=0.9)
        grid[1, 0].set_ylabel("bits per event")
    _run_axis(grid[-1, 0], result.runs)
    return figure


def _run_axis(axes: Axes, runs: tuple[RunResult, ...]) -> None:
    step = max(1, -(-len(runs) // MOST_LABELS))
    axes.set_xlim(-0.5, len(runs) - 0.5)
    names = [plain_text(run.file)[-24:] for run in runs[::step]]
    axes.set_xticks(range(0, len(runs), step), names, rotation=50, ha="right", fontsize=7.5)


def draw_chart(chart: Chart, runs: tuple[RunResult, ...]) -> Figure:
    """One test over the runs: its deviations with Shewhart's band, the moving average with its own, the sums."""
    figure = new_figure(6.4, 4.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    figure.subplots_adjust(left=0.11, right=0.98, top=0.93, bottom=0.24, hspace=0.08)
    place = np.arange(len(chart.z))
    upper.axhspan(-3, 3, color=BEFORE, alpha=0.08, linewidth=0)
    upper.axhline(0, color=INK, linewidth=0.6)
    upper.plot(place, chart.z, "o", color=BEFORE, markersize=4, label="run (band: ±3)")
    upper.plot(
        chart.shewhart, chart.z[chart.shewhart], "s", color=AFTER, markersize=6, mfc="none", label="alarm"
    )
    upper.plot(place, chart.ewma, color=THIRD, linewidth=1.4, label="moving average, with its band")
    for sign in (-1, 1):
        upper.plot(place, sign * chart.limit, color=THIRD, linestyle="--", linewidth=0.9)
    upper.set_ylabel("standard deviations")
    upper.set_title(plain_text(chart.test.name.replace(":", ", ")), loc="left")
    upper.legend(loc="best", fontsize=7.5)
    lower.plot(place, chart.cusum[:, 0], color=AFTER, label="sum up")
    lower.plot(place, chart.cusum[:, 1], color=BEFORE, linestyle="--", label="sum down")
    lower.set_ylabel("CUSUM")
    lower.legend(loc="upper left", fontsize=7.5)
    _run_axis(lower, runs)
    return figure


def draw_map(item: OccupancyMap) -> Figure:
    """What was found over what is expected, and the pull of each bin."""
    figure = new_figure(8.8, 3.5)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.06, right=0.98, top=0.9, bottom=0.14, wspace=0.16)
    extent = (item.eta[0], item.eta[1], -np.pi, np.pi)
    found, expected = (_coarse(values) for values in (item.found, item.expected))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, found / expected, np.nan)
    pull = replace(item, found=found, expected=expected).pull
    most = float(np.clip(np.abs(pull).max(initial=5.0), 5.0, 30.0))
    panels: tuple[tuple[Axes, Floats, float, float, str], ...] = (
        (left, ratio, 0.0, 2.0, "found / expected"), (right, pull, -most, most, "pull"),
    )  # fmt: skip
    for axes, values, low, high, title in panels:
        shown = axes.imshow(
            values.T, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=high, cmap="RdBu_r",
            interpolation="nearest",
        )  # fmt: skip
        axes.grid(visible=False)
        axes.set_xlabel("eta")
        axes.set_ylabel("phi [rad]")
        axes.set_title(plain_text(f"{item.column}: {title}"), loc="left")
        figure.colorbar(shown, ax=axes, pad=0.02)
    return figure


def _coarse(cells: Floats) -> Floats:
    """Two by two bins together, so that a hole stands out from the noise."""
    return np.asarray(cells.reshape(len(cells) // 2, 2, -1, 2).sum(axis=(1, 3)))


def draw_spectrum(item: Spectrum) -> Figure:
    """Found over expected in the bins that are tested, which hold about equally much; edges are named below."""
    figure = new_figure(6.4, 3.4)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.11, right=0.98, top=0.91, bottom=0.27)
    known = item.expected > 0
    place = np.flatnonzero(known)
    ratio = item.found[known] / item.expected[known]
    axes.axhline(1.0, color=INK, linewidth=0.8)
    axes.errorbar(place, ratio, yerr=item.error[known], fmt="o", markersize=3.5, color=AFTER, linewidth=1)
    axes.set_ylim(0, max(2.0, min(5.0, 1.1 * float(ratio.max(initial=1.0)))))
    step = max(1, len(item.edges) // 14)
    axes.set_xticks(
        np.arange(len(item.edges))[::step] + 0.5, [f"{edge:.3g}" for edge in item.edges[::step]], rotation=50,
        ha="right", fontsize=7.5,
    )  # fmt: skip
    axes.set_xlabel(with_unit(item.what, item.unit))
    axes.set_ylabel("found / expected")
    axes.set_title(plain_text(item.run), loc="left")
    return figure
