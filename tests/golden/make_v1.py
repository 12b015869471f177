"""Make the golden files of format version 1: ``python tests/golden/make_v1.py`` in the root of the checkout.

They are made once for each format version, by this command and never by a test, and kept for good. Each
``NAME.hpk`` has a ``NAME.npz`` beside it with what it must decode to: ``TABLE/o/COLLECTION`` and
``TABLE/c/VARIABLE``. The inputs come from numpy's generators with fixed seeds.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))

from hepack.archive.packed import PackedFile
from hepack.codec import choose, streams
from hepack.codec.recipe import Recipe
from hepack.table import DTYPES, EventTable, Schema, Tolerance, Variable
from memory import pack_tables
from strategies import sample_table, specials

FOLDER = Path(__file__).parent / "v1"
BOUNDS = {
    "absolute": Tolerance("absolute", 1e-3),
    "relative": Tolerance("relative", 1e-3),
    "bits": Tolerance("mantissa", 8),
}


def flat(name: str, columns: dict[str, Any], tolerances: dict[str, Tolerance] | None = None) -> EventTable:
    """A table of flat columns."""
    kinds: dict[str, Any] = {"b": "flag", "f": "continuous"}
    chosen = tolerances or {}
    variables = tuple(
        Variable(
            name=key, dtype=v.dtype, shape=v.shape[1:], kind=kinds.get(v.dtype.kind, "integer"),
            tolerance=chosen.get(key, Tolerance()),
        )
        for key, v in columns.items()
    )  # fmt: skip
    return EventTable(Schema(name, variables), len(next(iter(columns.values()))), {}, columns)


def grids(n: int = 400) -> EventTable:
    """Every transform: bits, truncated bits, steps, decimals, digits, dictionary, ratio, merged lattices."""
    rng = np.random.default_rng(1)
    exponential = rng.exponential(50, n)
    truncated = (exponential.astype("f4").view("u4") & np.uint32(0xFFFFE000)).view("f4")
    columns = {
        "bits": rng.normal(0, 1, n).astype("f4"),
        "truncated": truncated,
        "multiples": rng.integers(-500, 500, n) * 0.25,
        "decimals": np.round(rng.uniform(-9, 9, n), 3),
        "digits": np.array([float(f"{x:.5g}") for x in exponential**2]),
        "dictionary": rng.choice(np.array([0.1, 0.7, 11.3, -2.9], "f4"), n),
        "codes": rng.choice(np.array([11, -13, 22, 2212, 10**9]), n),
        "absolute": rng.uniform(-math.pi, math.pi, n).astype("f4"),
        "relative": (exponential * rng.choice([-1, 1, 0], n)).astype("f4"),
        "mantissa": rng.normal(90, 9, n),
        "sentinels": np.where(rng.random(n) < 0.1, -999.0, exponential).astype("f4"),
        "merged": np.round(rng.uniform(0, 50, n), 4),
        "half": rng.normal(0, 1, n).astype("f2"),
    }
    bounds = {"absolute": BOUNDS["absolute"], "relative": BOUNDS["relative"], "mantissa": BOUNDS["bits"],
              "sentinels": BOUNDS["relative"], "merged": BOUNDS["absolute"], "half": Tolerance("relative",
              0.01)}  # fmt: skip
    return flat("grids", columns, bounds)


def exceptions() -> EventTable:
    """NaN payloads, infinities, zeros of both signs, denormals, the ends of integers; few and many."""
    columns = {}
    for dtype in DTYPES:
        odd = specials(dtype)
        columns[f"all_{dtype.str[1:]}"] = np.resize(odd, 600)
        few = np.resize(np.arange(100), 600).astype(dtype)
        few[::150] = np.resize(odd, 4)
        columns[f"few_{dtype.str[1:]}"] = few
    return flat("exceptions", columns)


def shapes(n: int = 200) -> EventTable:
    """Entries of fixed shape: split into columns, component by component, entry by entry."""
    rng = np.random.default_rng(4)
    scales = np.array([1e-9, 1.0, 1e9], "f4")
    pattern = rng.integers(0, 10**6, 80)
    columns = {
        "split": (rng.normal(0, 1, (n, 3)) * scales).astype("f4"),
        "components": np.tile(pattern, (n, 1)) + rng.integers(0, 2, (n, 80)),
        "entries": np.tile(np.arange(80), (n, 1)) + rng.integers(0, 99, (n, 1)),
    }
    return flat("shapes", columns)


def of_coder(name: str, encode: Callable[[Any], Any]) -> EventTable:
    """Integers, as many as are coded beyond the shortest streams, coded by one coder."""
    rng = np.random.default_rng(3)
    columns = {
        "counts": rng.poisson(2, 2100),
        "far": 2**62 + rng.integers(-3, 3, 2100),
        "sorted": np.sort(rng.integers(-(2**63), 2**63, 70)).repeat(30),
        "runs": np.repeat(rng.integers(0, 50, 210), 10),
    }
    return flat(name, columns)


def expected(path: Path) -> dict[str, Any]:
    """What a packed file holds, by name."""
    found: dict[str, Any] = {}
    with PackedFile(path) as packed:
        for table in packed.tables:
            events = table.read()
            found |= {f"{table.name}/o/{name}": offsets for name, offsets in events.offsets.items()}
            found |= {f"{table.name}/c/{name}": column for name, column in events.columns.items()}
    return found


def make(name: str, *tables: EventTable, events: int = 10**9, **keywords: Any) -> None:
    """Pack tables and put down what they decode to."""
    path = FOLDER / f"{name}.hpk"
    try:
        pack_tables(path, *tables, events=events, overwrite=True, **keywords)
    finally:
        path.with_suffix(".original").unlink()
    np.savez_compressed(path.with_suffix(".npz"), **expected(path))


def main() -> None:
    """Make all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    make("grids", grids())
    make(
        "grids-fast",
        grids(2100).select(["truncated", "digits", "relative", "codes"]),
        recipe=Recipe(effort="fast"),
    )
    make("exceptions", exceptions())
    make("shapes", shapes())
    make("layouts", sample_table(90), flat("second", {"x": np.arange(7.0)}), events=40)
    make("empty", EventTable.empty(sample_table(1).schema))
    for name, encode in streams.DEFAULT.items():
        only = {name: lambda symbols, encode=encode: encode(symbols) or streams.encode_pcodec(symbols)}
        with (
            mock.patch.object(choose, "DEFAULT", only),
            mock.patch.object(choose.Chooser, "_search", _only(name)),
        ):
            make(f"coder-{name}", of_coder(name, encode))
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(list(FOLDER.glob('*.hpk')))} files, {size} bytes with what they must decode to")


def _only(name: str) -> Callable[..., Any]:
    return lambda self, coders, symbols: (name, coders[name](symbols))


if __name__ == "__main__":
    main()
