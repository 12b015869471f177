"""Pack the files of the committed results again, and compare with the best plain peers that those found.

    python benchmarks/sizes.py DATA [NAME ...] -o benchmarks/results/sizes.json

``DATA`` is a folder with the files. The peers are not run again: their sizes do not depend on hepack.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hepack.api import make_recipe
from hepack.archive.pack import pack
from hepack.archive.packed import PackedFile
from hepack.bench.machine import machine_facts
from hepack.bench.result import BenchResult
from hepack.container import SectionKind
from hepack.io import ReadOptions

RESULTS = Path(__file__).parent / "results"


def results() -> dict[str, BenchResult]:
    """The committed results, by name."""
    found = {}
    for path in sorted([*RESULTS.glob("*.1e-3.json*"), *RESULTS.glob("*.lossless.json*")]):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as handle:
            found[path.name.split(".json")[0]] = BenchResult.from_json(json.load(handle))
    return found


def measure(source: Path, old: BenchResult) -> dict[str, Any]:
    """Pack once with the default effort."""
    words = shlex.split(old.command)
    rules = [words[i + 1] for i, word in enumerate(words) if word == "-t"]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "a.hpk"
        result = pack(source, target, make_recipe(rules or None), read=ReadOptions(allow_pickle=True))
        with PackedFile(target) as packed:
            model = sum(s.length for s in packed.sections if s.kind == SectionKind.MODEL)
            learned = sum(len(table.items) for table in packed.models)
    plain = old.best_plain_bytes
    return {
        "file": source.name, "tolerance": rules, "file_bytes": result.input_bytes, "best_plain": plain,
        "hepack": result.packed_bytes, "model": model, "learned_items": learned,
        "ratio": round(result.packed_bytes / plain, 4), "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    files = {path.name: path for path in arguments.data.rglob("*") if path.is_file()}
    rows = {}
    for name, old in results().items():
        if arguments.names and not any(part in name for part in arguments.names):
            continue
        rows[name] = measure(files[old.file], old)
        print(name, rows[name]["ratio"], rows[name]["seconds"], file=sys.stderr, flush=True)
        facts = machine_facts(["pcodec", "zstandard"])
        record = {"command": "python benchmarks/sizes.py DATA -o OUT.json", "machine": facts, "rows": rows}
        arguments.output.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
