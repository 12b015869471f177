"""Pickles: what is read, and that no hostile one does anything."""

from __future__ import annotations

import os
import pickle
import pickletools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_samples import content

from hepack._errors import BadInputError, BadRequestError
from hepack.io import ReadOptions, WriteOptions, get_format
from hepack.io.unpickler import load_records
from hepack.table import EventTable

ALLOWED = ReadOptions(allow_pickle=True)


def read(value: Any, tmp_path: Path, protocol: int = 4) -> EventTable:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    with get_format("pickle").open(str(path), ALLOWED) as source:
        blocks = list(source.blocks(0, max_bytes=64))
        return EventTable.concatenate(blocks or [EventTable.empty(source.contents.schemas[0])])


def test_read_only_on_request(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(np.arange(3)))
    with pytest.raises(BadRequestError, match="--allow-pickle"):
        get_format("pickle").open(str(tmp_path / "a.pkl"), ReadOptions())


def test_never_written(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match=r"\.parquet or \.npz"):
        get_format("pickle").create(str(tmp_path / "a.pkl"), {}, WriteOptions())


@pytest.mark.parametrize("protocol", range(6))
def test_arrays(protocol: int, tmp_path: Path) -> None:
    arrays = {
        "x": np.arange(4),
        "f": np.asfortranarray(np.arange(12.0).reshape(4, 3)),
        "big": np.arange(4, dtype=">f4"),
        "rec": np.array([(1, 2.5)] * 4, [("a", "i4"), ("b", "f8")]),
        "s": np.array(["a", "bc", "", "ü"]),
        "o": np.array(["q", None, "r", ""], object),
    }
    found = content(read(arrays, tmp_path, protocol), loose=True)
    assert found["x"] == [0, 1, 2, 3]
    assert found["f"][1] == ["[3.0, 4.0, 5.0]"] or found["f"][1] == "[3.0, 4.0, 5.0]"
    assert found["big"] == ["0.0", "1.0", "2.0", "3.0"]
    assert found["rec.b"] == ["2.5"] * 4
    assert found["s"] == ["a", "bc", "", "ü"]
    assert found["o"] == ["q", None, "r", ""]


@pytest.mark.parametrize("protocol", range(6))
def test_frames(protocol: int, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "a": np.arange(3),
            "phi": [1.5, 2.5, np.nan],
            "s": ["x", None, "yy"],
            "ok": [True, False, True],
            "c": pandas.Categorical(["u", "v", "u"]),
        }
    )
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(frame, protocol=protocol))
    with get_format("pickle").open(str(path), ALLOWED) as source:
        assert [item.name for item in source.contents.skipped] == ["c"]
        assert source.contents.schemas[0].by_name["phi"].kind == "angle"
    found = content(read(frame, tmp_path, protocol), loose=True)
    assert found == {"a": [0, 1, 2], "phi": ["1.5", "2.5", "nan"], "s": ["x", None, "yy"], "ok": [1, 0, 1]}
    assert content(read(frame["a"], tmp_path, protocol)) == {"a": [0, 1, 2]}
    assert list(content(read(frame.set_index("a"), tmp_path, protocol))) == ["a", "phi", "s", "ok"]


def test_the_old_frame_of_the_4d_jets(shared_data: Path) -> None:
    """Written by pandas 1.0, whose index classes are gone."""
    path = shared_data / "atlas_4d_jets" / "all_jets_train_4D_100_percent.pkl"
    with get_format("pickle").open(str(path), ALLOWED) as source:
        table = next(source.blocks(0, max_bytes=1 << 16))
        assert source.contents.n_events == (111_778,)
        assert [v.name for v in source.contents.schemas[0].variables] == ["m", "pt", "phi", "eta"]
    assert table.columns["m"][0] == 3831.839355468750
    assert np.abs(table.columns["phi"]).max() < np.pi


class Runs:
    """Calls a function when unpickled."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


def hostile() -> dict[str, bytes]:
    """Pickles that would do harm in an ordinary unpickler; each would touch the file ``harm``."""
    command = "touch harm"
    binput = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x0atouch harm\x85R."
    ndarray = b"cnumpy\nndarray\n"
    return {
        "os.system": pickle.dumps(Runs(os.system, command)),
        "os.system, protocol 0": pickle.dumps(Runs(os.system, command), protocol=0),
        "eval": pickle.dumps(Runs(eval, f"__import__('os').system('{command}')")),
        "exec": pickle.dumps(Runs(exec, f"import os; os.system('{command}')")),
        "getattr": pickle.dumps(Runs(getattr, "x", "upper")),
        "memo": binput,
        "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x13testing.os.system\x93\x8c\x0atouch harm\x85R.",
        "dotted class": b"\x80\x04\x8c\x05numpy\x8c\x0dndarray.dumps\x93).",
        "numpy gadget": b"cnumpy.testing._private.utils\nrunstring\n(S'import os'\n}tR.",
        "numpy f2py": b"cnumpy.f2py.crackfortran\nmyeval\n(S'1'\ntR.",
        "numpy load": b"cnumpy\nload\n(S'x'\ntR.",
        "pandas.eval": b"cpandas\neval\n(S'1+1'\ntR.",
        "read_pickle": b"cpandas\nread_pickle\n(S'x.pkl'\ntR.",
        "inst": b"(S'touch harm'\nios\nsystem\n.",
        "obj": b"(cos\nsystem\nS'touch harm'\no.",
        "persistent id": b"Ptouch harm\n.",
        "binary persistent id": b"\x80\x04K\x01Q.",
        "extension code": b"\x80\x02\x82\x01.",
        "extension code 4": b"\x80\x02\x84\x01\x00\x00\x00.",
        "partial": b"cfunctools\npartial\n(cos\nsystem\ntR.",
        "import": b"c__builtin__\n__import__\n(S'os'\ntR.",
        "codec": b"c_codecs\nencode\n(Vx\nVrot13\ntR.",
        "bytearray of a number": b"c__builtin__\nbytearray\n(I99999999999\ntR.",
        "state of a function": ndarray + b"}S'x'\nI1\nsb.",
        "state of a list": b"]}S'__class__'\nI1\nsb.",
        "call of a string": b"S'abc'\n(tR.",
        "items of a class": ndarray + b"S'x'\nI1\ns.",
        "call with keywords": b"\x80\x04cnumpy\nndarray\n)}S'shape'\nI5\ns\x92.",
        "allocation by shape": b"cnumpy\nndarray\n((I9999999999\ntS'f8'\ntR.",
        "memo index": b"\x80\x02]r\xff\xff\xff\x7f.",
        "long string": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x.",
        "long frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.",
        "deep": b"\x80\x04" + b"]" + b"\x94]h\x00a" * 50 + b".",
        "nested": b"(" * 100_000 + b"t" * 100_000 + b".",
        "empty": b".",
        "nothing": b"\x80\x04",
    }


@pytest.mark.parametrize("kind", hostile())
def test_hostile(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pkl"
    path.write_bytes(hostile()[kind])
    with pytest.raises(BadInputError) as caught:
        get_format("pickle").open(str(path), ALLOWED)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "harm").exists()


def test_the_refused_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(hostile()["os.system"])
    with pytest.raises(BadInputError, match=r"'posix.system'|'os.system'|'nt.system'"):
        get_format("pickle").open(str(path), ALLOWED)


def array_record(dtype_state: bytes, data: bytes = b"12345678", shape: int = 1) -> bytes:
    """A protocol 2 pickle of an array with a hand-made dtype."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01K"
        + bytes([shape])
        + b"\x85cnumpy\ndtype\n"
        + dtype_state
        + b"\x89U"
        + bytes([len(data)])
        + data
        + b"tb."
    )


def test_hand_made_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    f8 = b"(U\x02f8K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    path.write_bytes(array_record(f8))
    with get_format("pickle").open(str(path), ALLOWED) as source:
        assert source.contents.n_events == (1,)
    outside = (  # a field that lies behind the end of its record
        b"(U\x02V8K\x00K\x01tR(K\x03U\x01|NU\x01a\x85}U\x01acnumpy\ndtype\n"
        + f8
        + b"M\xe8\x03\x86sK\x08K\x01K\x10tb"
    )
    for bad in (array_record(f8, shape=2), array_record(f8, b"1234"), array_record(outside)):
        path.write_bytes(bad)
        with pytest.raises(BadInputError):
            get_format("pickle").open(str(path), ALLOWED)


def test_nothing_is_imported_or_built() -> None:
    """The result of the machine is made of plain values and its own records."""
    data = pickle.dumps({"x": np.arange(3), "y": np.float64(1)}, protocol=2)
    assert any(op.name == "GLOBAL" for op, _, _ in pickletools.genops(data))
    record = load_records(data, "here")
    assert type(record["x"]).__module__ == "hepack.io.unpickler"
