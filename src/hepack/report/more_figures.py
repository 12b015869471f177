"""Figures of tests and of cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepack.evaluate.costs import CostResult
from hepack.evaluate.results import ClassifierResult
from hepack.report.style import AFTER, BEFORE, INK, STACK, label_corner, new_figure, plain_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 12


def draw_classifier(item: ClassifierResult, label: str = "") -> Figure:
    """ROC of the boosted tree, and what shuffling each variable costs it."""
    figure = new_figure(8.4, 3.4)
    left = figure.add_axes((0.07, 0.15, 0.33, 0.76))
    rates = np.asarray(item.roc)
    left.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    left.plot(rates[:, 0], rates[:, 1], color=AFTER, linewidth=1.5)
    left.set_xlabel("original entries called other")
    left.set_ylabel("other entries called other")
    left.set_xlim(0, 1)
    left.set_ylim(0, 1)
    left.text(
        0.97, 0.06, f"AUC {item.auc.value:.4f} ± {item.auc.error:.4f}", transform=left.transAxes, ha="right"
    )
    right = figure.add_axes((0.66, 0.15, 0.32, 0.76))
    names = list(item.importances)[:SHOWN]
    values = np.array([item.importances[name] for name in names])
    right.barh(
        range(len(names)),
        values[:, 0],
        xerr=values[:, 1],
        color=BEFORE,
        alpha=0.75,
        error_kw={"elinewidth": 0.9, "ecolor": INK},
    )
    right.set_yticks(range(len(names)), [plain_text(name) for name in names])
    right.set_ylim(max(len(names), 3) - 0.4, -0.6)
    right.axvline(0.0, color=INK, linewidth=0.8)
    right.set_xlabel("loss of AUC when shuffled")
    label_corner(left, label or (item.axis or "events"))
    return figure


def draw_sizes(cost: CostResult, label: str = "") -> Figure | None:
    """Packed bytes and bits per value of the largest variables."""
    rows = sorted(cost.variables, key=lambda row: -row.packed_bytes)[:24]
    if not rows:
        return None
    figure = new_figure(8.4, 1.3 + 0.21 * len(rows))
    height = 1.3 + 0.21 * len(rows)
    low, tall = 0.55 / height, 1 - 0.95 / height
    left, right = figure.add_axes((0.27, low, 0.34, tall)), figure.add_axes((0.66, low, 0.32, tall))
    left.barh(range(len(rows)), [row.packed_bytes / 1000 for row in rows], color=BEFORE, alpha=0.8)
    right.barh(range(len(rows)), [row.bits_per_value for row in rows], color=AFTER, alpha=0.8)
    left.set_yticks(range(len(rows)), [plain_text(row.name) for row in rows], fontsize=7.5)
    right.set_yticks(range(len(rows)), [""] * len(rows))
    for axes, title in ((left, "packed size [kB]"), (right, "bits per value")):
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel(title)
    label_corner(left, label)
    return figure


def draw_curve(cost: CostResult, label: str = "") -> Figure | None:
    """Bits per value of each compressor against the tolerance."""
    if not cost.curve:
        return None
    figure = new_figure(6.4, 4.4)
    axes = figure.add_axes((0.11, 0.12, 0.86, 0.80))
    names = list(dict.fromkeys(point.compressor for point in cost.curve))
    for place, name in enumerate(names):
        points = sorted((p for p in cost.curve if p.compressor == name), key=lambda p: p.tolerance)
        own = name.startswith("hepack")
        axes.plot(
            [p.tolerance for p in points], [p.bits_per_value for p in points], marker="o", markersize=5 if own else 3,
            linewidth=2.2 if own else 1.0, label=name, color=AFTER if own else STACK[place % len(STACK)],
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlabel("tolerance (relative; absolute for angles)")
    axes.set_ylabel("bits per value")
    axes.set_ylim(0)
    axes.legend(ncols=2)
    label_corner(axes, label)
    return figure
