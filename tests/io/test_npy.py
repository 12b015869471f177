from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from copying import copy_file

from hepack._errors import BadInputError
from hepack.io import ReadOptions, get_format
from hepack.io.npy_header import read_header

RNG = np.random.default_rng(2)
ARRAYS = {
    "flat": RNG.normal(size=7),
    "matrix": RNG.normal(size=(7, 3)).astype("f4"),
    "fortran": np.asfortranarray(RNG.normal(size=(7, 3, 2))),
    "big-endian": np.arange(7, dtype=">i4"),
    "big-endian fortran": np.asfortranarray(RNG.normal(size=(7, 2)).astype(">f8")),
    "half": np.array([1, np.nan, -0.0], "f2"),
    "bool": np.array([[True, False]]),
    "scalar": np.array(1.5),
    "scalar record": np.array((1, 2.5), [("a", "i4"), ("b", "f8")]),
    "no events": np.zeros((0, 3)),
    "no columns": np.zeros((3, 0)),
    "record": np.array([(1, (2.5, [3, 4]))] * 3, [("a", ">i2"), ("b", [("x", "f4"), ("y", "i8", (2,))])]),
    "aligned record": np.zeros(3, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "records in rows": np.zeros((3, 2), [("a", "i1"), ("b", "f8")]),
    "bytes": np.array([b"a", b"", b"ccc"]),
    "unicode": np.array(["a", "", "ü€"]),
    "big-endian unicode": np.array(["a", "", "ü€"], ">U4"),
    "words": np.array([["a", "bb"], ["", "c"]]),
    "complex": np.array([1 + 2j, complex(np.nan, -0.0)]),
    "time": np.array(["2020-01-01", "NaT"], "M8[D]"),
    "opaque": np.array([b"abc", b"de"], "V3"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_npy_comes_back(kind: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ARRAYS[kind])
    copy_file(tmp_path / "a.npy", tmp_path / "b.npy", "npy", max_bytes=20)
    assert (tmp_path / "b.npy").read_bytes() == (tmp_path / "a.npy").read_bytes()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_comes_back(save: object, tmp_path: Path) -> None:
    save(tmp_path / "a.npz", **ARRAYS)  # type: ignore[operator]
    contents = copy_file(tmp_path / "a.npz", tmp_path / "b.npz", "npz", max_bytes=20)
    assert [schema.name for schema in contents.schemas] == list(ARRAYS)
    with zipfile.ZipFile(tmp_path / "a.npz") as before, zipfile.ZipFile(tmp_path / "b.npz") as after:
        assert before.namelist() == after.namelist()
        for one, two in zip(before.infolist(), after.infolist(), strict=True):
            assert before.read(one) == after.read(two)
            assert one.compress_type == two.compress_type


def test_objects_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}, 1], object), allow_pickle=True)
    with pytest.raises(BadInputError, match="pickled Python objects"):
        get_format("npy").open(str(tmp_path / "a.npy"), ReadOptions())
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.array([{}], object))
    with get_format("npz").open(str(tmp_path / "a.npz"), ReadOptions()) as source:
        assert [item.name for item in source.contents.skipped] == ["y"]
        assert source.contents.n_events == (3,)


def test_wide_floats_are_skipped(tmp_path: Path) -> None:
    record = np.zeros(3, [("x", "f4"), ("wide", np.longdouble)])
    np.save(tmp_path / "a.npy", record)
    contents = copy_file(tmp_path / "a.npy", tmp_path / "b.npy", "npy")
    assert [item.name for item in contents.skipped] == ["wide"]
    assert np.load(tmp_path / "b.npy").dtype.names == ("x",)


def test_encrypted(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(BadInputError, match="encrypted"):
        get_format("npz").open(str(tmp_path / "a.npz"), ReadOptions())


def test_checksum(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(1000))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[1000] ^= 1
    (tmp_path / "a.npz").write_bytes(data)
    with (
        get_format("npz").open(str(tmp_path / "a.npz"), ReadOptions()) as source,
        pytest.raises(BadInputError, match="damaged"),
    ):
        list(source.blocks(0, max_bytes=100))


@pytest.mark.parametrize(
    "fields",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
        "{'descr': '<f8', 'fortran_order': 7, 'shape': (3,)}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': [('a',)], 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f8'}",
        "__import__('os').system('false')",
        "[" * 5000,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (10,)}",
    ],
)
def test_hostile_headers(fields: str, tmp_path: Path) -> None:
    header = fields.encode() + b"\n"
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(24))
    with pytest.raises(BadInputError):
        get_format("npy").open(str(path), ReadOptions())


def test_header_versions() -> None:
    for version in ((1, 0), (2, 0), (3, 0)):
        out = io.BytesIO()
        np.lib.format.write_array(out, np.arange(3), version=version)
        out.seek(0)
        assert read_header(out, "here").shape == (3,)
    with pytest.raises(BadInputError, match="version 9"):
        read_header(io.BytesIO(b"\x93NUMPY\x09\x00" + bytes(20)), "here")


@pytest.mark.parametrize(
    "name", ["flat/HIGGS_small.npz", "grids/CFD_animation.npz", "anomaly/lhco_innerdata_val.npy"]
)
def test_real_files(name: str, shared_data: Path, tmp_path: Path) -> None:
    target = tmp_path / f"b{Path(name).suffix}"
    copy_file(shared_data / name, target, target.suffix[1:])
    before, after = np.load(shared_data / name), np.load(target)
    if target.suffix == ".npy":
        assert before.tobytes() == after.tobytes()
    else:
        assert {key: before[key].tobytes() for key in before} == {key: after[key].tobytes() for key in after}
