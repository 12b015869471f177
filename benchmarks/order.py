"""What the order of events costs: files packed with it and without.

    python benchmarks/order.py DATA -o benchmarks/results/order.json

``DATA`` is a folder with the files. Each file without the order is verified against its original.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hepack.api import make_recipe
from hepack.archive.pack import pack
from hepack.archive.packed import PackedFile
from hepack.archive.verify import verify
from hepack.bench.machine import machine_facts
from hepack.io import ReadOptions

FILES = {
    "all_jets_train_4D_100_percent.pkl": "*=1e-3rel,*eta*=1e-3,*phi*=1e-3",
    "PhaseSpaceSimulation.root": "*=1e-3rel",
}
"""Files and their tolerances, as in the results of `hepack bench`."""

READ = ReadOptions(allow_pickle=True)


def measure(source: Path, rules: str) -> dict[str, Any]:
    """Pack with the order and without, and verify the latter."""
    sizes, seconds = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, free in (("kept", False), ("free", True)):
            target = Path(folder) / f"{name}.hpk"
            started = time.perf_counter()
            result = pack(source, target, make_recipe(rules, free_event_order=free), read=READ)
            sizes[name], seconds[name] = result.packed_bytes, round(time.perf_counter() - started, 1)
        sound = verify(target, original=str(source), read=READ).sound
        with PackedFile(target) as packed:
            table = packed.tables[0]
            order = packed.plan.order(0)
            most = sum(math.lgamma(block.n_events + 1) for block in table.blocks) / math.log(2)
    events = sum(result.n_events)
    saved = 8 * (sizes["kept"] - sizes["free"]) / events
    return {
        "file": source.name, "tolerance": rules, "events": events, "bytes": sizes, "seconds": seconds,
        "ratio": round(sizes["free"] / sizes["kept"], 4), "saved_bits_per_event": round(saved, 3),
        "order_bits_per_event": round(most / events, 3), "sorted_by": order.keys, "verified": sound,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    files = {path.name: path for path in arguments.data.rglob("*") if path.is_file()}
    rows = {}
    for name, rules in FILES.items():
        rows[name] = measure(files[name], rules)
        print(json.dumps(rows[name]), file=sys.stderr, flush=True)
    facts = machine_facts(["pcodec", "zstandard"])
    record = {"command": "python benchmarks/order.py DATA -o OUT.json", "machine": facts, "rows": rows}
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
