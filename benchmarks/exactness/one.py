"""Packs and unpacks the tables of a folder in this process and prints digests; `run.py` starts it."""

from __future__ import annotations

import argparse
import functools
import hashlib
import importlib
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))
sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "exactness"))

import digests
from tables import Case, cases

from hepack.archive.packed import PackedFile
from hepack.table import EventTable
from memory import pack_tables

MODEL_SUFFIX = ".hpm"


def table_of(folder: Path, name: str, case: Case) -> EventTable:
    """The table as it was stored, with the tolerances of the case: no machine makes it anew."""
    with PackedFile(folder / "tables" / f"{name}.hpk") as packed:
        stored = packed.tables[0].read()
    return replace(stored, schema=case.table.schema)


def packed_digest(folder: Path, name: str, case: Case, threads: int | None) -> dict[str, Any]:
    """Pack one table; digests of the file and of what comes back."""
    model = folder / "reference" / f"{name}{MODEL_SUFFIX}" if case.campaign else None
    recipe = replace(case.recipe, threads=threads, model=model)
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "packed.hpk"
        with case.fitting():
            pack_tables(target, table_of(folder, name, case), events=case.events, recipe=recipe)
        if model is not None:
            (target.parent / model.name).write_bytes(model.read_bytes())
        data = target.read_bytes()
        digest = hashlib.sha256(data).hexdigest()[:16]
        return {"file": digest, "values": digests.of_file(target), "bytes": len(data)}


def patient() -> None:
    """No training is cut short because the machine is busy: that alone would change a net."""
    import hepack.training.fit

    mock.patch.object(hepack.training.fit, "_PATIENCE", float("inf")).start()


def execute(rows: int, by_torch: bool) -> None:
    """Change how nets run in this process: batches of so many rows, or torch."""
    import hepack.conditional.mlp.model as mlp

    if rows:
        for module, name in (("hepack.intnet.run", "ROWS"), ("hepack.models.fixedpoint", "CHUNK")):
            mock.patch.object(importlib.import_module(module), name, rows).start()
    if by_torch:
        from hepack.intnet import torch_run

        mock.patch.object(mlp, "Runner", lambda program: functools.partial(torch_run.run, program)).start()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--unpack-only", action="store_true")
    parser.add_argument("--untrained", action="store_true", help="leave out what needs torch")
    given = parser.parse_args()
    if not given.untrained:
        patient()
    execute(given.rows, given.torch)
    parts = dict([*digests.functions(), *digests.nets()])
    found: dict[str, Any] = {"unpacked": {}, "packed": {}, "parts": parts}
    for name, case in cases().items():
        found["unpacked"][name] = digests.of_file(folder_file(given.folder, name))
        if not given.unpack_only and not (given.untrained and case.trained):
            found["packed"][name] = packed_digest(given.folder, name, case, given.threads)
    found["unpacked"] |= {f"golden {name}": digest for name, digest in digests.golden()}
    print(json.dumps(found))


def folder_file(folder: Path, name: str) -> Path:
    """The file that the first setting packed."""
    return folder / "reference" / f"{name}.hpk"


if __name__ == "__main__":
    main()
