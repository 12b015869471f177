"""A large file and a campaign model: bytes and times of each effort, against the best plain peers.

    python benchmarks/campaign/measure.py BIG OTHER -t RULES --bench BIG.json OTHER.json --minutes 10 -o OUT.json

Models are fitted on BIG, with the default effort and with ``--best``. BIG is packed with them (``bytes`` do not hold
the model: add ``model_bytes`` for a file that does), and so is OTHER, which they never saw; OTHER by itself, too. The
speed of unpacking is that of decoding all columns into memory, in MB/s of the raw columns, with pcodec and LZMA-9 on
the same columns (8 MB of them for LZMA-9) in the same run, on one thread. ``--bench``: results of ``hepack bench`` for
both files at the same rules, of which ``best_plain`` is the sum of the best plain peer of each variable.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pcodec import ChunkConfig, standalone

import hepack
from hepack.api import make_recipe
from hepack.archive.fit import fit
from hepack.archive.pack import pack
from hepack.bench.column import load
from hepack.bench.machine import machine_facts
from hepack.bench.result import BenchResult
from hepack.codec.recipe import Recipe
from hepack.io import ReadOptions

LZMA_BYTES = 8 << 20


def packed(path: Path, recipe: Recipe, folder: Path, model: Path | None = None) -> dict[str, Any]:
    """Bytes, seconds and decoding speed of one file."""
    output = folder / f"{path.stem}.{recipe.effort}.hpk"
    result = pack(path, output, replace(recipe, model=model), overwrite=True)
    started = time.perf_counter()
    with hepack.open(output) as archive:
        raw = sum(column.nbytes for t in archive.tables for column in t.read().columns.values())
    seconds = time.perf_counter() - started
    return {
        "bytes": result.packed_bytes,
        "pack_seconds": round(result.seconds, 1),
        "unpack_seconds": round(seconds, 2),
        "unpack_mb_s": round(raw / 1e6 / seconds, 1),
    }


def peers(path: Path, recipe: Recipe) -> dict[str, Any]:
    """Decoding speed of pcodec and LZMA-9 on the same columns, exactly stored."""
    columns = [c for t in load(path, recipe, ReadOptions()).tables for c in t.columns.values()]
    kept = [standalone.simple_compress(np.ascontiguousarray(c), ChunkConfig()) for c in columns]
    started = time.perf_counter()
    for data in kept:
        standalone.simple_decompress(data)
    pcodec = sum(c.nbytes for c in columns) / 1e6 / (time.perf_counter() - started)
    raw = b"".join(c.tobytes()[: LZMA_BYTES // len(columns)] for c in columns)
    data = lzma.compress(raw, preset=9)
    started = time.perf_counter()
    lzma.decompress(data)
    return {
        "pcodec_unpack_mb_s": round(pcodec, 1),
        "lzma9_unpack_mb_s": round(len(raw) / 1e6 / (time.perf_counter() - started), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("big", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("-t", "--tolerance", action="append")
    parser.add_argument("--bench", nargs=2, type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    default = make_recipe(arguments.tolerance)
    best = replace(default, effort="best", fit_seconds=60 * arguments.minutes)
    words = [Path(word).name if Path(word).exists() else word for word in sys.argv[1:]]
    record: dict[str, Any] = {
        "command": " ".join(["python benchmarks/campaign/measure.py", *words]),
        "machine": machine_facts(["pcodec", "torch"]),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record["other, model fitted in the file"] = packed(arguments.other, default, folder)
        for recipe in (default, best):
            model = folder / f"{recipe.effort}.hpm"
            started = time.perf_counter()
            fit([arguments.big], model, recipe)
            seconds = round(time.perf_counter() - started, 1)
            found: dict[str, Any] = {"fit_seconds": seconds, "model_bytes": model.stat().st_size}
            found["big"] = packed(arguments.big, recipe, folder, model)
            found["other"] = packed(arguments.other, recipe, folder, model)
            record[recipe.effort] = found
            print(recipe.effort, json.dumps(found, indent=1))
    record["peers"] = peers(arguments.big, default)
    record["best_plain"] = {
        name: BenchResult.from_json(json.loads(path.read_text())).best_plain_bytes
        for name, path in zip(("big", "other"), arguments.bench, strict=True)
    }
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
