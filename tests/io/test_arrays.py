"""Awkward arrays to tables and back."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import awkward as ak
import layouts
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepack._errors import BadInputError, BadRequestError
from hepack.io.arrays import fields, from_awkward, to_awkward, to_fields, variables_of
from hepack.io.fieldpath import join, split
from hepack.io.naming import guess_kind, unit_in
from hepack.table import Collection, EventTable, Schema, Variable


@given(
    kinds=st.lists(layouts.TYPES, min_size=1, max_size=3), length=st.integers(0, 6), seed=st.integers(0, 99)
)
@settings(max_examples=300, deadline=None)
def test_round_trip(kinds: list, length: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = ["x", "x[]", "jets.pt"][: len(kinds)]
    arrays = {
        name: ak.Array(layouts.layout(kind, length, rng)) for name, kind in zip(names, kinds, strict=True)
    }
    table, skipped = from_awkward(arrays, name="t")
    assert not skipped
    assert fields(table.schema) == names
    for name, array in arrays.items():
        found = to_awkward(table, name)
        assert str(found.type) == str(array.type)
        assert bits(found) == bits(array)
    again, _ = from_awkward(to_fields(table), name="t", schema=table.schema)
    assert again.schema == table.schema
    for key, column in table.columns.items():
        assert again.columns[key].tobytes() == column.tobytes()
    part = table.slice(1, 4)
    for name, array in arrays.items():
        assert bits(to_awkward(part, name)) == bits(array[1:4])


def bits(array: ak.Array) -> object:
    """Plain Python content, numbers as their bytes."""
    return _bits(ak.to_layout(array))


def _bits(layout: object) -> list:
    if layout.is_indexed and not layout.is_option:
        return _bits(layout.project())
    if layout.is_option:
        present = layout.mask_as_bool(valid_when=True)
        inside = iter(_bits(layout.project()))
        return [next(inside) if there else None for there in present]
    if layout.is_numpy and layout.purelist_depth > 1:
        layout = layout.to_RegularArray()
    if layout.is_numpy:
        values = np.ascontiguousarray(layout.data)
        return [value.tobytes() for value in values]
    if layout.is_record:
        columns = {name: _bits(layout.content(name))[: len(layout)] for name in layout.fields}
        return [{name: column[i] for name, column in columns.items()} for i in range(len(layout))]
    if layout.is_regular and layout.size == 0:
        return [[]] * len(layout)
    listed = layout.to_ListOffsetArray64(True)
    inside = _bits(listed.content)
    cuts = np.asarray(listed.offsets)
    return [inside[start:stop] for start, stop in pairwise(cuts)]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4).map(tuple))
def test_paths(path: tuple[str, ...]) -> None:
    name = join(path, records=True)
    assert split(name, records=True) == path
    assert split(name + "[][]", records=True) == path
    assert split(name, records=False) == (name,)


def test_names_follow_the_nesting() -> None:
    arrays = {
        "hits": ak.Array([[[1.0], []], []]),
        "jets": ak.Array([[{"pt": 1.0, "tags": [True]}], []]),
        "label": ak.Array(["a", "bc"]),
    }
    schema = from_awkward(arrays, name="events")[0].schema
    assert [(c.name, c.parent, c.layout) for c in schema.collections] == [
        ("hits", "", "list"),
        ("hits[]", "hits", "list"),
        ("jets", "", "list"),
        ("jets.tags", "jets", "list"),
        ("label", "", "text"),
    ]
    assert [(v.name, v.axis, v.kind) for v in schema.variables] == [
        ("hits", "hits[]", "continuous"),
        ("jets.pt", "jets", "continuous"),
        ("jets.tags", "jets.tags", "flag"),
        ("label", "label", "text"),
    ]
    assert variables_of(schema, "jets") == {"jets.pt", "jets.tags"}


def test_shared_collection_wraps_at_the_front() -> None:
    schema = Schema(
        "Events",
        (
            Variable(name="Jet_pt", dtype=np.dtype("f4"), axis="Jet"),
            Variable(name="Jet_hits", dtype=np.dtype("i4"), axis="Jet_hits[]", kind="integer"),
            Variable(name="met", dtype=np.dtype("f4")),
        ),
        (Collection(name="Jet", counter="nJet"), Collection(name="Jet_hits[]", parent="Jet")),
    )
    offsets = {"Jet": np.array([0, 2, 2, 3]), "Jet_hits[]": np.array([0, 1, 1, 3])}
    columns = {"Jet_pt": np.arange(3, dtype="f4"), "Jet_hits": np.arange(3, dtype="i4")}
    table = EventTable(schema, 3, offsets, columns | {"met": np.zeros(3, "f4")})
    assert fields(schema) == ["nJet", "Jet_pt", "Jet_hits", "met"]
    assert to_awkward(table, "nJet").tolist() == [2, 0, 1]
    assert str(to_awkward(table, "nJet").type) == "3 * int32"
    assert to_awkward(table, "Jet_pt").tolist() == [[0, 1], [], [2]]
    assert to_awkward(table, "Jet_hits").tolist() == [[[0], []], [], [[1, 2]]]
    assert variables_of(schema, "nJet") == {"Jet_pt"}
    with pytest.raises(BadRequestError, match="Jet_pt"):
        to_awkward(table, "Jet_pz")


def test_inner_lists_named_after_another_field() -> None:
    """Grouped inner lists keep one field's name; the records of another field still come out right."""
    jagged = ak.Array([[[{"id": 1, "pt": 2.0}], []], [[{"id": 3, "pt": 4.0}, {"id": 5, "pt": 6.0}]]])
    table, _ = from_awkward({"a": jagged.pt, "b": jagged}, name="events")
    schema = table.schema
    home = {"b": "a", "b[]": "a[]"}
    grouped = Schema(
        "events",
        tuple(replace(v, axis=home.get(v.axis, v.axis)) for v in schema.variables),
        tuple(c for c in schema.collections if c.name not in home),
        schema.attributes,
    )
    offsets = {c.name: table.offsets[c.name] for c in grouped.collections}
    shared = EventTable(grouped, 2, offsets, table.columns)
    assert to_awkward(shared, "a").tolist() == jagged.pt.tolist()
    assert to_awkward(shared, "b").tolist() == jagged.tolist()


def test_what_cannot_be_carried_is_reported() -> None:
    arrays = {
        "union": ak.Array([[1, "a"], []]),
        "unknown": ak.Array([[], []]),
        "empty": ak.Array([{}, {}]),
        "long": ak.Array(np.zeros(2, np.longdouble)),
        "x": ak.Array([1, 2]),
    }
    table, skipped = from_awkward(arrays, name="events")
    assert [item.name for item in skipped] == ["union", "unknown", "empty", "long"]
    assert list(table.columns) == ["x"]
    assert not table.schema.collections


def test_blocks_of_another_type_are_refused() -> None:
    first, _ = from_awkward({"x": ak.Array([1.0])}, name="events")
    with pytest.raises(BadInputError, match="'events' change within the file: x"):
        from_awkward({"x": ak.Array([1])}, name="events", schema=first.schema)
    with pytest.raises(BadInputError, match="different numbers"):
        from_awkward({"x": ak.Array([1]), "y": ak.Array([1, 2])}, name="events")


def test_the_input_stays_writable_and_uncopied() -> None:
    values = np.arange(5.0)
    table, _ = from_awkward({"x": ak.Array(values)}, name="events")
    assert np.shares_memory(table.columns["x"], values)
    assert values.flags.writeable
    assert np.shares_memory(ak.to_numpy(to_awkward(table, "x")), values)


@pytest.mark.parametrize(
    "name",
    ["phi", "Jet_phi", "Jet.Phi", "phi1", "METphi", "MET_phi", "jetPhi", "AnalysisJetsAuxDyn.phi", "dphi"],
)
def test_angles(name: str) -> None:
    assert guess_kind(name, np.dtype("f4")) == ("angle", 2 * math.pi)
    assert guess_kind(name, np.dtype("i4"))[0] == "integer"
    assert guess_kind(name, np.dtype("f4"), np.array([np.nan, np.inf, 3.0]))[0] == "angle"
    assert guess_kind(name, np.dtype("f4"), np.array([1.0, 90.0]))[0] == "continuous"


@pytest.mark.parametrize(
    "name", ["phi_error", "Jet_phiRes", "cosPhi", "delphi", "phiSignificance", "philosophy", "pt"]
)
def test_not_angles(name: str) -> None:
    assert guess_kind(name, np.dtype("f4"))[0] == "continuous"


def test_units() -> None:
    assert unit_in("transverse momentum [GeV]") == "GeV"
    assert unit_in("pt[nJet]") == unit_in("from [mm] to [cm]") == unit_in("sum (GeV)") == ""
