"""Ranges and variables of a packed file equal slices of the whole, and touch only their own bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hepack
from hepack._errors import BadRequestError
from hepack.archive.packed import PackedFile
from hepack.table import EventTable, Schema, Variable
from memory import pack_tables
from promise import same_bits
from strategies import examples, made, same_tables, sample_table

N, BLOCK = 230, 50


@pytest.fixture(scope="module")
def table() -> EventTable:
    return sample_table(N)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, table: EventTable) -> Path:
    target = tmp_path_factory.mktemp("access") / "events.hpk"
    pack_tables(target, table, events=BLOCK)
    return target


def test_the_whole(path: Path, table: EventTable) -> None:
    with PackedFile(path) as packed:
        assert len(packed["Events"]) == N
        assert len(packed["Events"].blocks) == -(-N // BLOCK)
        assert same_tables(packed["Events"].read(), table)


@examples(40)
@given(start=st.integers(-10, N + 10), stop=st.integers(-10, N + 10), data=st.data())
def test_ranges_and_variables(
    path: Path, table: EventTable, start: int, stop: int, data: st.DataObject
) -> None:
    names = data.draw(
        st.one_of(st.none(), st.lists(st.sampled_from(sorted(table.columns)), min_size=1, max_size=3))
    )
    low, high, _ = slice(start, stop).indices(N)
    expected = table.slice(low, max(low, high))
    with PackedFile(path) as packed:
        found = packed["Events"][start:stop].read(names)
        assert same_tables(found, expected if names is None else expected.select(names))


def test_ranges_of_ranges(path: Path, table: EventTable) -> None:
    with PackedFile(path) as packed:
        part = packed["Events"][40:200][20:120]
        assert len(part) == 100
        assert same_tables(part.read(), table.slice(60, 160))
        with pytest.raises(BadRequestError):
            packed["Events"][::2]


def test_awkward_arrays(path: Path, table: EventTable) -> None:
    with hepack.open(path) as packed:
        counts = table.counts("Jet")
        whole = ak.unflatten(table.columns["Jet_pt"], counts)
        assert ak.array_equal(packed["Jet_pt"], whole)
        assert ak.array_equal(packed["Events"][30:130]["Jet_pt"], whole[30:130])
        assert packed["trigger"].tolist()[0] in {"", "HLT_Mu17", "jeté", "nul\0inside", "x" * 700, "tail\0"}
        assert set(packed.fields) >= {"Jet_pt", "image", "trigger"}
        assert "230 events" in repr(packed)


def test_unknown_names_are_errors(path: Path) -> None:
    with PackedFile(path) as packed:
        for attempt in (lambda: packed["Jet_ptt"], lambda: packed["Events"]["Jet_ptt"]):
            with pytest.raises(BadRequestError, match="Jet_pt"):
                attempt()
        with pytest.raises(BadRequestError, match="Jet_pt"):
            packed["Events"].read(["Jet_ptt"])


class Counting:
    """A file that counts the bytes read from it."""

    def __init__(self, handle: Any) -> None:
        self._handle, self.count = handle, 0

    def seek(self, *place: int) -> int:
        return int(self._handle.seek(*place))

    def read(self, size: int = -1) -> bytes:
        data = bytes(self._handle.read(size))
        self.count += len(data)
        return data

    def close(self) -> None:
        self._handle.close()


def counted(packed: PackedFile) -> Counting:
    counter = Counting(packed._handle)
    packed._handle = packed.reader._handle = counter  # type: ignore[assignment]
    return counter


def test_only_what_is_needed_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    columns = {f"x{i}": rng.normal(0, 1, 20_000).astype("f4") for i in range(20)}
    schema = Schema("t", tuple(Variable(name=name, dtype=np.dtype("f4")) for name in columns))
    path = tmp_path / "wide.hpk"
    pack_tables(path, EventTable(schema, 20_000, {}, columns), events=2_000)
    size = path.stat().st_size
    with PackedFile(path) as packed:
        counter = counted(packed)
        assert same_bits(packed["t"][4_100:4_200].read(["x7"]).columns["x7"], columns["x7"][4_100:4_200])
        assert 0 < counter.count < size / 200 * 1.3 + 2_000  # one variable of twenty in one block of ten
        counter.count = 0
        assert same_bits(packed["t"].read(["x3"]).columns["x3"], columns["x3"])
        assert counter.count < size / 20 * 1.3 + 10 * 2_000
        counter.count = 0
        packed["t"][0:1000]
        assert counter.count == 0  # nothing is read until asked
    with PackedFile(path) as packed:
        counter = counted(packed)
        packed["t"].read()
        assert counter.count <= size


def test_opening_reads_the_index_and_the_plan_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hepack.container import ArchiveReader

    read: list[int] = []
    original = ArchiveReader._read

    def counting(self: ArchiveReader, offset: int, length: int) -> bytes:
        read.append(length)
        return original(self, offset, length)

    monkeypatch.setattr(ArchiveReader, "_read", counting)
    with PackedFile(path) as packed:
        bodies = sum(section.length for section in packed.sections if section.kind == 2)
    assert sum(read) < path.stat().st_size - bodies + 400


def test_from_memory_by_url(path: Path, table: EventTable) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe("/events.hpk", path.read_bytes())
    with PackedFile("memory://events.hpk") as packed:
        assert same_tables(packed["Events"][10:20].read(), table.slice(10, 20))


def test_an_empty_table(tmp_path: Path) -> None:
    empty = EventTable.empty(sample_table(1).schema)
    pack_tables(tmp_path / "empty.hpk", empty)
    with PackedFile(tmp_path / "empty.hpk") as packed:
        assert len(packed["Events"]) == 0
        assert same_tables(packed["Events"].read(), empty)
        assert packed["Jet_pt"].tolist() == []


def test_blocks_of_changing_nature(tmp_path: Path) -> None:
    """The coder chosen for the first block is remembered, and wrong for the others."""
    kinds = ("few", "normal", "bits", "small", "decimals")
    values = np.concatenate([made(np.dtype("f4"), kind, 3000, i) for i, kind in enumerate(kinds)])
    table = EventTable(Schema("t", (Variable(name="x", dtype=values.dtype),)), len(values), {}, {"x": values})
    for fast in (False, True):
        path = tmp_path / f"{fast}.hpk"
        pack_tables(path, table, events=3000, recipe=hepack.Recipe(effort="fast" if fast else "default"))
        with PackedFile(path) as packed:
            assert same_bits(packed["t"].read().columns["x"], values)
