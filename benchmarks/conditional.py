"""Conditional trees against plain coders on the same symbols, column by column, model bytes counted.

    python benchmarks/conditional.py ../shared/data -o benchmarks/results/conditional.json

Floats become symbols within 1e-3: relative ones ``round(log(x) / 0.002)``, angles ``floor(x / 0.002)``. A column
is coded given the symbols of the columns before it, and its own in the row before; relations between columns are
not looked for. Times are CPU times of one thread. More tables: ``--table NAME FILE`` for a .root file of flat or
jagged branches.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pcodec import ChunkConfig, standalone

from hepack.bench.machine import machine_facts
from hepack.conditional.base import MAX_FEATURE, Problem
from hepack.conditional.tree import fit_tree
from hepack.entropy import decode_integers, encode_integers

Columns = dict[str, NDArray[Any]]
TABLES = {
    "atlas_4d_jets": "atlas_4d_jets/all_jets_train_4D_100_percent.pkl",
    "cms_jets": "cms_jets/JetNtuple_RunIISummer16_13TeV_MC_1_skimmed_v1.root",
    "zmumu_masses": "cms_open_data/Zmumu_Run2011A_masses.csv",
    "hgcal_cells": "calorimeter/hgcal_trigger_cells.parquet",
}


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of real data")
    parser.add_argument("--table", nargs=2, action="append", default=[], metavar=("NAME", "FILE"))
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    files = {name: arguments.data / path for name, path in TABLES.items()}
    files |= {name: Path(path) for name, path in arguments.table}
    record: dict[str, Any] = {
        "command": " ".join(
            ["python benchmarks/conditional.py", *(Path(word).name for word in sys.argv[1:])]
        ),
        "machine": machine_facts(["pcodec"]),
        "tables": {},
    }
    for name, path in files.items():
        if arguments.only is None or name in arguments.only:
            columns = {key: column[: arguments.rows] for key, column in read(path).items()}
            record["tables"][name] = measure(name, columns)
            arguments.output.write_text(json.dumps(record, indent=1) + "\n")


def read(path: Path) -> Columns:
    """Columns of numbers; jagged branches flattened."""
    if path.suffix == ".root":
        import awkward as ak
        import uproot

        tree = next(value for value in uproot.open(path).values() if hasattr(value, "num_entries"))
        keys: list[str] = tree.keys()
        names = [key for key in keys if not key.startswith("n")]
        jets = [key for key in names if key.startswith("Jet_")]
        arrays = {key: tree[key].array() for key in jets or names}
        return {key: ak.to_numpy(ak.flatten(array, axis=None)) for key, array in arrays.items()}
    import pandas as pd

    readers: dict[str, Callable[[Path], Any]] = {
        ".pkl": pd.read_pickle,
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
    }
    frame = readers[path.suffix](path)
    columns = {str(key): frame[key].to_numpy() for key in frame.columns}
    return {key: column for key, column in columns.items() if column.dtype.kind in "iubf"}


def symbols_of(name: str, column: NDArray[Any]) -> NDArray[np.int64]:
    if column.dtype.kind in "iub":
        return column.astype(np.int64)
    x = column.astype(np.float32).astype(np.float64)
    if any(word in name.lower() for word in ("eta", "phi")) and np.abs(x).max() < 10:
        return np.floor(x / 0.002).astype(np.int64)
    present = x != 0
    steps = np.round(np.log(np.abs(np.where(present, x, 1))) / 0.002).astype(np.int64)
    least = steps[present].min() - 1 if present.any() else 0
    return np.where(present, np.sign(x).astype(np.int64) * (steps - least), 0)


def measure(name: str, columns: Columns) -> dict[str, Any]:
    """Bytes and CPU seconds of each column, and their sums."""
    rows = list(measured(columns))
    total: dict[str, Any] = {
        key: round(sum(row[key] for row in rows), 4) for key in rows[0] if key not in ("column", "trees")
    }
    n = len(next(iter(columns.values())))
    total["ratio_to_best_plain"] = round(total["best"] / total["best_plain"], 4)
    for key in ("best_plain", "best"):
        total[f"{key}_bits_per_row"] = round(8 * total[key] / n, 3)
    print(name, n, total, flush=True)
    return {"rows": n, "total": total, "columns": rows}


def measured(columns: Columns) -> Iterator[dict[str, Any]]:
    symbols = {key: symbols_of(key, column) for key, column in columns.items()}
    table = np.stack(
        [np.clip(s, -MAX_FEATURE, MAX_FEATURE).astype(np.int32) for s in symbols.values()], axis=1
    )
    first = np.arange(len(table)) == 0
    for place, (key, targets) in enumerate(symbols.items()):
        features = np.ascontiguousarray(table[:, :place])
        plain = encode_integers(targets)
        pco = len(standalone.simple_compress(targets, ChunkConfig()))
        fit, tree = timed(lambda f=features, t=targets: fit_tree(Problem(f, t, len(t), first)))
        row = {"column": key, "encode_integers": len(plain), "pcodec": pco, "model": 0, "tree": len(plain)}
        seconds = {"fit_s": fit, "encode_s": 0.0, "decode_s": 0.0, "plain_decode_s": 0.0}
        if tree is not None:
            seconds["encode_s"], data = timed(lambda m=tree, f=features, t=targets: m.encode(f, t, first))
            seconds["decode_s"], back = timed(lambda m=tree, f=features, d=data: m.decode(f, d, first))
            seconds["plain_decode_s"], _ = timed(lambda p=plain, t=targets: decode_integers(p, len(t)))
            assert np.array_equal(back, targets)
            row |= {"model": len(tree.to_bytes()), "tree": len(data) + len(tree.to_bytes())}
        row |= {"best_plain": min(len(plain), pco), "best": min(len(plain), pco, int(row["tree"]))}
        yield (
            row
            | {key: round(value, 4) for key, value in seconds.items()}
            | {"trees": tree.forest.trees if tree is not None else None}
        )


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


if __name__ == "__main__":
    main()
