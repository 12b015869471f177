"""Any table, any tolerances, through a whole packed file: the promise holds, checked in exact arithmetic."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hepack.archive.packed import PackedFile
from hepack.archive.recover import recover
from hepack.archive.verify import verify
from hepack.codec.recipe import Recipe
from hepack.table import DTYPES, LOSSLESS, Collection, EventTable, Schema, Variable, offsets_from_counts
from memory import pack_tables
from promise import broken, same_bits
from strategies import columns, examples, tolerances


@st.composite
def tables(draw: st.DrawFn) -> EventTable:
    """Flat and jagged columns with a tolerance each; special values everywhere."""
    first = draw(columns(draw(st.sampled_from(DTYPES)), max_size=60))
    n = len(first)
    counts = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    offsets = offsets_from_counts(counts)
    variables, values = [], {}
    for number in range(draw(st.integers(1, 4))):
        axis = draw(st.sampled_from(["", "Jet"]))
        dtype = first.dtype if number == 0 else draw(st.sampled_from(DTYPES))
        length = n if axis == "" else int(offsets[-1])
        column = first if number == 0 and axis == "" else _resized(draw(columns(dtype, max_size=60)), length)
        tolerance = draw(tolerances(dtype)) if dtype.kind == "f" else LOSSLESS
        name = f"v{number}"
        variables.append(Variable(name=name, dtype=dtype, axis=axis, tolerance=tolerance))
        values[name] = column
    return EventTable(Schema("t", tuple(variables), (Collection(name="Jet"),)), n, {"Jet": offsets}, values)


def _resized(column: Any, length: int) -> Any:
    import numpy as np

    return np.resize(column, length) if len(column) else np.zeros(length, column.dtype)


@examples(40)
@given(table=tables(), events=st.integers(1, 70), effort=st.sampled_from(["fast", "default"]))
def test_the_promise_holds(table: EventTable, events: int, effort: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, saved = Path(folder) / "a.hpk", Path(folder) / "b.hpk"
        pack_tables(path, table, events=events, recipe=Recipe(effort=effort, threads=2))
        assert verify(path).sound
        recover(path, saved)
        for file in (path, saved):
            with PackedFile(file) as packed:
                back = packed["t"].read()
                assert packed["t"].schema == table.schema
            check(table, back)


def check(table: EventTable, back: EventTable) -> None:
    assert back.n_events == table.n_events
    assert same_bits(back.offsets["Jet"], table.offsets["Jet"])
    for variable in table.schema.variables:
        before, after = table.columns[variable.name], back.columns[variable.name]
        assert not broken(variable.tolerance, before, after), dataclasses.asdict(variable)
