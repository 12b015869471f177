"""Reports that must show something: `python benchmarks/report/run.py NAME FOLDER` writes benchmarks/report/NAME.json.

NAME is zjets or ttbar (simulated and packed with the preset "analysis", relative and absolute 1e-3), autoencoder
(three of four principal components of the ATLAS jets in shared/data, a stand-in for a 4 -> 3 autoencoder), or
million (1,000,000 jets of 24 variables and a rounded copy). FOLDER holds the files between runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import hepack
from hepack.bench.machine import machine_facts
from hepack.evaluate.results import Comparison
from hepack.io import ReadOptions, open_source
from hepack.report.policy import load_policy
from hepack.report.verdict import Verdict, judge
from hepack.report.write import Outputs, write
from hepack.table import EventTable

HERE = Path(__file__).resolve().parent
ATLAS = HERE.parents[2] / "shared" / "data" / "atlas_4d_jets" / "all_jets_train_4D_100_percent.pkl"
JETS, ROWS = 24, 1_000_000


def simulated(process: str, events: int, folder: Path) -> tuple[Path, Path]:
    """Simulate and pack, unless it was done before."""
    original, packed = folder / f"{process}.root", folder / f"{process}.hpk"
    if not original.exists():
        command = [
            "simulate",
            process,
            "-n",
            str(events),
            "--no-constituents",
            "--no-truth",
            "-q",
            "-o",
            str(original),
        ]
        subprocess.run([sys.executable, "-c", "from hepack.cli import main; main()", *command], check=True)  # noqa: S603
    if not packed.exists():
        hepack.pack(original, packed, preset="analysis", effort="fast")
    return original, packed


def autoencoder(folder: Path) -> tuple[Path, Path]:
    """Normalise (log of pt and m), keep three of four principal components, come back: what 4 -> 3 does at best
    if it is linear."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("m", "pt", "phi", "eta")
    with open_source(str(ATLAS), ReadOptions(allow_pickle=True)) as source:
        block = EventTable.concatenate(list(source.blocks(0, max_bytes=1 << 26)))
    rows = np.stack([block.columns[name] for name in names], axis=1).astype(np.float64)
    shaped = np.stack([np.log(rows[:, 0] + 1), np.log(rows[:, 1]), rows[:, 2], rows[:, 3]], axis=1)
    mean, spread = shaped.mean(axis=0), shaped.std(axis=0)
    scaled = (shaped - mean) / spread
    vectors = np.linalg.svd(scaled, full_matrices=False)[2][:3]
    back = (scaled @ vectors.T @ vectors) * spread + mean
    decoded = np.stack([np.exp(back[:, 0]) - 1, np.exp(back[:, 1]), back[:, 2], back[:, 3]], axis=1)
    paths = folder / "atlas.parquet", folder / "atlas_decoded.parquet"
    for path, values in zip(paths, (rows, decoded), strict=True):
        columns = {name: values[:, i].astype(np.float32) for i, name in enumerate(names)}
        pq.write_table(pa.table(columns), path)
    return paths


def million(folder: Path) -> tuple[Path, Path]:
    """Jets of the simulated ttbar events over and over, each time smeared by 3 %, and the same moved by up to 1e-3."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = folder / "million.parquet", folder / "million_out.parquet"
    if all(path.exists() for path in paths):
        return paths
    with open_source(str(simulated("ttbar", 10_000, folder)[0])) as source:
        block = EventTable.concatenate(list(source.blocks(0, max_bytes=1 << 26)))
    rng = np.random.default_rng(1)
    count = block.length("Jet")
    rows, lap = np.arange(ROWS) % count, np.arange(ROWS) // count
    owner = np.repeat(np.arange(len(block)), block.counts("Jet"))
    before: dict[str, Any] = {"event": (owner[rows] + lap * len(block) + 1).astype(np.int64)}
    after = dict(before)
    for variable in block.schema.on("Jet")[: JETS - 1]:
        name = variable.name.removeprefix("Jet_")
        values = block.columns[variable.name][rows]
        if values.dtype.kind == "f":
            values = values * (1 + 0.03 * rng.standard_normal(ROWS, dtype=np.float32))
            if name == "phi":
                values = (values + np.pi) % (2 * np.pi) - np.pi
            error = 0.999e-3 * rng.uniform(-1, 1, ROWS)
            moved = values + error if name in ("eta", "phi") else values * (1 + error)
            before[name], after[name] = values.astype(np.float32), moved.astype(np.float32)
        else:
            before[name] = after[name] = values
    for path, columns in zip(paths, (before, after), strict=True):
        pq.write_table(pa.table(columns), path)
    return paths


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Run one case: comparison, verdict, page, and PDF."""
    makers = {
        "zjets": lambda: simulated("zjets", 15_000, folder), "ttbar": lambda: simulated("ttbar", 10_000, folder),
        "autoencoder": lambda: autoencoder(folder), "million": lambda: million(folder),
    }  # fmt: skip
    original, other = makers[name]()
    policy = load_policy()
    wall, cpu = time.perf_counter(), time.process_time()
    comparison = hepack.compare(original, other, settings=policy.settings)
    verdict = judge(comparison, policy)
    compared = time.perf_counter() - wall, time.process_time() - cpu
    page = folder / f"{name}.html"
    outputs = Outputs(page=page, json=folder / f"{name}.json", plots=None, overwrite=True)
    write(comparison, verdict, policy, outputs)
    total = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "command": f"python benchmarks/report/run.py {name} FOLDER",
        "machine": machine_facts(("scipy", "scikit-learn", "matplotlib")),
        "load": [round(load, 1) for load in os.getloadavg()],
        "compare_seconds": {"wall": round(compared[0], 1), "cpu": round(compared[1], 1)},
        "total_seconds": {"wall": round(total[0], 1), "cpu": round(total[1], 1)},
        "peak_memory_mb": round(comparison.peak_memory / 1e6, 1), "page_bytes": page.stat().st_size,
        "passed": verdict.passed, "headline": verdict.headline,
        **summary(comparison, verdict),
    }  # fmt: skip


def summary(comparison: Comparison, verdict: Verdict) -> dict[str, Any]:
    """The figures that were promised."""
    (table,) = comparison.tables
    return {
        "events": table.original.events, "entries": dict(table.original.entries),
        "masses": {
            q.name: {"shift": q.shift.value, "error": q.shift.error, "candidates": q.shift.count}
            for q in table.quantities if q.shift is not None
        },
        "turn_ons": {
            t.name: {"threshold": t.threshold, "shift": t.shift.value, "error": t.shift.error}
            for t in table.turn_ons if t.shift is not None
        },
        "crossings_25": {
            c.kind: {"made": c.made, "lost": c.lost, "above": c.above_before}
            for c in table.crossings if c.threshold == 25 and c.above_before
        },
        "auc": {c.axis or "events": [c.auc.value, c.auc.error] for c in table.tests.classifiers} if table.tests else {},
        "findings": [f"{f.code}: {f.text}" for f in table.findings],
        "failed": [check.sentence for check in verdict.checks if check.status == "fail"],
        "unclear": [check.sentence for check in verdict.checks if check.status == "unclear"],
    }  # fmt: skip


def main() -> None:
    """Measure one case and write its file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=("zjets", "ttbar", "autoencoder", "million"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    result = measure(options.name, options.folder)
    (HERE / f"{options.name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
