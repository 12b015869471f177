"""Packs and unpacks small tables under many settings of the machine, and compares digests.

    python benchmarks/exactness/run.py -o benchmarks/exactness/x86_64.json
    python benchmarks/exactness/run.py --emulated aarch64.sh -o benchmarks/exactness/aarch64.json

Three questions for each setting: do files that another setting packed give the same values (``unpacked``; the golden
files too); do the functions and nets of decoding (``parts``); and does packing give the same bytes (``packed``)? The
first two are promised. ``--blas NAME=LIBRARY`` adds a setting in which numpy calls another BLAS, by way of ``--shim``,
the library that `blas.c` becomes. ``--emulated`` is a command that stands for the Python of another machine; it has
no torch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))

from one import patient
from settings import Setting, settings
from tables import Case, cases

from hepack.archive import fit as fit_module
from hepack.bench.machine import machine_facts
from hepack.codec.recipe import Recipe
from hepack.table import Schema, Tolerance
from memory import MemorySource, pack_tables

ONE = Path(__file__).with_name("one.py")
SOURCES = Path(__file__).resolve().parents[2] / "src"


def prepare(folder: Path) -> None:
    """The tables as they are, and packed as this process does it; models of campaigns first."""
    (folder / "tables").mkdir()
    (folder / "reference").mkdir()
    for name, case in cases().items():
        schema = case.table.schema
        exact = tuple(replace(v, tolerance=Tolerance()) for v in schema.variables)
        bare = replace(case.table, schema=Schema(schema.name, exact, schema.collections))
        pack_tables(folder / "tables" / f"{name}.hpk", bare, recipe=Recipe(effort="fast"))
        target = folder / "reference" / f"{name}.hpk"
        with case.fitting():
            recipe = replace(case.recipe, model=campaign(case, target)) if case.campaign else case.recipe
            pack_tables(target, case.table, events=case.events, recipe=recipe)


def campaign(case: Case, target: Path) -> Path:
    """The model file of a case, beside its packed file."""
    model = target.with_suffix(".hpm")
    source = MemorySource([case.table], 10**9)
    rules = tuple((v.name, v.tolerance) for v in case.table.schema.variables if v.dtype.kind == "f")
    with mock.patch.object(fit_module, "open_source", return_value=source):
        fit_module.fit(["memory"], model, replace(case.recipe, rules=rules))
    return model


def measure(folder: Path, setting: Setting, extra: list[str]) -> dict[str, Any]:
    """The digests of one setting, or what went wrong."""
    words = [*(setting.python or (sys.executable,)), str(ONE), str(folder), *extra]
    words += ["--rows", str(setting.rows)] if setting.rows else []
    words += ["--threads", str(setting.threads)] if setting.threads else []
    words += ["--torch"] if setting.torch else []
    words += [] if setting.packs else ["--unpack-only"]
    given = {"PYTHONPATH": str(SOURCES), "PYTHONWARNINGS": "ignore"}
    environment = {**os.environ, **given, **setting.environment}
    started = time.perf_counter()
    done = subprocess.run(words, env=environment, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found | {"seconds": round(time.perf_counter() - started, 1), "said": done.stderr.strip()[-300:]}


def compared(found: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """How many digests are those of the first setting, and which are not."""
    if "failed" in found:
        return found
    result: dict[str, Any] = {"seconds": found["seconds"]}
    for part in ("unpacked", "parts", "packed"):
        shared = [name for name in found[part] if name in base[part]]
        other = [name for name in shared if found[part][name] != base[part][name]]
        result[part] = {"same": len(shared) - len(other), "different": other}
    values = [n for n, each in found["packed"].items() if each["values"] != base["packed"][n]["values"]]
    return result | {"other values from its own files": values, "said": found["said"]}


def asked(given: argparse.Namespace) -> dict[str, Setting]:
    """The settings to run, the base first."""
    every = settings()
    if given.emulated:
        return {"as it is": every["as it is"], "emulated": Setting(python=(str(given.emulated.resolve()),))}
    for words in given.blas:
        name, _, library = words.partition("=")
        other = {"OTHER_BLAS": library, "LD_PRELOAD": str(given.shim), "COUNT_BLAS": "1"}
        every[f"numpy with {name}"] = Setting(other | {"MKL_THREADING_LAYER": "SEQUENTIAL"})
    return {k: v for k, v in every.items() if k == "as it is" or not given.only or given.only in k}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="", help="settings whose names hold this")
    parser.add_argument("--emulated", type=Path, help="a command that runs another machine's Python")
    parser.add_argument("--blas", action="append", default=[], metavar="NAME=LIBRARY")
    parser.add_argument("--shim", type=Path, help="blas.so, made from blas.c")
    parser.add_argument("--unpack-only", action="store_true")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    chosen = asked(given)
    facts = machine_facts(["numpy", "numba", "torch"])
    record: dict[str, Any] = {"machine": facts, "base": {}, "settings": {}}
    with TemporaryDirectory() as name:
        folder = Path(name)
        patient()
        prepare(folder)
        for title, setting in chosen.items():
            plain = setting.python != ()
            extra = ["--untrained"] if plain else []
            extra += ["--unpack-only"] if given.unpack_only else []
            found = measure(folder, setting, extra)
            record["base"] = record["base"] or found
            record["settings"][title] = compared(found, record["base"])
            print(title, record["settings"][title], file=sys.stderr, flush=True)
            given.output.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
