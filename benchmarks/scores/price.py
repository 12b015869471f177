"""Compression meets anomalies: bits and broken bounds, by codec, for processes that no model was fitted to.

    python benchmarks/scores/price.py FOLDER -o benchmarks/scores/price.json

FOLDER is that of measure.py. `hepack price` on fat jets as rows: codecs are made for those of qcd_1, and code the first
3,000 of qcd_2 (the background), tt and wprime.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from hepack.autocoder.encode import Options
from hepack.codec.recipe import Recipe, parse_rules
from hepack.scoring.events import read_events
from hepack.study.price import measure_prices
from hepack.study.price_page import price_study
from hepack.table import EventTable, Schema, Variable

NAMES = tuple(f"FatJet_{name}" for name in ("pt", "eta", "phi", "mass", "tau1", "tau2", "tau3", "msoftdrop"))
RULES = "*_pt=1e-3rel,*_mass=1e-3rel,*_msoftdrop=1e-3rel,*_eta=1e-3,*_phi=1e-3,*_tau?=1e-3"
SIGNALS = ("tt", "wprime")
ROWS = 3000


def fat_jets(path: Path, rows: int) -> EventTable:
    """The first fat jets of a file, one a row."""
    table = read_events([path])
    columns = {name: np.ascontiguousarray(table.columns[name][:rows]) for name in NAMES}
    schema = Schema("jets", tuple(Variable(name=n, dtype=c.dtype) for n, c in columns.items()))
    return EventTable(schema, len(columns[NAMES[0]]), {}, columns)


def main() -> None:
    """Measure, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    prices = measure_prices(
        fat_jets(given.folder / "qcd_1.root", 1 << 30),
        {name: fat_jets(given.folder / f"{name}.root", ROWS) for name in SIGNALS},
        Recipe(rules=parse_rules([RULES])),
        options=Options(latent=5),
        held=fat_jets(given.folder / "qcd_2.root", ROWS),
        say=print,
    )
    command = "benchmarks/scores/price.py FOLDER"
    text = json.dumps(price_study(prices, command=command).to_dict(), indent=1)
    given.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
