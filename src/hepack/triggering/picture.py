"""Draw a `StudyResult`: efficiencies with intervals, and how the rate moves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepack._optional import require
from hepack.triggering.rates import Share
from hepack.triggering.study import PILE_UP, SHIFTS, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = {"anomaly": "anomaly", "lepton": "lepton pt", "ht": "HT", "met": "missing pt", "union": "cuts or anomaly",
          "any_cut": "any cut", "widened": "cuts at the union's rate"}  # fmt: skip


def draw(result: StudyResult, path: Path) -> None:
    """Write the picture; raises as `figure_of` does."""
    figure_of(result).savefig(path, dpi=130)


def figure_of(result: StudyResult) -> Figure:
    """Efficiencies on the left; at fixed thresholds the rates, and the anomaly trigger's efficiencies, on the right.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figures = require("matplotlib.figure", extra="plot", purpose="drawing")
    scale = {name: rates for name, rates in result.stability.items() if not name.startswith(PILE_UP)}
    piled = {
        name.removeprefix(PILE_UP): rates
        for name, rates in result.stability.items()
        if name.startswith(PILE_UP)
    }
    panels = ["rates", "kept", *(["pile-up"] if piled else [])]
    figure: Figure = figures.Figure(figsize=(13, 3 * len(panels)), layout="constrained")
    axes = figure.subplot_mosaic([["left", panel] for panel in panels], width_ratios=(3, 2))
    left = axes["left"]
    _efficiencies(left, result)
    _stability(axes["rates"], scale, result, f"rates on {result.events:,} other events")
    _efficiency_shifts(axes["kept"], result)
    if piled:
        _stability(axes["pile-up"], {"all": result.rates} | piled, result, "rates by mean pile-up")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=7, fontsize=8)
    return figure


def _efficiencies(axes: Any, result: StudyResult) -> None:
    names = ("anomaly", *result.thresholds, "any_cut", "union", "widened")
    for row, name in enumerate(names):
        shares = [signal.share(name) for signal in result.signals.values()]
        places = [i + (row - (len(names) - 1) / 2) * 0.11 for i in range(len(shares))]
        _points(axes, places, shares, LABELS.get(name, name), f"C{row}")
    axes.set_xticks(range(len(result.signals)), list(result.signals), rotation=20, ha="right", fontsize=8)
    axes.set_yscale("log")
    axes.set_ylabel(f"efficiency at a rate of {result.rate:.2g}")
    axes.set_title(f"thresholds from {result.calibration:,} background events", fontsize=10)
    axes.grid(axis="y", alpha=0.3)


def _stability(axes: Any, changes: dict[str, dict[str, Share]], result: StudyResult, title: str) -> None:
    names = ("anomaly", *result.thresholds)
    for row, name in enumerate(names):
        shares = [rates[name] for rates in changes.values()]
        places = [i + (row - (len(names) - 1) / 2) * 0.15 for i in range(len(shares))]
        _points(axes, places, shares, LABELS.get(name, name), f"C{row}")
    axes.axhline(result.rate, color="0.5", linewidth=1)
    axes.set_xticks(range(len(changes)), list(changes), rotation=60, ha="right", fontsize=8)
    axes.set_yscale("log")
    axes.set_ylabel("rate (share of background)")
    axes.set_title(title, fontsize=10)
    axes.grid(axis="y", alpha=0.3)


def _efficiency_shifts(axes: Any, result: StudyResult) -> None:
    """Relative to the nominal efficiency; signals of which nothing passes are left out.

    No intervals: the events are the same at each shift, so those of the efficiencies would say too little.
    """
    places = (0.0, *(100 * shift for shift in SHIFTS))
    order = sorted(range(len(places)), key=places.__getitem__)
    for row, (name, signal) in enumerate(result.signals.items()):
        nominal = signal.anomaly.value
        if signal.anomaly.passed:
            shares = [rates["anomaly"].value / nominal for rates in signal.stability.values()]
            x, y = [places[i] for i in order], [shares[i] for i in order]
            axes.plot(x, y, marker="o", ms=3, linewidth=1, color=f"C{row}", label=name)
    axes.set_xlabel("shift of the energy scale (%)")
    axes.set_ylabel("efficiency / nominal")
    axes.set_title("anomaly trigger, signals", fontsize=10)
    if axes.lines:
        axes.legend(fontsize=7, ncols=2)
    axes.grid(axis="y", alpha=0.3)


def _points(axes: Any, places: list[float], shares: list[Share], label: str, color: str) -> None:
    found = [(x, s) for x, s in zip(places, shares, strict=True) if s.passed]
    values = [s.value for _, s in found]
    low = [s.value - s.interval[0] for _, s in found]
    high = [s.interval[1] - s.value for _, s in found]
    axes.errorbar([x for x, _ in found], values, yerr=[low, high], fmt="o", ms=4, color=color, label=label)
    none = [(x, s.interval[1]) for x, s in zip(places, shares, strict=True) if not s.passed]
    axes.plot([x for x, _ in none], [y for _, y in none], "v", ms=5, mfc="none", color=color)  # upper limits
