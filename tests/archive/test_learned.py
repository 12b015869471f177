"""Learned models in whole files: smaller, exact, the same for any threads, read in part, lost and recovered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hepack
from hepack._errors import BadInputError, CorruptFileError
from hepack.archive.packed import PackedFile
from hepack.archive.recover import recover
from hepack.archive.verify import verify
from hepack.codec.recipe import Recipe
from hepack.container import ArchiveReader, SectionKind
from hepack.table import EventTable, Schema, Variable
from learnable import learnable
from memory import pack_tables
from promise import broken, same_bits
from strategies import same_tables


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("learned") / "a.hpk"
    pack_tables(found, learnable(), events=1000)
    return found


def models_in(path: Path) -> list[int]:
    with path.open("rb") as handle:
        return [s.length for s in ArchiveReader(handle, "x").index()[1] if s.kind == SectionKind.MODEL]


@pytest.mark.parametrize("lossy", [False, True])
def test_a_learned_file_keeps_its_promise_and_is_smaller(tmp_path: Path, lossy: bool) -> None:
    table = learnable(lossy=lossy)
    learned = pack_tables(tmp_path / "a.hpk", table, events=1000)
    plain = pack_tables(tmp_path / "b.hpk", table, events=1000, recipe=Recipe(effort="fast"))
    assert learned.packed_bytes < 0.9 * plain.packed_bytes
    assert models_in(tmp_path / "a.hpk")
    assert not models_in(tmp_path / "b.hpk")
    with PackedFile(tmp_path / "a.hpk") as packed:
        back = packed.tables[0].read()
    assert same_tables(back, table) or lossy
    for variable in back.schema.variables:
        before, after = table.columns[variable.name], back.columns[variable.name]
        assert not broken(variable.tolerance, before, after, variable.period), variable.name


def test_a_derived_column_costs_next_to_nothing(tmp_path: Path) -> None:
    result = pack_tables(tmp_path / "a.hpk", learnable(lossy=True))
    cost = {size.name: size.packed_bytes for size in result.variables}
    assert cost["pt"] < 0.05 * cost["px"]
    with PackedFile(tmp_path / "a.hpk") as packed:
        item = packed.models[0].by_key["values", "pt"]
    assert item.relation is not None
    assert set(item.relation.sources) == {"px", "py"}
    assert item.bits < 0.1 < item.plain_bits


def test_a_column_that_repeats_a_learned_one_costs_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(0, 30, 6000).round().astype("i4")
    y = x + rng.normal(0, 2, 6000).round().astype("i4")
    columns = {"x": x, "y": y, "again": y, "flag": y > 0, "sign": y > 0}
    variables = tuple(Variable(name=name, dtype=v.dtype) for name, v in columns.items())
    events = EventTable(Schema("t", variables, ()), len(x), {}, columns)
    result = pack_tables(tmp_path / "a.hpk", events)
    cost = {size.name: size.packed_bytes for size in result.variables}
    with PackedFile(tmp_path / "a.hpk") as packed:
        assert ("values", "y") in packed.models[0].by_key or ("values", "x") in packed.models[0].by_key
        assert all(np.array_equal(packed[name], v) for name, v in columns.items())
    assert cost["again"] < 30
    assert cost["sign"] < 30


def test_the_same_bytes_for_any_number_of_threads(tmp_path: Path) -> None:
    table = learnable(1500)
    path = tmp_path / "a.hpk"
    files = set()
    for threads in (1, 2, 3):
        pack_tables(path, table, recipe=Recipe(threads=threads), overwrite=True)
        files.add(path.read_bytes())
    assert len(files) == 1


def test_any_variable_alone_and_any_range(path: Path) -> None:
    table = learnable()
    with PackedFile(path) as packed:
        for variable in table.schema.variables:
            start, stop = 500, 2100
            part = packed.tables[0][start:stop].read([variable.name])
            assert same_bits(part.columns[variable.name], table.slice(start, stop).columns[variable.name])


def test_compiled_loops_and_their_twins_read_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEPACK_NO_NUMBA", "1")
    with PackedFile(path) as packed:
        assert same_tables(packed.tables[0][:300].read(), learnable().slice(0, 300))


def test_inspect_names_relations_features_and_what_plain_coders_need(path: Path) -> None:
    report = hepack.inspect(path)
    rows = {row.variable.name: row for row in report.tables[0].variables}
    assert "px" in rows["pt"].coder
    assert "py" in rows["pt"].coder
    assert "tree" in rows["Jet_btag"].coder
    assert rows["Jet_btag"].bits_per_value is not None
    assert rows["Jet_btag"].plain_bits is not None
    assert rows["Jet_btag"].bits_per_value < rows["Jet_btag"].plain_bits


def test_damage_in_the_model_is_named_and_plain_columns_survive(path: Path, tmp_path: Path) -> None:
    data = bytearray(path.read_bytes())
    with path.open("rb") as handle:
        sections = ArchiveReader(handle, "x").index()[1]
    for section in sections:
        if section.kind == SectionKind.MODEL:
            data[section.offset + section.length - 20] ^= 1
    bad = tmp_path / "bad.hpk"
    bad.write_bytes(data)
    with PackedFile(bad) as packed, pytest.raises(CorruptFileError, match="damaged"):
        packed.tables[0].read()
    assert not verify(bad).sound
    result = recover(bad, tmp_path / "saved.hpk")
    assert result.lost or result.reasons


def test_a_copy_of_the_model_saves_a_large_file(tmp_path: Path) -> None:
    table = learnable(40_000)
    path = tmp_path / "a.hpk"
    pack_tables(path, table, events=20_000)
    with path.open("rb") as handle:
        models = [s for s in ArchiveReader(handle, "x").index()[1] if s.kind == SectionKind.MODEL]
    assert len(models) == 2
    data = bytearray(path.read_bytes())
    data[models[0].offset + models[0].length - 20] ^= 1
    path.write_bytes(data)
    with PackedFile(path) as packed:
        assert same_tables(packed.tables[0].read(), table)
    recover(path, tmp_path / "saved.hpk")
    with PackedFile(tmp_path / "saved.hpk") as packed:
        assert same_tables(packed.tables[0].read(), table)


def test_a_block_unlike_the_first_falls_back(tmp_path: Path) -> None:
    first, other = learnable(2000), learnable(2000, seed=2, scale=1e4)
    rng = np.random.default_rng(5)
    columns = dict(other.columns) | {"pt": rng.permutation(other.columns["pt"])}
    table = type(first).concatenate([first, type(first)(first.schema, 2000, other.offsets, columns)])
    path = tmp_path / "a.hpk"
    learned = pack_tables(path, table, events=2000)
    plain = pack_tables(tmp_path / "b.hpk", table, events=2000, recipe=Recipe(effort="fast"))
    assert learned.packed_bytes < plain.packed_bytes
    with PackedFile(path) as packed:
        assert same_tables(packed.tables[0].read(), table)


class TestModelFiles:
    """`fit` once, `pack --model` often."""

    @pytest.fixture
    def campaign(self, tmp_path: Path) -> tuple[Path, Path]:
        source = tmp_path / "one.parquet"
        write_parquet(source, 4000, seed=3)
        hepack.fit([source], tmp_path / "campaign.hpm")
        return source, tmp_path / "campaign.hpm"

    def test_a_packed_file_holds_the_digest_only(self, campaign: tuple[Path, Path], tmp_path: Path) -> None:
        other = tmp_path / "two.parquet"
        write_parquet(other, 4000, seed=4)
        with_model = hepack.pack(other, tmp_path / "a.hpk", model=campaign[1])
        own = hepack.pack(other, tmp_path / "b.hpk")
        assert with_model.packed_bytes < own.packed_bytes
        assert verify(tmp_path / "a.hpk", original=str(other)).sound

    def test_a_missing_model_file_is_named(self, campaign: tuple[Path, Path], tmp_path: Path) -> None:
        folder = tmp_path / "far"
        folder.mkdir()
        hepack.pack(campaign[0], folder / "a.hpk", model=campaign[1])
        with hepack.open(folder / "a.hpk") as packed, pytest.raises(BadInputError, match=r"campaign\.hpm"):
            packed.tables[0].read()

    def test_the_environment_names_folders(
        self, campaign: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "far"
        folder.mkdir()
        hepack.pack(campaign[0], folder / "a.hpk", model=campaign[1])
        monkeypatch.setenv("HEPACK_MODELS", str(tmp_path))
        with hepack.open(folder / "a.hpk") as packed:
            packed.tables[0].read()

    def test_other_columns_and_drift_are_learned_anew(
        self, campaign: tuple[Path, Path], tmp_path: Path
    ) -> None:
        other = tmp_path / "other.parquet"
        write_parquet(other, 4000, seed=5, scale=1e3, extra=True)
        result = hepack.pack(other, tmp_path / "a.hpk", model=campaign[1])
        own = hepack.pack(other, tmp_path / "b.hpk")
        assert result.packed_bytes < 1.02 * own.packed_bytes
        assert verify(tmp_path / "a.hpk", original=str(other)).sound

    def test_a_file_of_another_kind_is_no_model(self, tmp_path: Path) -> None:
        source = tmp_path / "one.parquet"
        write_parquet(source, 100, seed=3)
        with pytest.raises(BadInputError):
            hepack.pack(source, tmp_path / "a.hpk", model=source)
        assert not (tmp_path / "a.hpk").exists()
        with pytest.raises(BadInputError, match="cannot open"):
            hepack.pack(source, tmp_path / "a.hpk", model=tmp_path / "none.hpm")


def write_parquet(path: Path, n: int, seed: int, scale: float = 1.0, *, extra: bool = False) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = learnable(n, seed, scale=scale)
    columns = {v.name: table.columns[v.name] for v in table.schema.variables if v.axis == ""}
    if extra:
        columns["extra"] = np.sqrt(columns["pt"])
    pq.write_table(pa.table(columns), path)
