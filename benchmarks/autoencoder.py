"""The autoencoder at the bounds of the learned coder, kept even where it does not pay: bytes of a flat table.

    python benchmarks/autoencoder.py FILE -t RULES [--latent N] [--epochs N] -o OUT.json

``hepack pack --codec autoencoder`` leaves an autoencoder out that does not pay for its bytes; `hepack.autocoder.encode`
with ``always`` stores its weights and its latent whatever they cost. Every value is within its bound: each column is
coded as its residual about the network's prediction, or plainly where that is smaller.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from hepack.api import make_recipe
from hepack.autocoder import encode
from hepack.autocoder.encode import Options
from hepack.bench.machine import machine_facts
from hepack.io import ReadOptions, open_source
from hepack.table import split_schema, split_table, splittable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("-t", "--tolerance", action="append")
    parser.add_argument("--latent", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    with open_source(str(given.file), ReadOptions(allow_pickle=True)) as opened:
        (schema,) = make_recipe(given.tolerance).resolve(opened.contents.schemas)
        schema = split_schema(schema, splittable(schema))
        read = opened.blocks(0, max_bytes=1 << 40)
        blocks = [split_table(block, schema) for block in read]
    columns = {v.name: np.concatenate([b.columns[v.name] for b in blocks]) for v in schema.variables}
    bounds = {v.name: str(v.tolerance) for v in schema.variables if v.dtype.kind == "f"}
    started = time.perf_counter()
    options = Options(latent=given.latent, epochs=given.epochs, always=True)
    data = encode(columns, bounds, options=options)
    words = [Path(word).name if Path(word).exists() else word for word in sys.argv[1:]]
    record = {
        "command": " ".join(["python", "benchmarks/autoencoder.py", *words]),
        "machine": machine_facts(["torch", "pcodec"]),
        "bytes": len(data),
        "seconds": round(time.perf_counter() - started, 1),
    }
    given.output.write_text(json.dumps(record, indent=1) + "\n")
    print(record["bytes"], record["seconds"])


if __name__ == "__main__":
    main()
