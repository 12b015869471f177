"""Draw the mass peaks, shapes, responses and images of simulated events; write PNG files.

    python benchmarks/simulate/plots.py --output docs/simulate

Takes about two minutes on one core: 2,000 top pairs and some hundred events of other processes.
Vertical bars are statistical errors (one standard deviation).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from hepack.simulate import Request
from hepack.simulate.run import simulate
from hepack.simulate.validate import (
    Peak,
    dijet_masses,
    dimuon_masses,
    fit_peak,
    four_lepton_masses,
    groomed_masses,
    w_and_top_masses,
)
from hepack.table import EventTable

SAMPLES = {"ttbar": 2000, "zmumu": 1500, "higgs_4l": 800, "zprime_tt": 500, "zprime_qq": 500, "qcd_high": 500}
NOTE = "hepack simulation, pp at 13.6 TeV"
COLOURS = {"ttbar": "C0", "qcd_high": "C1", "zprime_tt": "C2"}
PDG = {"W": 80.37, "top": 172.56, "Z": 91.19, "H": 125.20}


def make(process: str, events: int, **change: object) -> EventTable:
    """All events of a process as one table, without constituents."""
    request = Request(process=process, events=events, constituents=False, **change)
    return EventTable.concatenate(list(simulate(request)))


def draw_peak(axes: plt.Axes, peak: Peak, title: str, expected: float) -> None:
    centre = (peak.edges[1:] + peak.edges[:-1]) / 2
    width = peak.edges[1] - peak.edges[0]
    axes.errorbar(
        centre, peak.counts, np.sqrt(np.maximum(peak.counts, 1)), width / 2, fmt="k.", label="simulated"
    )
    axes.plot(
        np.linspace(peak.edges[0], peak.edges[-1], len(peak.curve)),
        peak.curve,
        "C0-",
        label="Gaussian and line",
    )
    axes.axvline(expected, color="C3", ls="--", lw=1, label=f"expected {expected:g} GeV")
    axes.set(
        title=title,
        xlabel="mass [GeV]",
        ylabel=f"candidates per {width:.3g} GeV",
        ylim=(0, 1.45 * peak.counts.max()),
    )
    axes.text(
        0.03,
        0.97,
        f"mean {peak.mean:.2f} $\\pm$ {peak.mean_error:.2f} GeV\n"
        f"width {peak.width:.2f} $\\pm$ {peak.width_error:.2f} GeV\n"
        f"$\\chi^2$/dof {peak.chi2:.0f}/{peak.degrees}",
        transform=axes.transAxes,
        va="top",
        fontsize=8,
    )
    axes.legend(fontsize=7, loc="upper right", frameon=False)


def peaks(tables: dict[str, EventTable]) -> plt.Figure:
    figure, grid = plt.subplots(2, 3, figsize=(13, 7.6), layout="constrained")
    w, top = w_and_top_masses(tables["ttbar"])
    rows = (
        (w, (45.0, 135.0), 30, r"W $\to$ jj in top pairs", PDG["W"]),
        (top, (110.0, 260.0), 25, r"t $\to$ bjj in top pairs", PDG["top"]),
        (
            groomed_masses(tables["zprime_tt"], min_pt=500.0),
            (110.0, 230.0),
            20,
            "boosted tops, soft drop",
            PDG["top"],
        ),
        (dimuon_masses(tables["zmumu"]), (80.0, 102.0), 22, r"Z $\to \mu\mu$", PDG["Z"]),
        (four_lepton_masses(tables["higgs_4l"]), (110.0, 140.0), 30, r"H $\to$ 4 leptons", PDG["H"]),
        (
            dijet_masses(tables["zprime_qq"]),
            (1200.0, 2600.0),
            20,
            r"Z' (2 TeV) $\to$ qq, R = 1.0 jets",
            2000.0,
        ),
    )
    for axes, (masses, window, bins, title, expected) in zip(grid.flat, rows, strict=True):
        draw_peak(axes, fit_peak(masses, window=window, bins=bins), title, expected)
    figure.suptitle(NOTE)
    return figure


def outline(axes: plt.Axes, values: np.ndarray, edges: np.ndarray, label: str) -> None:
    """A histogram of unit sum with error bars."""
    counts, _ = np.histogram(values, edges)
    total = max(counts.sum(), 1)
    axes.errorbar(
        (edges[1:] + edges[:-1]) / 2,
        counts / total,
        np.sqrt(counts) / total,
        fmt="none",
        ecolor="0.4",
        lw=0.8,
    )
    axes.stairs(counts / total, edges, label=f"{label} ({counts.sum()})", lw=1.4, color=COLOURS[label])


def shapes(tables: dict[str, EventTable]) -> plt.Figure:
    figure, grid = plt.subplots(2, 4, figsize=(15, 7.2), layout="constrained")
    panels = (
        ("Jet_pt", np.geomspace(15, 1500, 31), "jet pt [GeV]"),
        ("Jet_eta", np.linspace(-5, 5, 41), "jet eta"),
        ("Jet_mass", np.linspace(0, 60, 31), "jet mass [GeV]"),
        ("nJet", np.arange(-0.5, 16), "jets per event above 15 GeV"),
        ("Jet_nConstituents", np.linspace(0, 100, 34), "constituents per jet"),
        ("Jet_width", np.linspace(0, 0.4, 31), "jet width"),
        ("tau32", np.linspace(0, 1, 26), r"$\tau_3/\tau_2$ of R = 1.0 jets, pt > 400 GeV"),
        ("MET_pt", np.linspace(0, 300, 31), "missing pt [GeV]"),
    )
    for axes, (name, edges, label) in zip(grid.flat, panels, strict=True):
        for process in ("qcd_high", "zprime_tt") if name == "tau32" else ("ttbar", "qcd_high", "zprime_tt"):
            outline(axes, column(tables[process], name), edges, process)
        axes.set(xlabel=label, ylabel="part per bin")
        axes.legend(fontsize=7, frameon=False, loc="upper left" if name == "tau32" else "best")
        if name == "Jet_pt":
            axes.set(xscale="log", yscale="log")
    figure.suptitle(f"{NOTE}; all jets anti-kt R = 0.4 unless said")
    return figure


def column(table: EventTable, name: str) -> np.ndarray:
    if name == "nJet":
        return table.counts("Jet")
    if name == "tau32":
        hard = (table.columns["FatJet_pt"] > 400) & (table.columns["FatJet_tau2"] > 0)
        return table.columns["FatJet_tau3"][hard] / table.columns["FatJet_tau2"][hard]
    return table.columns[name]


def response(table: EventTable) -> plt.Figure:
    """Jet response and resolution against particle-level jets."""
    offsets = table.offsets
    owner = np.repeat(np.arange(len(table)), table.counts("Jet"))
    index = table.columns["Jet_genJetIdx"]
    matched = index >= 0
    true = table.columns["GenJet_pt"][(index + offsets["GenJet"][:-1][owner])[matched]]
    ratio = table.columns["Jet_pt"][matched] / true
    eta = np.abs(table.columns["Jet_eta"][matched])
    edges = np.array([20, 30, 40, 60, 90, 140, 250, 600])
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for low, high in ((0.0, 1.4), (1.4, 2.5), (2.5, 4.7)):
        points = []
        for a, b in pairwise(edges):
            some = ratio[(true > a) & (true < b) & (eta >= low) & (eta < high)]
            if len(some) >= 30:
                spread = (np.quantile(some, 0.84) - np.quantile(some, 0.16)) / 2
                points.append((np.sqrt(a * b), np.median(some), spread, spread / np.sqrt(len(some))))
        x, median, spread, error = np.array(points).T
        label = f"{low:g} < |eta| < {high:g}"
        left.errorbar(x, median, 1.25 * error, fmt="o-", ms=4, label=label)
        right.errorbar(x, spread / median, error / np.sqrt(2), fmt="o-", ms=4, label=label)
    left.axhspan(0.98, 1.02, color="0.9")
    left.set(xscale="log", xlabel="particle-level jet pt [GeV]", ylabel="median response", ylim=(0.9, 1.1))
    right.set(
        xscale="log", xlabel="particle-level jet pt [GeV]", ylabel="resolution (half of the central 68 %)"
    )
    right.set_ylim(0, 0.35)
    for axes in (left, right):
        axes.set_xticks([20, 50, 100, 200, 500], ["20", "50", "100", "200", "500"])
        axes.minorticks_off()
        axes.legend(fontsize=8, frameon=False)
    figure.suptitle(f"{NOTE}; top pairs, anti-kt R = 0.4; band: 2 %")
    return figure


def images() -> plt.Figure:
    """Mean jet images and one event."""
    figure, grid = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
    for axes, process in zip(grid, ("qcd_high", "zprime_tt"), strict=False):
        table = make(process, 150, layout="jet-images")
        hard = table.columns["JetMomenta"][..., 0] > 400
        mean = table.columns["JetImages"][hard].mean(axis=0)
        shown = axes.imshow(
            np.where(mean > 0, mean, np.nan).T,
            origin="lower",
            extent=(-1, 1, -1, 1),
            norm="log",
            vmin=1e-3,
            vmax=100,
        )
        axes.set(
            title=f"{process}: mean of {hard.sum()} jets",
            xlabel="eta - jet eta",
            ylabel="phi - jet phi [rad]",
        )
        figure.colorbar(shown, ax=axes, label="mean pt per pixel [GeV]")
    event = make("ttbar", 1, layout="event-images", seed=2).columns["EventImages"][0].sum(axis=0)
    shown = grid[2].imshow(
        np.where(event > 0, event, np.nan).T,
        origin="lower",
        extent=(-2.436, 2.436, -np.pi, np.pi),
        norm="log",
        aspect="auto",
    )
    grid[2].set(title="one top-pair event: tracks + ECAL + HCAL", xlabel="eta", ylabel="phi [rad]")
    figure.colorbar(shown, ax=grid[2], label="transverse energy per tower [GeV]")
    return figure


def save(figures: Iterable[tuple[str, plt.Figure]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures:
        figure.savefig(folder / f"{name}.png", dpi=100)
        plt.close(figure)
        print(folder / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/simulate"))
    folder = parser.parse_args().output
    tables = {process: make(process, events) for process, events in SAMPLES.items()}
    figures = {
        "peaks": peaks(tables),
        "shapes": shapes(tables),
        "response": response(tables["ttbar"]),
        "images": images(),
    }
    save(figures.items(), folder)


if __name__ == "__main__":
    main()
