from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from copying import copy_file
from event_samples import content

from hepack._errors import BadInputError
from hepack.io import ReadOptions, get_format
from hepack.table import EventTable

h5py = pytest.importorskip("h5py")


def assert_same_tree(first: Path, second: Path, *, but: set[str] = frozenset()) -> None:
    """Same objects, types, values, storage and attributes, ``but`` for some."""
    with h5py.File(first) as one, h5py.File(second) as two:
        names: list[str] = [""]
        one.visit(names.append)
        for name in names:
            if name not in but:
                assert name == "" or name in two, name
                _assert_same(one[name or "/"], two[name or "/"])


def _assert_same(one: Any, two: Any) -> None:
    assert list(one.attrs) == list(two.attrs), one.name
    for name in one.attrs:
        assert one.attrs.get_id(name).dtype == two.attrs.get_id(name).dtype, (one.name, name)
        assert repr(one.attrs[name]) == repr(two.attrs[name]), (one.name, name)
    if not isinstance(one, h5py.Dataset):
        return
    for detail in (
        "dtype",
        "shape",
        "maxshape",
        "chunks",
        "compression",
        "compression_opts",
        "shuffle",
        "fletcher32",
    ):
        assert getattr(one, detail) == getattr(two, detail), (one.name, detail)
    assert one.dtype.metadata == two.dtype.metadata, one.name
    before, after = np.asarray(one[()]), np.asarray(two[()])
    if one.dtype.hasobject:
        assert repr(before.tolist()) == repr(after.tolist()), one.name
    else:
        assert before.tobytes() == after.tobytes(), one.name


def write_rich_file(path: Path) -> None:
    """One of everything that comes back."""
    rng = np.random.default_rng(1)
    rows = 50
    record = np.zeros(7, [("pt", "<f4"), ("p", [("x", ">f8"), ("y", "i4", (2,))]), ("name", "S3")])
    record["pt"], record["name"], record["p"]["y"][:, 1] = rng.normal(size=7), b"jet", 7
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["title"] = "hello"
        for code in ("<f8", ">f4", "<f2", ">i2", "<u8", "?"):
            file[f"x{code[-2:]}"] = rng.integers(0, 2, rows).astype(code)
        file["specials"] = np.array([np.nan, -0.0, np.inf, 5e-324] * 12 + [1, 2])
        file["fixed"] = np.array([b"ab", b"", b"xyz", b"q", b"r"] * 10, "S5")
        text = np.array(["é" * (i % 4) for i in range(rows)], object)
        file.create_dataset("text", data=text, dtype=h5py.string_dtype())
        file.create_dataset("ascii", data=np.array(["e"] * rows, object), dtype=h5py.string_dtype("ascii"))
        lists = file.create_dataset("lists", (rows,), dtype=h5py.vlen_dtype("<f4"))
        for row in range(rows):
            lists[row] = np.arange(row % 5, dtype="<f4")
        attributes = file["specials"].attrs
        attributes["units"] = "GeV"
        attributes["array"] = np.arange(3, dtype=">i4")
        attributes["texts"] = ["a", "b"]
        attributes["flag"], attributes["nan"], attributes["bytes"] = True, np.nan, np.bytes_("abc")
        attributes["empty"] = h5py.Empty("S1")
        group = file.create_group("g/sub")
        group.attrs["k"] = 1
        file.create_group("nothing here").attrs["z"] = "z"
        group.create_dataset(
            "records", data=record, compression="gzip", compression_opts=9, chunks=(3,), maxshape=(None,)
        )
        group["other"] = np.arange(7)
        group["images"] = rng.normal(size=(5, 4, 3, 2)).astype("f4")
        kinds = h5py.enum_dtype({"A": 0, "B": 1, "C": 2}, basetype="i1")
        group.create_dataset("kinds", data=np.array([0, 1, 2] * 3, "i1"), dtype=kinds)
        group["scalar"], group["note"], group["one record"] = 3.5, "hello", record[0]
        group["empty"] = np.zeros((0, 3))
        group["complex"] = np.full((6, 2), 1j, "c8")
        group["words"] = np.array([[b"a", b"bb"], [b"c", b"dd"], [b"", b"e"]])
        group["opaque"] = np.zeros(4, "V5")
        group.create_dataset(
            "lzf", data=np.zeros((100, 2), ">u8"), compression="lzf", shuffle=True, fletcher32=True
        )


def test_everything_comes_back(tmp_path: Path) -> None:
    write_rich_file(tmp_path / "a.h5")
    contents = copy_file(tmp_path / "a.h5", tmp_path / "b.h5", "hdf5", max_bytes=500)
    assert not contents.skipped
    assert_same_tree(tmp_path / "a.h5", tmp_path / "b.h5")
    names = [schema.name for schema in contents.schemas]
    assert names[0] == "data"
    assert "g/sub" in names
    by_name = contents.schemas[0].by_name
    assert by_name["specials"].unit == "GeV"
    assert by_name["x?"].kind == "flag"
    records = contents.schemas[names.index("g/sub")]
    assert list(records.by_name) == ["records.pt", "records.p.x", "records.p.y", "records.name", "other"] or (
        "scalar" in records.by_name
    )


def test_skipped(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(3)
        file["soft"] = h5py.SoftLink("/x")
        file["outside"] = h5py.ExternalLink("other.h5", "/x")
        file["y"] = file["x"]
        file.create_group("g")["loop"] = file["/"]
        file.create_dataset("references", data=np.array([file["x"].ref]), dtype=h5py.ref_dtype)
        file["null"] = h5py.Empty("f8")
        file["long"] = np.zeros(3, np.longdouble)
        file["x"].attrs["reference"] = file["x"].ref
        layout = h5py.VirtualLayout((3,), "f8")
        layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("stored outside", (3,), "f8", external=[("secret.bin", 0, 24)])
    contents = copy_file(tmp_path / "a.h5", tmp_path / "b.h5", "hdf5")
    skipped = {item.name for item in contents.skipped}
    assert {"soft", "outside", "null", "virtual", "stored outside", "x@reference"} <= skipped
    assert sum(len(schema.variables) for schema in contents.schemas) == 1


def test_lists_that_h5py_misreads_are_skipped(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("lists", (2,), dtype=h5py.vlen_dtype(">f8"))
        file["x"] = np.arange(2)
    contents = copy_file(tmp_path / "a.h5", tmp_path / "b.h5", "hdf5")
    assert "big-endian" in contents.skipped[0].reason
    assert [schema.name for schema in contents.schemas] == ["data"]


@pytest.mark.parametrize("lengths", [[3], [0, 0], [2, 2, 2], [1, 1], [4, 0]])
def test_lists_of_one_length(lengths: list[int], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for code in ("u1", "<f8"):
            lists = file.create_dataset(code, (len(lengths),), dtype=h5py.vlen_dtype(code))
            for row, length in enumerate(lengths):
                lists[row] = np.arange(length, dtype=code)
    copy_file(tmp_path / "a.h5", tmp_path / "b.h5", "hdf5")
    assert_same_tree(tmp_path / "a.h5", tmp_path / "b.h5")


def test_damaged_values(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=np.arange(10_000), chunks=(1000,), compression="gzip", fletcher32=True)
        offset = file["x"].id.get_chunk_info(5).byte_offset
    data = bytearray((tmp_path / "a.h5").read_bytes())
    data[offset + 20] ^= 255
    (tmp_path / "a.h5").write_bytes(data)
    with (
        get_format("hdf5").open(str(tmp_path / "a.h5"), ReadOptions()) as source,
        pytest.raises(BadInputError, match="'x' are damaged"),
    ):
        list(source.blocks(0, max_bytes=1000))


@pytest.mark.parametrize(
    "name", ["images/jet_images.h5", "gravitational_waves/H-H1_LOSC_4_V2-1126259446-32.hdf5"]
)
def test_real_files(name: str, shared_data: Path, tmp_path: Path) -> None:
    contents = copy_file(shared_data / name, tmp_path / "b.h5", "hdf5", max_bytes=4 << 20)
    assert not contents.skipped
    assert_same_tree(shared_data / name, tmp_path / "b.h5")


def test_blocks_of_text_and_lists_are_equal_in_any_size(tmp_path: Path) -> None:
    write_rich_file(tmp_path / "a.h5")
    with get_format("hdf5").open(str(tmp_path / "a.h5"), ReadOptions()) as source:
        small = EventTable.concatenate(list(source.blocks(0, max_bytes=1)))
        large = EventTable.concatenate(list(source.blocks(0, max_bytes=1 << 20)))
    assert content(small) == content(large)


def test_bytes_on_disk(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(100.0)
        file.create_dataset("zip", data=np.zeros(100), compression="gzip")
        file["words"] = ["a"] * 100
        file["pair"] = np.zeros(100, [("a", "f4"), ("b", "f4")])
    with get_format("hdf5").open(str(tmp_path / "a.h5"), ReadOptions()) as source:
        stored = source.stored_bytes(0)
    assert set(stored) == {"x", "zip"}
    assert stored["x"] == 800
    assert 0 < stored["zip"] < 100
