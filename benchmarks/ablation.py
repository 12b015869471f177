"""What each part of the learned coder gains: bytes with relations, trees and nets switched on one by one.

    python benchmarks/ablation.py FILE [-t RULES] [--bench RESULT] [--minutes N] [--autoencoder N] -o OUT.json

Each stage has all of the one before: ``plain``, ``relations``, ``trees`` (nothing looks at the object or event before),
``previous`` (trees and histories that do: the default effort), ``nets`` (integer nets as well, where they are smaller).
They are the bytes of blocks and models, all that a decoder needs but the plan and the index. ``model`` is the part of
the model; ``amortised`` are the bytes without it, as in a file of a campaign whose models are a file of their own;
``bits`` is the mean over all values of the file (lengths of collections and all variables), model included.
``file_...`` are whole packed files of ``hepack pack``, the last with an autoencoder as the codec at the same bounds.
``best_plain`` is the sum of the best plain peer of each variable, from a result of ``hepack bench``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

from hepack.api import make_recipe
from hepack.archive.ahead import workers
from hepack.archive.models import model_size
from hepack.archive.pack import pack
from hepack.bench.column import load
from hepack.bench.machine import machine_facts
from hepack.bench.result import BenchResult
from hepack.codec.block import encode_block
from hepack.codec.choose import Chooser
from hepack.codec.network import NetworkOptions
from hepack.codec.recipe import Recipe
from hepack.fitting import FitOptions, fit_table
from hepack.io import ReadOptions
from hepack.table import EventTable, split_schema, split_table, splittable


def stages(seconds: float) -> dict[str, FitOptions | None]:
    """The switches, each with all of the one before."""
    found: dict[str, FitOptions | None] = {
        "plain": None,
        "relations": FitOptions(conditionals=False),
        "trees": FitOptions(previous=False),
        "previous": FitOptions(),
    }
    if seconds:
        found["nets"] = FitOptions(seconds=seconds)
    return found


def size(tables: list[EventTable], options: FitOptions | None, pool: Executor) -> dict[str, Any]:
    """Bytes of blocks and models of whole tables as single blocks."""
    started = time.perf_counter()
    blocks = models = learned = 0
    for table in tables:
        chooser, model = Chooser(), None
        if options is not None and len(table):
            model = fit_table(table, events=len(table), chooser=chooser, executor=pool, options=options).model
        if model is not None and model.items:
            models += model_size(model)
            learned += len(model.items)
        blocks += encode_block(table, chooser, pool, model).nbytes
    seconds = round(time.perf_counter() - started, 1)
    found = {"bytes": blocks + models, "model": models, "amortised": blocks}
    found["bits"] = round(8 * (blocks + models) / values_of(tables), 4)
    return found | {"learned_items": learned, "seconds": seconds}


def values_of(tables: list[EventTable]) -> int:
    """Lengths of collections, and values of all variables."""
    lengths = sum(len(runs) - 1 for table in tables for runs in table.offsets.values())
    return max(1, lengths + sum(column.size for table in tables for column in table.columns.values()))


def ablation(path: Path, recipe: Recipe, read: ReadOptions, seconds: float, latent: int) -> dict[str, Any]:
    """All stages of one file; with a latent also an autoencoder."""
    loaded = load(path, recipe, read)
    whole = [split_table(t, split_schema(t.schema, splittable(t.schema))) for t in loaded.tables]
    with workers(None) as pool:
        found: dict[str, Any] = {
            name: size(whole, options, pool) for name, options in stages(seconds).items()
        }
    with tempfile.TemporaryDirectory() as folder:
        recipes = {effort: replace(recipe, effort=effort) for effort in ("fast", "default")}
        if latent:
            network = NetworkOptions(latent=latent)
            recipes["autoencoder"] = replace(recipe, effort="default", network=network)
        for name, asked in recipes.items():
            result = pack(path, Path(folder) / name, asked, read=read)
            found[f"file_{name}"] = {"bytes": result.packed_bytes, "seconds": round(result.seconds, 1)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("-t", "--tolerance", action="append")
    parser.add_argument("--bench", type=Path, help="result of 'hepack bench' at the same bounds")
    parser.add_argument("--minutes", type=float, default=0.0, help="for nets (0: none)")
    parser.add_argument("--autoencoder", type=int, default=0, help="numbers in its latent (0: none)")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    read = ReadOptions(allow_pickle=True)
    recipe, seconds = make_recipe(arguments.tolerance), 60 * arguments.minutes
    found = ablation(arguments.file, recipe, read, seconds, arguments.autoencoder)
    words = [Path(word).name if Path(word).exists() else word for word in sys.argv[1:]]
    record: dict[str, Any] = {
        "command": " ".join(["python", "benchmarks/ablation.py", *words]),
        "machine": machine_facts(["pcodec", "zstandard", "torch"]),
        "stages": found,
    }
    if arguments.bench is not None:
        plain = BenchResult.from_json(json.loads(arguments.bench.read_text())).best_plain_bytes
        record["best_plain"] = plain
        record["file_to_best_plain"] = round(found["file_default"]["bytes"] / plain, 4)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")
    for name, row in found.items():
        print(name, row)


if __name__ == "__main__":
    main()
