"""Tables of any type in a ROOT file: they come back as they were, or are refused with a sentence."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import NAMES, TYPES, layout
from test_root import ROOT, whole

from hepack._errors import BadRequestError
from hepack.io import ReadOptions, WriteOptions
from hepack.io.arrays import from_awkward, to_fields
from hepack.io.fieldpath import members_of
from hepack.table import EventTable, bits_differ

TABLES = st.dictionaries(NAMES, TYPES, min_size=1, max_size=3)

PEOPLE = [{"x": 1, "y": "a"}, None]
REFUSED = {
    "records that may be missing": ak.Array([PEOPLE[0], None]),
    "in lists": ak.Array([PEOPLE, []]),
    "lists of them that may be missing": ak.Array([[PEOPLE[0]], None]),
    "records in records that may be missing": ak.Array([{"r": PEOPLE[0]}, {"r": None}]),
    "field like a part of a tuple": ak.Array([{"_0": 1}, {"_0": 2}]),
    "field like a base class": ak.Array([{":_0": 1}, {":_0": 2}]),
}
KEPT = {
    "fields that may be missing": ak.Array([{"x": None}, {"x": 1}]),
    "tuples that may be missing": ak.Array([(1, 2.0), None]),
    "strings that may be missing": ak.Array(["a", None]),
    "lists that may be missing": ak.Array([[1], None]),
    "strings in lists that may be missing": ak.Array([["a", None], None]),
    "several levels": ak.Array([[[1, None], None], None]),
}


@pytest.mark.parametrize("container", [None, "ttree", "rntuple"])
@settings(max_examples=80)
@given(kinds=TABLES, length=st.integers(0, 6), seed=st.integers(0, 99))
def test_any_table(container: str | None, kinds: dict[str, Any], length: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = {name: ak.Array(layout(kind, length, rng)) for name, kind in kinds.items()}
    check(from_awkward(arrays, name="t")[0], container)


@pytest.mark.parametrize("container", [None, "ttree", "rntuple"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_come_back_as_something_else_is_refused(name: str, container: str | None) -> None:
    table, _ = from_awkward({"good": ak.Array([1, 2]), "bad": REFUSED[name]}, name="t")
    sentence = check(table, container)
    assert "'bad." in sentence
    assert "parquet" in sentence


@pytest.mark.parametrize("name", KEPT)
def test_what_may_be_missing_comes_back(name: str) -> None:
    assert check(from_awkward({"good": ak.Array([1, 2]), "f": KEPT[name]}, name="t")[0], "rntuple") == ""


def check(table: EventTable, container: str | None) -> str:
    """Write and read a table; returns the sentence with which it was refused, if it was."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "a.root")
        try:
            with ROOT.create(path, {}, WriteOptions(container=container)) as sink:
                sink.begin(table.schema, len(table))
                for start in range(0, len(table), 3):
                    sink.write(table.slice(start, start + 3))
        except BadRequestError as error:
            return _sentence(error, table)
        with ROOT.open(path, ReadOptions()) as source:
            assert source.contents.skipped == ()
            _assert_same(whole(source), table, "\n".join(sink.notes))
    return ""


def _sentence(error: BadRequestError, table: EventTable) -> str:
    """What a refusal says; it must name a column, and what to do instead."""
    sentence, schema = str(error), table.schema
    names = {*schema.by_name, *schema.collection_by_name, *members_of(schema)}
    assert any(f"cannot hold the column '{name}'" in sentence for name in names), sentence
    assert sentence.endswith(" instead")
    return sentence


def _assert_same(found: EventTable, table: EventTable, notes: str) -> None:
    """The same columns of the same types with the same bits, but for what ``notes`` say."""
    left, right = _plain(found), _plain(table)
    made_up = {f"n{name}" for name in table.schema.collection_by_name}
    assert set(left.columns) - made_up <= set(right.columns) <= set(left.columns)
    marks = {"plain numbers": ("time", "complex"), "as strings": ("bytes",)}
    lost = {mark for phrase, names in marks.items() if phrase in notes for mark in names}
    for variable in right.schema.variables:
        other = left.schema.by_name[variable.name]
        assert _without(variable.attributes, lost) == other.attributes, variable.name
        paths = [t.schema.ancestors(v.axis) for t, v in ((left, other), (right, variable))]
        for one, two in zip(*paths, strict=True):
            read, written = left.schema.collection_by_name[one], right.schema.collection_by_name[two]
            assert read.layout == written.layout
            assert read.attributes == _without(written.attributes, lost)
            assert np.array_equal(left.offsets[one], right.offsets[two])
        assert not bits_differ(left.columns[other.name], right.columns[variable.name]).any()
    assert left.schema.attributes.get("tuples") == right.schema.attributes.get("tuples")


def _plain(table: EventTable) -> EventTable:
    """Without groups: a collection for each list."""
    return from_awkward(to_fields(table), name="t")[0]


def _without(attributes: Any, lost: set[str]) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if key not in lost}
