"""Figures of what happens at cuts: trigger turn-ons, and objects that cross one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hepack.evaluate.intervals import clopper_pearson_bins
from hepack.evaluate.results import CrossingResult, Floats, TurnOnResult
from hepack.report.spectra import Names
from hepack.report.style import AFTER, BEFORE, INK, label_corner, new_figure, two_panels
from hepack.report.words import signed_percent, with_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_turn_on(item: TurnOnResult, names: Names, label: str = "") -> Figure:
    """Efficiency against the offline quantity, Clopper-Pearson intervals, fitted error functions, and difference."""
    figure, upper, lower = two_panels(5.4, 4.4, left=0.135)
    centres = 0.5 * (item.edges[1:] + item.edges[:-1])
    curves = []
    for passed, total, fit, colour, name, marker in (
        (item.passed_before, item.total_before, item.fit_before, BEFORE, names[0], "s"),
        (item.passed_after, item.total_after, item.fit_after, AFTER, names[1], "o"),
    ):
        with np.errstate(all="ignore"):
            values = passed / total
        low, high = clopper_pearson_bins(passed, total)
        filled = total > 0
        error = np.stack([values - low, high - values])[:, filled]
        upper.errorbar(
            centres[filled], values[filled], np.maximum(error, 0), fmt=marker, color=colour, markersize=2.8,
            elinewidth=0.7, label=name, alpha=0.85,
        )  # fmt: skip
        if fit is not None:
            upper.plot(
                *_erf_curve(item.edges, fit[0].value, fit[1].value, fit[2]), color=colour, linewidth=1.1
            )
        curves.append(values)
    upper.axvline(item.threshold, color=INK, linewidth=0.7, linestyle=":")
    upper.set_ylim(0, 1.28)
    upper.set_ylabel("efficiency")
    upper.legend(loc="lower right", handlelength=1.2)
    upper.text(0.03, 0.97, _turn_on_lines(item), transform=upper.transAxes, va="top", fontsize=8)
    upper.tick_params(labelbottom=False)
    lower.axhline(0.0, color=INK, linewidth=0.8)
    lower.plot(centres, 100 * (curves[1] - curves[0]), "o", color=AFTER, markersize=2.4)
    reach = max(float(np.nanmax(np.abs(curves[1] - curves[0]), initial=0.0)) * 130, 0.5)
    lower.set_ylim(-reach, reach)
    lower.set_ylabel("diff. [%]")
    for axes in (upper, lower):
        axes.set_xlim(item.edges[0], item.edges[-1])
    lower.set_xlabel(f"offline {item.title} [{item.unit}]")
    label_corner(upper, label)
    return figure


def _turn_on_lines(item: TurnOnResult) -> str:
    lines = [f"{item.title}, threshold {item.threshold:g} {item.unit}"]
    if item.fit_before is not None and item.fit_after is not None and item.shift is not None:
        lines += [
            f"fit {with_error(item.fit_before[0])}", f"→ {with_error(item.fit_after[0])}",
            f"shift {signed_percent(item.shift)}",
        ]  # fmt: skip
    else:
        lines.append(item.reason[:44])
    return "\n".join(lines)


def _erf_curve(edges: Floats, threshold: float, width: float, plateau: float) -> tuple[Floats, Floats]:
    x = np.linspace(edges[0], edges[-1], 120)
    y = [0.5 * plateau * (1 + math.erf((value - threshold) / (math.sqrt(2) * width))) for value in x]
    return x, np.asarray(y)


def draw_crossings(items: tuple[CrossingResult, ...], label: str = "") -> Figure:
    """Objects made and lost at each cut, as fractions with Clopper-Pearson intervals."""
    shown = [
        item for item in items if item.made_fraction is not None and item.above_before + item.above_after
    ]
    shown = shown[:48]
    height = 1.2 + 0.21 * max(len(shown), 3)
    figure = new_figure(7.4, height)
    axes = figure.add_axes((0.27, 0.9 / height, 0.70, 1 - 1.25 / height))
    for shift, colour, name in ((-0.14, AFTER, "made"), (0.14, BEFORE, "lost")):
        parts = [item.made_fraction if name == "made" else item.lost_fraction for item in shown]
        values = np.array([100 * part.value if part and part.total else 0.0 for part in parts])
        spans = (
            np.array([part.clopper_pearson if part and part.total else (0.0, 0.0) for part in parts]) * 100
        )
        error = np.maximum(np.stack([values - spans[:, 0], spans[:, 1] - values]), 0) if len(shown) else None
        axes.errorbar(values, np.arange(len(shown)) + shift, xerr=error, fmt="o", color=colour, markersize=3.4,
                      elinewidth=1.0, label=name)  # fmt: skip
    rows = [f"{item.kind} > {item.threshold:g} GeV" for item in shown]
    axes.set_yticks(range(len(shown)), rows)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    largest = max(
        (
            100 * p.clopper_pearson[1]
            for i in shown
            for p in (i.made_fraction, i.lost_fraction)
            if p and p.total > 50
        ),
        default=1.0,
    )
    axes.set_xlim(-0.04 * largest, 1.15 * largest)
    axes.set_xlabel("fraction of the objects above the cut [%]")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    label_corner(axes, label)
    return figure
