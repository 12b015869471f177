"""Compression meets anomalies: bits and broken bounds, by codec, for processes that no model was fitted to.

    python benchmarks/scores/price.py FOLDER -o benchmarks/scores/price.json

FOLDER is that of measure.py. Models are fitted to the fat jets of qcd_1; each process's fat jets are then packed
with them. Bits are per fat jet, without what belongs to the model (a reusable file); a packed file's headers count.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hepack.archive.fit import fit
from hepack.archive.models import ModelFile
from hepack.archive.pack import pack
from hepack.archive.packed import PackedFile
from hepack.autocoder import decode, encode
from hepack.autocoder.encode import Options
from hepack.autocoder.learn import learn
from hepack.codec.recipe import Recipe, parse_rules
from hepack.io import WriteOptions, format_for_output
from hepack.scoring.events import read_events
from hepack.scoring.lengths import CodeLengths
from hepack.table import EventTable, Schema, Variable

NAMES = tuple(f"FatJet_{name}" for name in ("pt", "eta", "phi", "mass", "tau1", "tau2", "tau3", "msoftdrop"))
RULES = "*_pt=1e-3rel,*_mass=1e-3rel,*_msoftdrop=1e-3rel,*_eta=1e-3,*_phi=1e-3,*_tau?=1e-3"
PROCESSES = {"qcd (other events)": "qcd_2", "tt": "tt", "wprime": "wprime"}
ROWS = 3000


def fat_jets(path: Path, rows: int) -> EventTable:
    """The first fat jets of a file, one a row."""
    table = read_events([path])
    columns = {name: np.ascontiguousarray(table.columns[name][:rows]) for name in NAMES}
    schema = Schema("jets", tuple(Variable(name=n, dtype=c.dtype) for n, c in columns.items()))
    return EventTable(schema, len(columns[NAMES[0]]), {}, columns)


def write(table: EventTable, path: Path) -> None:
    """An ordinary file."""
    with format_for_output(str(path)).create(str(path), {}, WriteOptions()) as sink:
        sink.begin(table.schema, len(table))
        sink.write(table)


def violations(table: EventTable, back: dict[str, Any], schema: Schema) -> int:
    """Values outside their tolerance."""
    return sum(
        int(v.tolerance.violated(table.columns[v.name], np.asarray(back[v.name]), period=v.period).sum())
        for v in schema.variables
    )


def packed(source: Path, recipe: Recipe, table: EventTable, schema: Schema) -> dict[str, Any]:
    """Pack, unpack, compare; a model file that is named lies outside."""
    output = source.with_suffix(".hpk")
    result = pack(source, output, recipe, overwrite=True)
    with PackedFile(output) as file:
        back = file.tables[0].read().columns
    broken = violations(table, dict(back), schema)
    return {"bits": round(8 * result.packed_bytes / len(table), 2), "violations": broken}


def by_net(table: EventTable, schema: Schema, net: Any, resolution: Any) -> dict[str, Any]:
    """The autoencoder with residuals, and its latent alone."""
    columns = dict(table.columns)
    bounds = {v.name: v.tolerance for v in schema.variables}
    found = {}
    always = Options(always=True)
    for title, given in (("autoencoder, bounded", bounds), ("autoencoder, unbounded", None)):
        data = encode(columns, given, model=net, options=always)
        weights = len(encode({n: c[:1] for n, c in columns.items()}, given, model=net, options=always))
        back = decode(data)
        error = np.stack([back[n].astype(float) - columns[n].astype(float) for n in NAMES], axis=1)
        if resolution[0] is None and given is None:
            resolution[0] = np.sqrt((error**2).mean(axis=0))
        found[title] = {
            "bits": round(8 * (len(data) - weights) / len(table), 2), "violations": violations(table, back, schema),
        }  # fmt: skip
        if given is None:
            unit = error / resolution[0]
            found[title] |= {
                "error_rms": round(float(np.sqrt((unit**2).mean())), 3),
                "error_median": round(float(np.median(np.abs(unit))), 3),
            }
    return found


def measure(folder: Path) -> dict[str, Any]:
    """Every process at every codec."""
    recipe = Recipe(rules=parse_rules([RULES]))
    reference = fat_jets(folder / "qcd_1.root", 1 << 30)
    schema = recipe.resolve([reference.schema])[0]
    tables = {name: fat_jets(folder / f"{file}.root", ROWS) for name, file in PROCESSES.items()}
    net = learn(np.stack([reference.columns[n].astype(float) for n in NAMES], axis=1), Options(latent=5))
    found: dict[str, Any] = {"fitted_rows": len(reference), "tolerances": RULES, "processes": {}}
    resolution: list[Any] = [None]
    with tempfile.TemporaryDirectory() as place:
        write(reference, Path(place, "reference.parquet"))
        model = Path(place, "qcd.hpm")
        fit([Path(place, "reference.parquet")], model, recipe)
        with ModelFile(model) as file:
            given = file.find(reference.schema.name)
        assert given is not None
        lengths = CodeLengths.fit(reference, given[1])
        for number, (name, table) in enumerate(tables.items()):
            source = Path(place, f"{number}.parquet")
            write(table, source)
            fast = Recipe(rules=recipe.rules, effort="fast")
            with_model = Recipe(rules=recipe.rules, model=model)
            joint = lengths.measure(table).per_event().sum(axis=1)
            found["processes"][name] = {
                "rows": len(table),
                "plain": packed(source, fast, table, schema),
                "learned": packed(source, with_model, table, schema),
                "code length by the model": {
                    "bits": round(float(joint.mean()), 2), "median": round(float(np.median(joint)), 2),
                },
                **by_net(table, schema, net, resolution),
            }  # fmt: skip
    return found


def main() -> None:
    """Measure, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    given.output.write_text(json.dumps(measure(given.folder), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
