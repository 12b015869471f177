"""Files whose checksums are all right and whose content lies: refused quickly and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forge import forge

from hepack._errors import CorruptFileError, HepackError
from hepack.archive.packed import PackedFile
from hepack.archive.recover import recover
from hepack.archive.verify import verify

MEMORY_CAP = 1 << 30
"""Bytes of address space that reading a forged file of some kilobytes may take beyond a sound one."""


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    """Set the value at a path of keys and places."""

    def edit(target: Any) -> None:
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return edit


def drop(key: str) -> Callable[[Any], None]:
    return lambda header: header.pop(key) and None


HUGE = [2**27 + 1, 2**40, 2**63, 10**30, -1, -(2**40), 1.5, "7", None, [], {}]

HEADERS: dict[str, Callable[[Any], Any]] = {
    **{f"{n!r} events": put("n", value=n) for n in HUGE},
    **{f"collection of {n!r}": put("a", 0, value=n) for n in HUGE},
    **{f"table {n!r}": put("t", value=n) for n in (1, -1, 2**40, 0.5, None, "0")},
    **{f"no {key}": drop(key) for key in "tnack"},
    **{f"{key} is {value!r}": put(key, value=value) for key in "ack" for value in (None, 5, {}, "text", [],
    [5], [[]], [None])},
    "unknown key": put("z", value=1),
    "header is a list": lambda _: [1, 2],
    "header is null": lambda _: "null",
    "more lengths": put("a", value=[1, 2, 3]),
    # the lists of chunks
    "chunk with huge length": put("k", 0, 1, value=2**60),
    "chunk with negative length": put("k", 0, 1, value=-5),
    "chunk with float length": put("k", 0, 1, value=1.0),
    "chunk with another crc": put("k", 0, 2, value=1),
    "chunk with another crc of values": put("k", 0, 3, value=1),
    "chunk of unknown method": put("k", 0, 0, value="q"),
    "chunk of other method": put("k", 0, 0, value="x"),
    "chunk without items": put("k", 0, 4, value=[]),
    "chunk with an item twice": put("k", 0, 4, value=[0, 0]),
    "chunk with an item beyond": put("k", 0, 4, value=[99]),
    "chunk with a negative item": put("k", 0, 4, value=[-1]),
    "chunk with huge steps": put("k", 0, 4, value=[2**62, 2**62, 2**62]),
    "chunk with steps over 64 bits": put("k", 0, 4, value=[10**30]),
    "chunk with float steps": put("k", 0, 4, value=[0, 1.0]),
    "chunk missing": lambda header: header["k"].pop() and None,
    "chunk twice": lambda header: header["k"].append(header["k"][0]),
    "chunk with a field more": lambda header: header["k"][0].append(1),
    # repeats
    "repeat of itself": put("c", 1, value=["=", 1]),
    "repeat forwards": put("c", 1, value=["=", 2]),
    "repeat backwards of what is stored too": put("c", 1, value=["=", 0]),
    "repeat of -1": put("c", 1, value=["=", -1]),
    "repeat of 2**70": put("c", 1, value=["=", 2**70]),
    "repeat of nothing": put("c", 1, value=["="]),
    "repeat of text": put("c", 1, value=["=", "0"]),
    # descriptions: item 0 are the lengths of Jet, 1 run, 2 pt, 3 weight
    **{f"description {value!r}": put("c", 2, value=value) for value in (
        [[]], [["bits", 0]], [["bits", 0], []], [["bits", 0], [[]]], [["bits", 0], [[0]]], [["bits", 0], 5],
        [[], []], ["x"],
        [["nothing"], [[0, "e"]]], [["bits", 0], [["a", "c", 1]]], [["bits", 0], [[-1, "c", 1]]], [["bits", 0],
        [[2**60, "c", 1]]],
        [["int"], [[0, "c", 1]]], [["bits", 0], [[0, "c", 1], [0, "c", 1]]], [["bits", 0], [[0, "c", 2**64]]],
        [["bits", 99], [[0, "c", 1]]], [["bits", 0], [[0, "c", 1]], 0, 2], [["bits", 0], [[0, "c", 1]], 0, 0, 0],
        [["step", 1, 0], [[0, "c", 1]]], [["step", 10**400, 1], [[0, "c", 1]]], [["ratio", 1e308, 2**60], [[0,
        "c", 1]]],
        [["dict", 2**40], [[0, "c", 1], [0, "c", 0]]], [["dict", 2], [[0, "c", 2], [0, "c", 0]]],
        [["dict", 2], [[0, "c", -1], [0, "c", 0]]], [["bits", 0], [[0, "c", 1]], [1, 2**40, 0, 0]],
        [["bits", 0], [[0, "e"], [0, "c", 0], [0, "c", 1], [0, "c", 5]], [2, 1, 64, 2**27]],
        [["bits", 0], [[0, "c", 1]], [3, 0, 0, 0]], [["bits", 0], [[0, "c", 1]], [1, -1, 0, 0]], [["bits", 0],
        [[0, "c", 1]], [1]],
        [["bits", 0], [[0, "n", 1, 0]]], [["bits", 0], [[0, "n", 1, 0, ["n", 1, 0, ["b"]]]]], [["bits", 0],
        [[0, "p", 0, 8]]],
        [["bits", 0], [[0, "b"]]], [["bits", 0], [[0, "d", 5]]], [["bits", 0], [[0, "z", 0, 8, 1]]], [["bits",
        0], [[0, "x", 0, 8, 0]]],
        ["split"], ["split", []], ["split", 5], ["split", [5]], ["split", [["split", []]]], ["split",
        [[["bits", 0], [[0, "c", 1]]]] * 3],
        ["text", [0], []], ["text", [0, 0], []], ["text"], [None], [{}], [["bits", 0], [[True, "c", 1]]],
    )},
    "lengths that are negative": put("c", 0, value=[["int"], [[0, "c", -1]]]),
    "lengths that wrap around": put("c", 0, value=[["int"], [[0, "c", 2**62]]]),
    "lengths that do not add up": put("c", 0, value=[["int"], [[0, "c", 1]]]),
}  # fmt: skip


def read_everything(path: Path) -> None:
    """Verify and read as users do; a forged file must fail in one of them with an error of ours."""
    result = verify(path)
    with PackedFile(path) as packed:
        for table in packed.tables:
            table.read()
            for field in table.fields:
                table[field]
    assert result.sound, result.problems
    raise AssertionError("the forged file was taken for sound")


@pytest.mark.parametrize("edit", HEADERS.values(), ids=HEADERS)
def test_forged_block_headers(small: Path, tmp_path: Path, edit: Callable[[Any], Any]) -> None:
    path = tmp_path / "forged.hpk"
    path.write_bytes(forge(small, block=edit))
    with pytest.raises(HepackError):
        read_everything(path)
    result = recover(path, tmp_path / "saved.hpk")
    assert not result.kept
    assert len(result.reasons) == 3


LABELS: dict[str, Any] = {
    **{f"{n!r} events": put(2, value=n) for n in HUGE},
    **{f"first event {n!r}": put(1, value=n) for n in HUGE},
    **{f"table {n!r}": put(0, value=n) for n in [1, *HUGE]},
    "too long": lambda label: label.append(1),
    "no list": lambda _: "block",
    "no events": put(2, value=0),
}


@pytest.mark.parametrize("edit", LABELS.values(), ids=LABELS)
def test_forged_labels(small: Path, tmp_path: Path, edit: Callable[[Any], Any]) -> None:
    path = tmp_path / "forged.hpk"
    path.write_bytes(forge(small, label=edit))
    with pytest.raises(HepackError):
        read_everything(path)


def test_blocks_of_another_table(rich: Path, tmp_path: Path) -> None:
    """The index says table 0, the block itself table 1: no mixture of two schemas."""
    path = tmp_path / "forged.hpk"
    path.write_bytes(forge(rich, block=put("t", value=0)))
    with PackedFile(path) as packed, pytest.raises(CorruptFileError):
        packed.tables[1].read()


@pytest.mark.parametrize("depth", [*range(40, 90, 7), 200, 330, 480, 900, 960, 990, 5000])
def test_deep_metadata_at_every_depth(small: Path, tmp_path: Path, depth: int) -> None:
    """Deep enough to parse, too deep to print in an error: refused in good time."""
    deep: Any = 0
    for _ in range(depth):
        deep = [deep]
    path = tmp_path / "forged.hpk"
    for edit in ({"block": put("c", 2, value=[deep])}, {"plan": put("attributes", "x", value=deep)}):
        try:
            path.write_bytes(forge(small, **edit))  # type: ignore[arg-type]
        except (RecursionError, HepackError):  # our own writer refuses it
            continue
        try:
            assert verify(path).sound == ("plan" in edit)
            assert depth < 64
        except HepackError:
            assert "block" not in edit or depth > 60


PLANS: dict[str, Any] = {
    "no tables": put("tables", value=[]),
    "more tables": lambda plan: plan["tables"].append(plan["tables"][0]) or put("creator", value=5)(plan),
    "unknown key": put("colour", value="red"),
    "no name": lambda plan: plan["tables"][0].pop("name") and None,
    "other dtype": put("tables", 0, "variables", 1, 1, value="f8"),
    "other shape": put("tables", 0, "variables", 0, value=["run", "i4", {"shape": [3]}]),
    "huge shape": put("tables", 0, "variables", 0, value=["run", "i4", {"shape": [2**20]}]),
    "zero shape": put("tables", 0, "variables", 0, value=["run", "i4", {"shape": [0, 2**27]}]),
    "other axis": put("tables", 0, "variables", 0, value=["run", "i4", {"axis": "Jet"}]),
    "option": put("tables", 0, "collections", 0, value=["Jet", {"layout": "option"}]),
    "fewer variables": lambda plan: plan["tables"][0]["variables"].pop() and None,
    "unknown dtype": put("tables", 0, "variables", 0, 1, value="c16"),
    "null": lambda _: "null",
}


@pytest.mark.parametrize("edit", PLANS.values(), ids=PLANS)
def test_forged_plans(small: Path, tmp_path: Path, edit: Callable[[Any], Any]) -> None:
    path = tmp_path / "forged.hpk"
    path.write_bytes(forge(small, plan=edit))
    with pytest.raises(HepackError):
        read_everything(path)


def test_forged_strings(rich: Path, tmp_path: Path) -> None:
    """Lengths that wrap, sizes that lie, dictionaries that multiply: item 3 of the table are strings."""
    path = tmp_path / "forged.hpk"
    descriptions: list[Any] = [
        ["text", [0], [[0, "c", 2**62], [0, "r"]]], ["text", [0, 2], [[0, "c", 2**63 - 1], [0, "r"], [0, "c", 0]]],
        ["text", [2**27], [[0, "c", 1], [0, "z"]]], ["text", [2**40], [[0, "c", 1], [0, "z"]]], ["text", [-1], []],
        ["text", [0, 2**27], [[0, "c", 0], [0, "r"], [0, "c", 5]]], ["text", [0, 1], [[0, "c", 0], [0, "r"],
        [0, "c", 1]]],
        ["text", [0, 1], [[0, "c", 0], [0, "r"], [0, "c", -1]]], ["text", [0, 0], [[0, "e"], [0, "r"], [0, "c", 0]]],
        ["text", [0.0], []], ["text", [0, 1, 2], []], ["text", 5, []], ["text", [0], [[0, "e"]]], ["text", [0], 7],
    ]  # fmt: skip
    for description in descriptions:

        def edit(header: Any, description: Any = description) -> None:
            if header["t"] == 0:
                header["c"][3] = description

        path.write_bytes(forge(rich, block=edit))
        with pytest.raises(HepackError):
            read_everything(path)


BOMBS = """
import json, resource, signal, sys
from pathlib import Path
from hepack._errors import HepackError
from hepack.archive.packed import PackedFile
from hepack.archive.recover import recover
from hepack.archive.verify import verify
folder, cap = Path(sys.argv[1]), int(sys.argv[2])
assert verify(folder / "sound.hpk").sound  # everything is loaded now
used = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + cap, used + cap))
signal.alarm(60)
found = {}
for path in sorted(folder.glob("bomb-*.hpk")):
    try:
        found[path.stem] = [f"sound: {verify(path).sound}"]
    except HepackError as error:
        found[path.stem] = [type(error).__name__]
    try:
        found[path.stem].append(len(recover(path, folder / "saved.hpk", overwrite=True).kept))
    except HepackError as error:
        found[path.stem].append(0)
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and limits the address space")
def test_bombs_stay_within_the_cap(small: Path, tmp_path: Path) -> None:
    """Files of kilobytes that claim gigabytes, read under a limit on memory and time."""
    (tmp_path / "sound.hpk").write_bytes(small.read_bytes())
    constant = [["bits", 0], [[0, "c", 1]]]

    def many_columns(plan: Any) -> None:
        plan["tables"][0]["variables"] += [[f"x{i}", "f8"] for i in range(3000)]

    def many_constants(header: Any) -> None:
        header["n"] = 2**27
        header["c"] += [constant] * 3000

    def wide(plan: Any) -> None:
        plan["tables"][0]["variables"][0] = ["run", "i4", {"shape": [2**22]}]

    bombs = {
        "events": {"block": put("n", value=2**25), "label": put(2, value=2**25)},
        "columns": {"plan": many_columns, "block": many_constants, "label": put(2, value=2**27)},
        "objects": {"block": put("a", 0, value=2**25)},
        "shape": {"plan": wide},
        "raw values": {"block": put("c", 2, value=[["bits", 0], [[0, "c", 1]] * 5, [2, 1, 0, 2**27]])},
        "table": {"block": put("c", 2, value=[["dict", 4096], [[0, "c", 5000], [0, "c", 1]]])},
        "repeats": {
            "plan": many_columns,
            "block": lambda h: h["c"].extend([["=", 3 + i] for i in range(3000)]),
        },
    }
    for name, edits in bombs.items():
        (tmp_path / f"bomb-{name}.hpk").write_bytes(forge(small, **edits))  # type: ignore[arg-type]
    found = subprocess.run(
        [sys.executable, "-c", BOMBS, str(tmp_path), str(MEMORY_CAP)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    for name, (state, kept) in json.loads(found.stdout).items():
        assert state in ("sound: False", "LimitError", "CorruptFileError"), (name, state)
        assert kept == 0, name
    assert len(json.loads(found.stdout)) == len(bombs)
