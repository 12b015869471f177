"""Every score on two problems, as JSON: LHC Olympics features, and simulated QCD against W' -> XY and tops.

    python benchmarks/scores/measure.py lhco ../shared/data/anomaly -o benchmarks/scores/lhco.json
    python benchmarks/scores/measure.py jets FOLDER -o benchmarks/scores/jets.json

FOLDER holds what these commands make (the second QCD file is the background that is scored):

    hepack simulate qcd_high -n 10000 --seed 11 --no-constituents --no-truth -o FOLDER/qcd_1.root
    hepack simulate qcd_high -n 10000 --seed 12 --no-constituents --no-truth -o FOLDER/qcd_2.root
    hepack simulate wprime_xy -n 2000 --seed 31 --no-constituents --no-truth -o FOLDER/wprime.root
    hepack simulate zprime_tt -n 2000 --seed 22 --no-constituents --no-truth -o FOLDER/tt.root
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hepack.evaluate.classifier import auc_difference
from hepack.scoring.columns import Choice
from hepack.scoring.detector import METHODS, Detector, DetectorRecipe
from hepack.scoring.events import read_events
from hepack.scoring.quality import Quality, assess
from hepack.table import EventTable

FAT = (
    "FatJet_pt", "FatJet_eta", "FatJet_phi", "FatJet_mass", "FatJet_tau?", "FatJet_msoftdrop",
    "FatJet_nConstituents",
)  # fmt: skip


RIVALS = ("forest", "autoencoder", "mahalanobis")


def measure(
    reference: EventTable, background: EventTable, signals: Mapping[str, EventTable], recipe: DetectorRecipe
) -> dict[str, Any]:
    """Fit to the reference; how well each method finds each signal in the background."""
    start = time.monotonic()
    detector = Detector.fit(reference, recipe)
    fitted = time.monotonic() - start
    start = time.monotonic()
    usual = detector.score(background)
    scored = time.monotonic() - start
    scores = {name: detector.score(table) for name, table in signals.items()}
    found = {
        name: {m: _plain(assess(m, name, usual[m], values[m])) for m in recipe.methods}
        for name, values in scores.items()
    }
    ahead = {
        name: {rival: _ahead(usual, values, rival) for rival in RIVALS} for name, values in scores.items()
    }
    p_values = {m: float(np.median(detector.calibration(m).p_values(usual[m]))) for m in recipe.methods}
    return {
        "reference_events": len(reference), "background_events": len(background),
        "signal_events": {name: len(table) for name, table in signals.items()},
        "fit_seconds": round(fitted, 1), "score_seconds": round(scored, 2),
        "background_median_p": {m: round(p, 4) for m, p in p_values.items()}, "signals": found,
        "combined_ahead_of": ahead,
    }  # fmt: skip


def _ahead(usual: Mapping[str, Any], signal: Mapping[str, Any], rival: str) -> list[float]:
    """AUC of the combined score less a rival's on the same events, and the error of that."""
    pairs = [(usual[method], signal[method]) for method in (rival, "combined")]
    return [round(value, 4) for value in auc_difference(*pairs)]


def _plain(quality: Quality) -> dict[str, Any]:
    shares = {f"{e.rate:g}": e.share for e in quality.efficiencies}
    return {
        "auc": round(quality.area.value, 4), "error": round(quality.area.error, 4),
        "significance_improvement": _rounded(quality.improvement), "at_background": _rounded(quality.improvement_at),
        "efficiency": {
            rate: [round(share.value, 4), *(round(edge, 4) for edge in share.interval)]
            for rate, share in shares.items()
            if share is not None
        },
    }  # fmt: skip


def _rounded(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None


def lhco(folder: Path) -> dict[str, Any]:
    """Each file once as the unlabelled reference, with 0.6 % of signal in it, and once as what is to be sorted."""
    files = {part: read_events([folder / f"lhco_innerdata_{part}.npy"]) for part in ("train", "val")}
    recipe = DetectorRecipe(methods=METHODS, choice=Choice(left_out=("data?5?",)))
    found = {}
    for part, other in (("train", "val"), ("val", "train")):
        label = files[other].columns["data"][:, 5] == 1
        usual, signal = (_rows(files[other], mask) for mask in (~label, label))
        found[f"{part} -> {other}"] = measure(files[part], usual, {"signal": signal}, recipe)
    return found


def _rows(table: EventTable, mask: np.ndarray[Any, Any]) -> EventTable:
    """Some rows of a flat table."""
    columns = {name: values[mask] for name, values in table.columns.items()}
    return EventTable(table.schema, int(mask.sum()), {}, columns)


def jets(folder: Path) -> dict[str, Any]:
    """Fitted to QCD, and the other way round to each signal; with eight variables of the fat jets, and with all."""
    reference, background = (read_events([folder / f"qcd_{number}.root"]) for number in (1, 2))
    signals = {name: read_events([folder / f"{name}.root"]) for name in ("wprime", "tt")}
    found: dict[str, Any] = {}
    for title, choice in (("fat jets", Choice(wanted=FAT)), ("all variables", Choice())):
        recipe = DetectorRecipe(methods=METHODS, choice=choice, leading=2)
        found[title] = measure(reference, background, signals, recipe)
        if title == "fat jets":
            for name, table in signals.items():
                half = len(table) // 2
                usual = table.slice(half, len(table))
                found[f"{title}, QCD among {name}"] = measure(
                    table.slice(0, half), usual, {"qcd": background}, recipe
                )
    return found


def main() -> None:
    """Measure one problem."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problem", choices=["lhco", "jets"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    found = lhco(given.folder) if given.problem == "lhco" else jets(given.folder)
    given.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
