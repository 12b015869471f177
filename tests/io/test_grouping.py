"""Which jagged columns become one collection."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from hepack.io import GroupingError
from hepack.io.arrays import fields, from_awkward, to_awkward
from hepack.io.grouping import decide
from hepack.table import EventTable

TWO, ONE = [[1.0, 2.0], [], [3.0]], [[1.0], [2.0], []]


def table(columns: dict[str, Any]) -> EventTable:
    return from_awkward({name: ak.Array(value) for name, value in columns.items()}, name="t")[0]


def groups(columns: dict[str, Any], **options: Any) -> dict[str, set[str]]:
    made = table(columns)
    grouped = decide(made, **options).apply(made)
    for name, value in columns.items():  # whatever the grouping, each field comes back
        assert to_awkward(grouped, name).tolist() == ak.Array(value).tolist()
    assert set(fields(grouped.schema)) == set(columns)
    return {c.name: {v.name for v in grouped.schema.on(c.name)} for c in grouped.schema.collections}


@pytest.mark.parametrize("counter", ["nJet", "NJet", "Jet_size"])
def test_named_counter(counter: str) -> None:
    columns = {counter: np.array([2, 0, 1], "u4"), "Jet_pt": TWO, "Jet_eta": TWO, "Jet_other": ONE}
    assert groups(columns) == {"Jet": {"Jet_pt", "Jet_eta"}, "Jet_other": {"Jet_other"}}
    schema = decide(table(columns)).schema
    assert schema.collection_by_name["Jet"].counter == counter
    assert schema.collection_by_name["Jet"].counter_dtype == np.uint32


def test_wrong_counter_stays_a_variable() -> None:
    columns = {"nJet": [9, 0, 1], "Jet_pt": TWO, "Jet_eta": TWO}
    assert groups(columns) == {"Jet": {"Jet_pt", "Jet_eta"}}
    assert "nJet" in decide(table(columns)).schema.by_name


def test_explicit_counter() -> None:
    columns = {"njets": [2, 0, 1], "a": TWO, "b": TWO}
    assert groups(columns, counters={"a": "njets", "b": "njets"}) == {"a": {"a", "b"}}


def test_prefixes_and_lengths() -> None:
    columns = {"Jet.PT": TWO, "Jet.Eta": TWO, "Jet.Sub": ONE, "Jet.Sub2": ONE, "Alone_x": TWO}
    found = groups(columns)
    assert found == {"Jet": {"Jet.PT", "Jet.Eta"}, "Jet_2": {"Jet.Sub", "Jet.Sub2"}, "Alone_x": {"Alone_x"}}


def test_empty_columns_stay_alone() -> None:
    empty = ak.Array(TWO)[:, :0]
    assert set(groups({"a_x": empty, "a_y": empty})) == {"a_x", "a_y"}


def test_nested_lists() -> None:
    inner = [[[1, 2], []], [], [[3]]]
    found = groups({"Jet_a": inner, "Jet_b": inner, "Jet_pt": TWO})
    assert found == {"Jet": {"Jet_pt"}, "Jet_a[]": {"Jet_a", "Jet_b"}}


def test_records() -> None:
    links = [[{"key": 1}, {"key": 2}], [], [{"key": 3}]]
    assert groups({"Jet.link": links, "Jet.pt": TWO}) == {"Jet": {"Jet\\.link.key", "Jet\\.pt"}}


def test_later_block_differs() -> None:
    first = table({"Jet_pt": TWO, "Jet_eta": TWO})
    grouping = decide(first)
    with pytest.raises(GroupingError) as caught:
        grouping.apply(table({"Jet_pt": TWO, "Jet_eta": ONE}))
    assert caught.value.collection == "Jet"
    again = decide(first, ungrouped=frozenset(["Jet"]))
    assert set(again.schema.collection_by_name) == {"Jet_pt", "Jet_eta"}


def test_later_counter_differs() -> None:
    first = table({"nJet": [2, 0, 1], "Jet_pt": TWO, "Jet_eta": TWO})
    with pytest.raises(GroupingError) as caught:
        decide(first).apply(table({"nJet": [7, 0, 1], "Jet_pt": TWO, "Jet_eta": TWO}))
    assert caught.value.collection == "nJet"
    again = decide(first, ungrouped=frozenset(["nJet"])).schema
    assert set(again.collection_by_name) == {"Jet"}
    assert "nJet" in again.by_name
