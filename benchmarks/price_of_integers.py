"""What integers cost: the same nets as floats and as integer programs, on the jets of a simulated file.

    hepack simulate qcd_high -n 13000 -o jets.root
    python benchmarks/price_of_integers.py jets.root -o benchmarks/results/price_of_integers.json

Each column is coded given those before it in the file, without any relation between columns being told. Continuous
columns are quantised (lengths and energies in steps of 0.2 % of the logarithm, the others in steps of 0.002).
Bits are means over held-out jets, model bytes left out and stated beside; plain bits lie below the bins and are
the same for floats and integers. Speeds are of one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pcodec
import torch
import uproot
from numpy.typing import NDArray

from hepack.bench.machine import machine_facts
from hepack.conditional import Problem
from hepack.entropy import encode_integers
from hepack.training.group import Group
from hepack.training.loop import Loop, Schedule
from hepack.training.prepare import Prepared

LINEAR = ("eta", "phi", "charge", "rawFactor", "area", "time")
STEP = 0.002


@dataclass(frozen=True)
class Column:
    name: str
    symbols: NDArray[np.int64]
    feature: NDArray[np.int32]


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--collection", default="Jet")
    parser.add_argument("--epochs", type=float, default=20.0)
    parser.add_argument("--columns", nargs="*", help="of these columns alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    columns = _columns(options.file, options.collection)
    problems = _problems(columns, options.columns)
    result = {
        "machine": machine_facts(("numpy", "torch", "pcodec")),
        "epochs": options.epochs,
        "rows": len(columns[0].symbols),
    }
    result["columns"] = _measured(problems, options.epochs)
    result["total"] = {
        key: sum(c[key] for c in result["columns"].values())
        for key in ("plain_bits", "pcodec_bits", "float_bits", "integer_bits", "model_bytes")
    }
    print(json.dumps(result["total"], indent=1))
    if options.output:
        options.output.write_text(json.dumps(result, indent=1) + "\n")


def _columns(file: Path, collection: str) -> list[Column]:
    found = []
    tree = uproot.open(file)["Events"]
    for key in tree.keys(filter_name=f"{collection}_*"):
        name = key.split("_", 1)[1]
        values = np.asarray(ak.flatten(tree[key].array()))
        if values.dtype.kind != "f":
            found.append(Column(name, values.astype(np.int64), values.astype(np.int32)))
            continue
        bits = values.astype(np.float32).view(np.int32).astype(np.int64)
        ordered = np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
        if name in LINEAR:
            symbols = np.floor(values / STEP)
        else:
            symbols = np.where(values > 0, np.round(np.log(np.maximum(values, 1e-6)) / STEP), -99999)
        found.append(Column(name, symbols.astype(np.int64), (ordered >> 8).astype(np.int32)))
    return found


def _problems(columns: list[Column], chosen: list[str] | None) -> dict[str, Problem]:
    rows = len(columns[0].symbols)
    problems = {}
    for i, column in enumerate(columns):
        if i and (not chosen or column.name in chosen):
            features = np.stack([c.feature for c in columns[:i]], axis=1)
            problems[column.name] = Problem(features, column.symbols, rows)
    return problems


def _measured(problems: dict[str, Problem], epochs: float) -> dict[str, dict[str, Any]]:
    results = {}
    for name, problem in problems.items():
        part = Prepared.of(problem, most=len(problem.targets), rng=np.random.default_rng(0))
        if part is not None:
            results[name] = _compared(part, epochs)
            print(name, results[name], flush=True)
    return results


def _compared(part: Prepared, epochs: float) -> dict[str, Any]:
    """Both nets on the same rows, in the same order, from the same start."""
    held = part.order[part.rows - part.held_out :]
    features, targets = part.problem.features[held], part.problem.targets[held]
    scores, seconds, model = {}, {}, None
    for kind in ("float", "integer"):
        group = Group([part], 0)
        plan = Schedule(steps=int(epochs * part.rows / 512), batch=512, quantised=kind == "integer")
        loop, start = Loop(group, plan), time.process_time()
        while not loop.done:
            loop.advance()
        scores[kind] = float(loop.finish()[0]) / math.log(2)
        seconds[kind] = time.process_time() - start
        model = group.models()[0]
    assert model is not None
    start = time.process_time()
    data = model.encode(features, targets)
    middle = time.process_time()
    assert np.array_equal(model.decode(features, data), targets)
    end = time.process_time()
    _, _, widths = part.axis.symbols(targets)
    whole = part.problem.targets
    small = whole.astype(np.int32) if np.abs(whole).max() < 1 << 31 else whole
    return {
        "plain_bits": 8 * len(encode_integers(whole)) / len(whole),
        "pcodec_bits": 8 * len(pcodec.standalone.simple_compress(small, pcodec.ChunkConfig())) / len(whole),
        "float_bits": scores["float"] + float(widths.mean()),
        "integer_bits": scores["integer"] + float(widths.mean()),
        "stream_bits": 8 * len(data) / len(targets),
        "model_bytes": len(model.to_bytes()),
        "fit_cpu_s": {kind: round(value, 1) for kind, value in seconds.items()},
        "encode_values_per_s": round(len(targets) / max(1e-9, middle - start)),
        "decode_values_per_s": round(len(targets) / max(1e-9, end - middle)),
    }


if __name__ == "__main__":
    main()
