"""ROOT files made here: every type, both containers, damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from hepack._errors import BadInputError, BadRequestError
from hepack.io import GroupingError, ReadOptions, Source, WriteOptions, get_format
from hepack.io.arrays import fields, from_awkward, to_awkward
from hepack.io.root_fields import form_of
from hepack.io.root_wide import _RunningSum
from hepack.table import EventTable, bits_differ

ROOT = get_format("root")
JAGGED = ak.values_astype(ak.Array([[1, 2], [], [3]]), "f4")

FLAT: dict[str, Any] = {
    **{code: np.array([0, 1, 2], code) for code in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")},
    "flag": np.array([True, False, True]),
    "f4": np.array([0x7FC0BEEF, 0x80000000, 1], "u4").view("f4"),
    "f8": np.array([0x7FF800000000BEEF, 1 << 63, 1], "u8").view("f8"),
    "fixed": np.arange(12, dtype="f4").reshape(3, 2, 2),
    "text": ak.Array(["a", "", "long " * 100]),
}
NESTED: dict[str, Any] = {
    "nested": ak.Array([[[1], []], [], [[2, 3]]]),
    "words": ak.Array([["a", ""], [], ["b"]]),
    "maybe": ak.Array([1, None, 3]),
    "record": ak.Array([{"x": 1, "y": {"z": [2.0]}}] * 3),
    "jets": ak.Array([[{"pt": 1.0, "id": 2}], [], []]),
    "arrays": ak.to_regular(ak.Array([[[1, 2]], [], [[3, 4], [5, 6]]]), axis=2),
}


def whole(source: Source, number: int = 0, max_bytes: int = 1 << 20) -> EventTable:
    blocks = list(source.blocks(number, max_bytes=max_bytes))
    return EventTable.concatenate(blocks or [EventTable.empty(source.contents.schemas[number])])


def write(path: Path, columns: dict[str, Any], name: str = "Events", **options: Any) -> list[str]:
    table = from_awkward({key: ak.Array(value) for key, value in columns.items()}, name=name)[0]
    with ROOT.create(str(path), {}, WriteOptions(**options)) as sink:
        sink.begin(table.schema, len(table))
        for start in range(len(table)):
            sink.write(table.slice(start, start + 1))
    return list(sink.notes)  # type: ignore[attr-defined]


def write_at_once(path: Path, columns: dict[str, Any], **options: Any) -> None:
    table = from_awkward({key: ak.Array(value) for key, value in columns.items()}, name="Events")[0]
    with ROOT.create(str(path), {}, WriteOptions(**options)) as sink:
        sink.begin(table.schema, len(table))
        sink.write(table)


def assert_equal(left: EventTable, right: EventTable) -> None:
    assert set(left.columns) == set(right.columns)
    for name, column in left.columns.items():
        assert not bits_differ(column, right.columns[name]).any(), name
    for variable in left.schema.variables:
        axis = right.schema.by_name[variable.name].axis
        for one, other in zip(
            left.schema.ancestors(variable.axis), right.schema.ancestors(axis), strict=True
        ):
            assert np.array_equal(left.offsets[one], right.offsets[other])


@pytest.mark.parametrize("container", ["ttree", "rntuple"])
@pytest.mark.parametrize("name", FLAT)
def test_flat_types(name: str, container: str, tmp_path: Path) -> None:
    assert write(tmp_path / "a.root", {name: FLAT[name]}, container=container) == []
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        assert (source.contents.schemas[0].attributes.get("container", "ttree")) == container
        assert_equal(whole(source), from_awkward({name: ak.Array(FLAT[name])}, name="Events")[0])


@pytest.mark.parametrize("name", NESTED)
def test_what_a_tree_cannot_hold_becomes_an_ntuple(name: str, tmp_path: Path) -> None:
    notes = write(tmp_path / "a.root", {name: NESTED[name]})
    assert len(notes) == 1
    assert f"'{name}'" in notes[0]
    with pytest.raises(BadRequestError, match=rf"'{name}'.* choose the container rntuple"):
        write(tmp_path / "b.root", {name: NESTED[name]}, container="ttree")
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        assert to_awkward(whole(source), name).tolist() == NESTED[name].tolist()


@pytest.mark.parametrize("container", ["ttree", "rntuple"])
@pytest.mark.parametrize("dtype", ["u1", "i4", "u4", "i8"])
def test_nanoaod_shape(container: str, dtype: str, tmp_path: Path) -> None:
    counts = np.array([2, 0, 1], dtype)
    path, again = tmp_path / "a.root", tmp_path / "b.root"
    with uproot.recreate(path) as file:
        file.mkrntuple("Events", {"nJet": counts, "Jet_pt": JAGGED, "Jet_eta": JAGGED, "run": np.arange(3)})
    with ROOT.open(str(path), ReadOptions()) as source:
        table = whole(source)
    with ROOT.create(str(again), {}, WriteOptions(container=container)) as sink:
        sink.begin(table.schema, 3)
        sink.write(table)
    with ROOT.open(str(again), ReadOptions()) as source:
        assert_equal(whole(source), table)
        assert source.contents.schemas[0].collections == table.schema.collections
        assert fields(source.contents.schemas[0]) == fields(table.schema)
    with uproot.open(again) as file:
        assert file["Events"]["nJet"].array().to_numpy().dtype == dtype


def test_several_trees_cycles_and_other_objects(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("tree", {"old": "i4"}).extend({"old": np.arange(2)})
        file.mktree("tree", {"new": "i4"}).extend({"new": np.arange(3)})
        file.mktree("folder/deep", {"x": "f8"}).extend({"x": np.arange(4.0)})
        file["histogram"] = np.histogram(np.arange(5))
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        contents = source.contents
        assert [schema.name for schema in contents.schemas] == ["tree", "folder/deep"]
        assert list(contents.schemas[0].by_name) == ["new"]
        assert contents.n_events == (3, 4)
        assert [item.name for item in contents.skipped] == ["histogram"]
        assert "TH1" in contents.skipped[0].reason
        tables = [whole(source, 0), whole(source, 1)]
    with ROOT.create(str(tmp_path / "b.root"), contents.attributes, WriteOptions()) as sink:
        for table in tables:
            sink.begin(table.schema, len(table))
            sink.write(table)
    with ROOT.open(str(tmp_path / "b.root"), ReadOptions()) as source:
        assert [s.name for s in source.contents.schemas] == ["tree", "folder/deep"]
    with ROOT.open(str(tmp_path / "b.root"), ReadOptions(tables=("folder/deep",))) as source:
        assert [s.name for s in source.contents.schemas] == ["folder/deep"]


@pytest.mark.parametrize("container", ["ttree", "rntuple"])
def test_empty_tree_keeps_its_columns(container: str, tmp_path: Path) -> None:
    columns = {"x": np.zeros(0, "f4"), "Jet_pt": JAGGED[:0], "text": ak.Array(["a"])[:0]}
    write(tmp_path / "a.root", columns, container=container)
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        assert source.contents.n_events == (0,)
        assert set(source.contents.schemas[0].by_name) == set(columns)
        assert list(source.blocks(0, max_bytes=100)) == []


def test_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 5, 5000)
    values = ak.unflatten(rng.normal(size=counts.sum()), counts)
    with uproot.recreate(tmp_path / "a.root") as file:
        file["t"] = {"nJet": counts, "Jet_pt": values, "x": np.arange(5000)}
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        blocks = list(source.blocks(0, max_bytes=10_000))
        assert len(blocks) > 10
        assert max(block.nbytes for block in blocks) < 30_000
        assert to_awkward(EventTable.concatenate(blocks), "Jet_pt").tolist() == values.tolist()


def test_grouping_proves_wrong(tmp_path: Path) -> None:
    even, odd = [[1.0, 2.0]] * 2000, [[1.0, 2.0]] * 1500 + [[1.0]] * 500
    path = str(tmp_path / "a.root")
    with uproot.recreate(path) as file:
        file.mkrntuple("t", {"Jet_a": ak.Array(even), "Jet_b": ak.Array(odd)})
    with ROOT.open(path, ReadOptions()) as source, pytest.raises(GroupingError) as caught:
        whole(source)
    assert caught.value.collection == "Jet"
    with ROOT.open(path, ReadOptions(ungrouped=frozenset(["Jet"]))) as source:
        assert to_awkward(whole(source), "Jet_b").tolist() == odd


def test_titles_and_units_come_back(tmp_path: Path) -> None:
    table = from_awkward({"pt": ak.Array([1.0]), "Jet_m": ak.Array([[1.0]])}, name="t")[0]
    schema = table.schema
    titled = [
        type(v)(**{**vars(v), "unit": "GeV", "attributes": {"title": "a mass [GeV]"}})
        for v in schema.variables
    ]
    schema = type(schema)("t", tuple(titled), schema.collections, {"title": "my tree"})
    table = EventTable(schema, 1, table.offsets, table.columns)
    for container in ("ttree", "rntuple"):
        with ROOT.create(str(tmp_path / "a.root"), {}, WriteOptions(container=container)) as sink:
            sink.begin(schema, 1)
            sink.write(table)
        with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
            found = source.contents.schemas[0]
            assert found.attributes["title"] == "my tree"
            assert {v.unit for v in found.variables} == {"GeV"}
            assert found.by_name["pt"].attributes == {"title": "a mass [GeV]"}


def test_titles_of_columns_with_dots_and_brackets(tmp_path: Path) -> None:
    columns = {name: ak.Array([1.0]) for name in ("Jet.Tau[5]", "a", "back\\slash", "plain")}
    table = from_awkward(columns | {"r": ak.Array([{"a": 1.0}])}, name="t")[0]
    titled = [replace(v, attributes={"title": f"the {v.name}"}) for v in table.schema.variables]
    table = replace(table, schema=replace(table.schema, variables=tuple(titled)))
    with ROOT.create(str(tmp_path / "a.root"), {}, WriteOptions()) as sink:
        sink.begin(table.schema, 1)
        sink.write(table)
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        found = {v.name: v.attributes.get("title") for v in source.contents.schemas[0].variables}
    titles = {v.name: v.attributes["title"] for v in titled}
    assert found == titles | {"r.a": None}


@pytest.mark.parametrize("container", ["ttree", "rntuple"])
def test_bytes_on_disk(container: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, 40_000, dtype="u1").view("f4")
    lists = ak.unflatten(noise[:5000], [2] * 2500)
    columns = {"x": noise, "zero": np.zeros(10_000)} | {"Jet_a": ak.concatenate([lists] * 4)}
    write_at_once(tmp_path / "a.root", columns, container=container)
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        stored = source.stored_bytes(0)
    assert set(stored) == set(columns)
    assert 40_000 <= stored["x"] <= 40_100
    assert 0 < stored["zero"] < 1000
    assert 20_000 < stored["Jet_a"] < 50_000  # a TTree has the lengths with the values


def test_bytes_on_disk_of_records(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).random(1000)
    columns = {
        "jets": ak.Array([{"pt": [x], "tag": "a", "pair": (1, 2.0)} for x in noise]),
        "Jet.pt": ak.Array(noise),
    }
    write_at_once(tmp_path / "a.root", columns)
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        stored = source.stored_bytes(0)
        assert set(stored) == set(source.contents.schemas[0].by_name)
    assert stored["Jet\\.pt"] > 6000 < stored["jets.pt"]
    assert 0 < stored["jets.pair.0"] < 1000


def test_the_form_is_that_of_uproot(tmp_path: Path) -> None:
    columns = FLAT | NESTED | {"a.b": np.zeros(3), "pair": ak.Array([(1, (2.0, "x"))] * 3)}
    write_at_once(tmp_path / "a.root", columns, container="rntuple")
    with uproot.open(tmp_path / "a.root") as file:
        ntuple = file["Events"]
        assert form_of(ntuple, ntuple.fields) == ntuple.to_akform()[0]
        assert len(ntuple.fields) == len(columns)


def test_the_note_names_the_records(tmp_path: Path) -> None:
    columns = {"Event.Number": ak.Array([1]), "Jet.Soft": ak.Array([{"pt": 1.0}])}
    (note,) = write(tmp_path / "a.root", columns)
    assert "'Jet.Soft': it has records" in note


def test_a_small_tree_is_small(tmp_path: Path) -> None:
    """Room for baskets is made for the blocks that come, not for many."""
    write(tmp_path / "a.root", {f"x{i}": np.zeros(1) for i in range(100)})
    assert (tmp_path / "a.root").stat().st_size < 75_000


@pytest.mark.parametrize("sizes", [[1] * 250, [200, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5], [250]])
def test_blocks_of_any_number_and_size(sizes: list[int], tmp_path: Path) -> None:
    columns = {"x": ak.Array(np.arange(250)), "Jet_pt": ak.unflatten(np.arange(500.0), [0, 4] * 125)}
    table, _ = from_awkward(columns, name="t")
    with ROOT.create(str(tmp_path / "a.root"), {}, WriteOptions()) as sink:
        sink.begin(table.schema, 250)
        start = 0
        for size in sizes:
            sink.write(table.slice(start, start + size))
            start += size
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        assert_equal(whole(source), table)


TITLES = {
    "azimuth [deg]": ("continuous", "deg"),
    "azimuth in degrees": ("continuous", "deg"),
    "azimuth [mrad]": ("continuous", "mrad"),
    "azimuth [rad]": ("angle", "rad"),
    "azimuth": ("angle", "rad"),
    "azimuth, any degeneracy removed": ("angle", "rad"),
}


@pytest.mark.parametrize("title", TITLES)
def test_angles_in_degrees_are_none(title: str, tmp_path: Path) -> None:
    table, _ = from_awkward({"phi": ak.Array([1.0, 2.0])}, name="t")
    (phi,) = table.schema.variables
    schema = replace(table.schema, variables=(replace(phi, attributes={"title": title}),))
    with ROOT.create(str(tmp_path / "a.root"), {}, WriteOptions()) as sink:
        sink.begin(schema, 2)
        sink.write(replace(table, schema=schema))
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        (found,) = source.contents.schemas[0].variables
    assert (found.kind, found.unit) == TITLES[title]
    assert (found.period is None) == (found.kind != "angle")


@pytest.mark.parametrize("container", ["ttree", "rntuple"])
@pytest.mark.parametrize("part", [0.01, 0.2, 0.5, 0.8, 0.99])
def test_cut_short(part: float, container: str, tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    write(path, FLAT | {"Jet_pt": JAGGED}, container=container)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(BadInputError, match=r"cut short|sound") as caught:
        ROOT.open(str(path), ReadOptions())
    assert "\n" not in str(caught.value)


def test_a_file_without_trees(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file["histogram"] = np.histogram(np.arange(5))
    with pytest.raises(BadInputError, match="no TTree"):
        ROOT.open(str(tmp_path / "a.root"), ReadOptions())


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match=r"'half'.*hdf5"):
        write(tmp_path / "a.root", {"half": np.zeros(2, "f2")})
    for options in ({"container": "tuple"}, {"compression": "rar"}, {"level": 99}):
        with pytest.raises(BadRequestError):
            write(tmp_path / "b.root", {"x": np.zeros(2)}, **options)


@pytest.mark.parametrize("name", ["zstd", "lzma", "zlib", "lz4", "none"])
def test_compression(name: str, tmp_path: Path) -> None:
    write(tmp_path / "a.root", {"x": np.zeros(2)}, compression=name)
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        assert source.contents.attributes["compression"] == name


def test_running_sum_is_sum() -> None:
    total, pieces = _RunningSum(), []
    for i in range(1500):
        pieces.append(b"x" * (i % 7) if i % 5 else None)
        if i % 9 == 0 and i > 5:
            pieces[i - i % 5] = b"late"
        assert total(len(x) for x in pieces if x is not None) == sum(len(x) for x in pieces if x is not None)
        assert total(1 if x is None else 0 for x in pieces) == sum(1 if x is None else 0 for x in pieces)
