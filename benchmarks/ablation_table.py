"""The committed ablations as two tables in Markdown: ``python benchmarks/ablation_table.py``.

The first has bits per value after each stage; the second splits what was gained over plain coders, and has bytes with
the model and without (``amortised``), how much trees take beside nets, the autoencoder, and the file beside the best
plain peer.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "ablation"
STAGES = ("plain", "relations", "trees", "previous", "nets")


def rows() -> list[tuple[str, dict[str, Any], int]]:
    """Name, record, and the bytes of the autoencoder (0: not measured)."""
    found = []
    for path in sorted(FOLDER.glob("*.1e-3.json")):
        other = FOLDER / path.name.replace(".1e-3.", ".autoencoder.")
        network = json.loads(other.read_text())["bytes"] if other.exists() else 0
        found.append((path.name.split(".")[0], json.loads(path.read_text()), network))
    return found


def bits(stages: dict[str, Any]) -> list[str]:
    return [f"{stages[stage]['bits']:.3f}" for stage in STAGES]


def gains(record: dict[str, Any], network: int) -> list[str]:
    """The second table's cells."""
    stages = record["stages"]
    sizes = [stages[stage]["bytes"] for stage in STAGES]
    total = max(1, sizes[0] - sizes[-1])
    shares = [f"{100 * (a - b) / total:.0f} %" for a, b in itertools.pairwise(sizes)]
    last, before = stages["nets"], stages["previous"]
    trees = before["amortised"] / last["amortised"] - 1
    return [
        f"{100 * (sizes[0] - sizes[-1]) / sizes[0]:.1f} %", *shares, f"{last['bytes']:,}", f"{last['amortised']:,}",
        f"{100 * trees:+.1f} %", f"{network:,}" if network else "", f"{record['best_plain']:,}",
        f"{stages['file_default']['bytes']:,}", f"{record['file_to_best_plain']:.3f}",
    ]  # fmt: skip


def table(head: tuple[str, ...], lines: list[list[str]]) -> str:
    ruled = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(ruled + ["| " + " | ".join(line) + " |" for line in lines]) + "\n"


def main() -> None:
    found = rows()
    sys.stdout.write(table(("table", *STAGES), [[name, *bits(r["stages"])] for name, r, _ in found]) + "\n")
    head = (
        "table", "gain", "relations", "trees", "previous", "nets", "bytes", "amortised", "trees to nets",
        "autoencoder", "best plain", "file", "file / best",
    )  # fmt: skip
    sys.stdout.write(table(head, [[name, *gains(r, network)] for name, r, network in found]))


if __name__ == "__main__":
    main()
