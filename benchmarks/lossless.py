"""hepack without loss against LZMA-9 and the best plain peers, from the committed results.

    python benchmarks/lossless.py

Nothing is measured: hepack's sizes are those of ``results/sizes.json``, the peers' of ``results/*.lossless.json``.
*LZMA-9* is the sum over the columns of the smaller of LZMA-9 on the bytes as they lie and on byte planes (columns that
it cannot do count as the best other peer); *ROOT file* is ``root-lzma-9``, a whole file by uproot with ROOT's own LZMA,
as users have it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sizes import results

SIZES = Path(__file__).parent / "results" / "sizes.json"


def main() -> None:
    sizes = json.loads(SIZES.read_text())["rows"]
    head = (
        "table",
        "columns",
        "LZMA-9",
        "ROOT file",
        "best plain",
        "hepack",
        "to LZMA-9",
        "to ROOT",
        "to best",
    )
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    for name, result in results().items():
        if not name.endswith(".lossless") or name not in sizes:
            continue
        lzma = next(total.bytes for total in result.totals() if total.peer == "lzma-9")
        root = next((w.bytes for w in result.whole_files if w.peer == "root-lzma-9" and w.lossless), 0)
        own, best = sizes[name]["hepack"], result.best_plain_bytes
        ratios = [f"{own / other:.3f}" if other else "" for other in (lzma, root, best)]
        numbers = [result.fair_bytes, lzma, root, best, own]
        cells = [name.removesuffix(".lossless"), *(f"{n:,}" if n else "" for n in numbers), *ratios]
        lines.append("| " + " | ".join(cells) + " |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
