"""The main job on simulated top pairs: pack, verify, unpack, and show sizes and errors.

    python examples/demo.py --output demo-output

Packs ``samples/ttbar.root`` bit for bit and within two sets of tolerances, unpacks each, compares
every value with the original, and prints one table; the plot shows jet spectra before and after and the
response (out - in) / in.
"""

from __future__ import annotations

import argparse
import lzma
import time
import warnings
from pathlib import Path

import awkward as ak
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import hepack

SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "ttbar.root"
VARIABLES = ("Jet_pt", "Jet_eta", "Jet_phi", "Jet_mass")
RECIPES = {
    "bit for bit": None,
    "1e-3": "*_pt=1e-3rel,*_mass=1e-3rel,*_energy*=1e-3rel,*_eta=1e-3,*_phi=1e-3,Jet_tau*=1e-3,*_width=1e-3",
    "1e-2": "*_pt=1e-2rel,*_mass=1e-2rel,*_energy*=1e-2rel,*_eta=1e-2,*_phi=1e-2,Jet_tau*=1e-2,*_width=1e-2",
}


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("demo-output"))
    folder: Path = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(width=118)
    report = hepack.inspect(SAMPLE)
    events, jets = report.tables[0].n_events, report.tables[0].lengths["Jet"][0]
    console.print(
        f"\n[bold]{SAMPLE.name}[/bold]: {events} simulated top-pair events, {jets} jets, "
        f"{len(report.tables[0].variables)} variables, {report.bytes / 1e3:.0f} kB as ROOT",
    )
    originals = _jets(SAMPLE)
    table = Table(title="sizes and largest errors (every value is checked)", title_justify="left")
    for name in ("packed how", "kB", "ROOT / packed", "pt: |out-in|/in", "eta: |out-in|", "phi: wrapped", "mass: rel.",
                 "seconds"):  # fmt: skip
        table.add_column(
            name, justify="left" if name == "packed how" else "right", no_wrap=name == "packed how"
        )
    table.add_row("the ROOT file", f"{report.bytes / 1e3:.1f}", "1.00", *[""] * 5)
    table.add_row(
        "the ROOT file, LZMA",
        f"{_lzma_kilobytes():.1f}",
        f"{report.bytes / 1e3 / _lzma_kilobytes():.2f}",
        *[""] * 5,
    )
    restored = {}
    for title, tolerance in RECIPES.items():
        packed = folder / f"ttbar-{title.replace(' ', '-')}.hpk"
        back = folder / f"ttbar-{title.replace(' ', '-')}.root"
        started = time.perf_counter()
        result = hepack.pack(SAMPLE, packed, tolerance=tolerance, overwrite=True)
        hepack.unpack(packed, back, overwrite=True)
        seconds = time.perf_counter() - started
        assert hepack.verify(packed, original=str(SAMPLE)).sound
        restored[title] = _jets(back)
        errors = [_largest(name, originals[name], restored[title][name]) for name in VARIABLES]
        shown = [f"{error:.2e}" if error else "0" for error in errors]
        ratio = report.bytes / result.packed_bytes
        table.add_row(
            f"hepack, {title}",
            f"{result.packed_bytes / 1e3:.1f}",
            f"{ratio:.2f}",
            *shown,
            f"{seconds:.1f}",
            style="bold",
        )
    console.print(table)
    picture = folder / "jets.png"
    draw(originals, restored["1e-3"], picture)
    console.print(
        f"packed files, unpacked ROOT files and the plot {picture} are in {folder}/\n", highlight=False
    )


def _jets(path: Path) -> dict[str, NDArray[np.float64]]:
    """Jet variables of a ROOT file, read by uproot alone."""
    import uproot

    with warnings.catch_warnings(), uproot.open(path) as file:
        warnings.simplefilter("ignore")
        arrays = file["Events"].arrays(list(VARIABLES))
        return {name: ak.to_numpy(ak.flatten(arrays[name])).astype(np.float64) for name in VARIABLES}


def _lzma_kilobytes() -> float:
    return len(lzma.compress(SAMPLE.read_bytes(), preset=9)) / 1e3


def _largest(name: str, before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    error = np.abs(after - before)
    if name.endswith("phi"):
        error = np.minimum(error, 2 * np.pi - error)
    if name.endswith(("pt", "mass")):
        error = error[before != 0] / np.abs(before[before != 0])
    return float(error.max())


def draw(before: dict[str, NDArray[np.float64]], after: dict[str, NDArray[np.float64]], path: Path) -> None:
    """Spectra before and after with their ratio, and the response, for jet pt and mass."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        2, 3, figsize=(13, 5.6), height_ratios=(3, 1), sharex="col", layout="constrained"
    )
    for column, (name, label, bins) in enumerate(
        [
            ("Jet_pt", r"jet $p_\mathrm{T}$ [GeV]", np.geomspace(20, 800, 41)),
            ("Jet_mass", "jet mass [GeV]", np.geomspace(1, 150, 41)),
        ]
    ):
        top, low = axes[0, column], axes[1, column]
        old, _ = np.histogram(before[name], bins)
        new, _ = np.histogram(after[name], bins)
        centre = np.sqrt(bins[1:] * bins[:-1])
        top.stairs(old, bins, label="original", color="black")
        top.errorbar(
            centre, new, np.sqrt(new), fmt="o", ms=3, color="tab:red", label="packed at 1e-3, unpacked"
        )
        top.set(xscale="log", yscale="log", ylabel="jets per bin")
        top.legend(frameon=False)
        good = old > 0
        low.errorbar(centre[good], new[good] / old[good], fmt="o", ms=3, color="tab:red")
        low.fill_between(
            centre[good], 1 - 1 / np.sqrt(old[good]), 1 + 1 / np.sqrt(old[good]), color="0.85", step="mid"
        )
        low.axhline(1, color="black", lw=0.8)
        low.set(xlabel=label, ylabel="ratio", ylim=(0.8, 1.2))
    for axis in axes[:, 0]:
        axis.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter())
        axis.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    axes[1, 0].set_xticks([20, 50, 100, 200, 500])
    response = axes[0, 2]
    for name, color in (("Jet_pt", "tab:blue"), ("Jet_mass", "tab:orange")):
        good = before[name] != 0
        values = 1000 * (after[name][good] - before[name][good]) / before[name][good]
        response.hist(values, np.linspace(-1.25, 1.25, 51), histtype="step", color=color,
                      label=f"{name}: rms {values.std():.2f} $\\times 10^{{-3}}$")  # fmt: skip
    response.axvspan(-1, 1, color="0.88", zorder=0, label="promised")
    response.set(ylabel="jets per bin", xlabel=r"response (out - in) / in [$10^{-3}$]")
    response.set_ylim(top=1.5 * response.get_ylim()[1])
    response.legend(frameon=False, loc="upper center")
    response.tick_params(labelbottom=True)
    axes[1, 2].remove()
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
