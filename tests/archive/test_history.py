"""Histories in whole files: a column that repeats is coded by what followed before, and comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conditional.history.walks import walk
from hepack.archive.packed import PackedFile
from hepack.codec.recipe import Recipe
from hepack.table import EventTable, Schema, Variable
from memory import pack_tables
from strategies import same_tables


def repeating(n: int = 6000) -> EventTable:
    """Cells of a detector in an order that half repeats, far from any lattice."""
    problem = walk(1, n)
    flat = {
        "gate": problem.features[:, 1].astype("i4"),
        "x": np.sqrt(np.abs(problem.targets) + 1.0).astype("f4"),
    }
    schema = Schema("cells", tuple(_variable(k, v) for k, v in flat.items()))
    return EventTable(schema, n, {}, flat)


def _variable(name: str, values: NDArray[Any]) -> Variable:
    return Variable(
        name=name, dtype=values.dtype, kind="integer" if values.dtype.kind == "i" else "continuous"
    )


def test_a_column_that_repeats_is_coded_by_its_history(tmp_path: Path) -> None:
    table = repeating()
    learned = pack_tables(tmp_path / "a.hpk", table)
    plain = pack_tables(tmp_path / "b.hpk", table, recipe=Recipe(effort="fast"))
    assert learned.packed_bytes < 0.8 * plain.packed_bytes
    with PackedFile(tmp_path / "a.hpk") as packed:
        conditional = packed.models[0].by_key["values", "x"].conditional
        assert conditional is not None
        assert conditional.tag == "h"
        assert same_tables(packed.tables[0].read(), table)
