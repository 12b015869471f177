"""Pack, unpack, verify and reduce real file formats; what fails leaves nothing behind."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hepack
from hepack._errors import BadInputError, BadRequestError, BoundError, CannotCarryError
from hepack.archive import pack as pack_module
from hepack.archive.batch import pack_many
from hepack.archive.packed import PackedFile
from hepack.archive.reduce import reduce
from hepack.archive.unpack import unpack
from hepack.archive.verify import verify
from hepack.codec.recipe import Recipe, parse_rules
from hepack.io import GroupingError, ReadOptions, Skipped, open_source
from hepack.table import EventTable, Tolerance
from memory import MemorySource, pack_tables
from promise import same_bits
from strategies import same_tables, sample_table

EXTRAS = {"hdf5": "h5py", "parquet": "pyarrow", "root": "uproot"}
SUFFIXES = {
    "npz": ".npz",
    "npy": ".npy",
    "csv": ".csv",
    "hdf5": ".h5",
    "parquet": ".parquet",
    "root": ".root",
}


def write(path: Path, format_id: str, n: int = 400) -> Path:
    """A small ordinary file, flat columns."""
    if format_id in EXTRAS:
        pytest.importorskip(EXTRAS[format_id])
    if importlib.util.find_spec(f"hepack.io.{ {'npz': 'npy'}.get(format_id, format_id) }") is None:
        pytest.skip(f"no format {format_id} here")
    rng = np.random.default_rng(1)
    columns: dict[str, Any] = {
        "pt": rng.exponential(40, n).astype("f4"),
        "phi": rng.uniform(-np.pi, np.pi, n).astype("f4"),
        "n": rng.poisson(3, n).astype("i4"),
        "weight": np.round(rng.normal(1, 0.1, n), 3),
    }
    target = path / f"events{SUFFIXES[format_id]}"
    if format_id == "npy":
        np.save(target, np.stack([columns["pt"], columns["phi"]], axis=1))
    elif format_id == "npz":
        np.savez(target, **columns)
    elif format_id == "csv":
        rows = zip(*columns.values(), strict=True)
        text = "\n".join(",".join(f"{value:.6g}" for value in row) for row in rows)
        target.write_text(",".join(columns) + "\n" + text + "\n")
    elif format_id == "hdf5":
        import h5py

        with h5py.File(target, "w") as file:
            for name, values in columns.items():
                file[name] = values
    elif format_id == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(columns), target)
    else:
        import uproot

        with uproot.recreate(target) as file:
            file.mktree("Events", {name: values.dtype for name, values in columns.items()}).extend(columns)
    return target


def contents(path: Path) -> list[EventTable]:
    with open_source(str(path)) as source:
        return [
            EventTable.concatenate([*source.blocks(i, max_bytes=1 << 20)] or [EventTable.empty(schema)])
            for i, schema in enumerate(source.contents.schemas)
        ]


@pytest.mark.parametrize("format_id", SUFFIXES)
def test_there_and_back(tmp_path: Path, format_id: str) -> None:
    source = write(tmp_path, format_id)
    before = source.read_bytes()
    packed, restored = tmp_path / "a.hpk", tmp_path / f"back{SUFFIXES[format_id]}"
    result = hepack.pack(source, packed)
    assert result.n_events == tuple(len(table) for table in contents(source))
    assert verify(packed, original=str(source)).sound
    assert unpack(packed, restored).format == format_id
    for left, right in zip(contents(source), contents(restored), strict=True):
        assert same_tables(left, right)
    assert source.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([source.name, "a.hpk", restored.name])


@pytest.mark.parametrize("format_id", SUFFIXES)
def test_lossy_and_reduced(tmp_path: Path, format_id: str) -> None:
    source = write(tmp_path, format_id)
    place, name = next(
        (i, v.name)
        for i, found in enumerate(contents(source))
        for v in found.schema.variables
        if v.dtype.kind == "f"
    )
    bound = Tolerance("relative", 1e-3)
    hepack.pack(source, tmp_path / "a.hpk", tolerance={name: bound})
    result = verify(tmp_path / "a.hpk", original=str(source))
    assert result.sound
    assert 0 < result.worst[name] <= 1e-3
    reduced = tmp_path / f"reduced{SUFFIXES[format_id]}"
    assert hepack.reduce(source, reduced, tolerance={name: bound}).rounded == ((name, str(bound)),)
    left, right = contents(source)[place], contents(reduced)[place]
    for column in left.columns:
        if column != name:
            assert same_bits(left.columns[column], right.columns[column])
    if left.columns[name].dtype == right.columns[name].dtype:
        assert not bound.violated(left.columns[name], right.columns[name]).any()
        assert (left.columns[name] != right.columns[name]).any()


@pytest.mark.parametrize("target", ["csv", "npz", "hdf5", "parquet"])
def test_unpack_to_another_format(tmp_path: Path, target: str) -> None:
    source = write(tmp_path, "csv")
    hepack.pack(source, tmp_path / "a.hpk")
    out = tmp_path / f"out{SUFFIXES[target]}"
    if target in EXTRAS:
        pytest.importorskip(EXTRAS[target])
    unpack(tmp_path / "a.hpk", out, to=target)
    found = {name: column for table in contents(out) for name, column in table.columns.items()}
    for name, column in contents(source)[0].columns.items():
        assert np.array_equal(column, found[name].astype(column.dtype)), name


def test_verify_tells_what_differs(tmp_path: Path) -> None:
    source = write(tmp_path, "npz")
    hepack.pack(source, tmp_path / "a.hpk")
    columns = dict(np.load(source))
    columns["pt"][3] += 1
    np.savez(source, **columns)
    problems = verify(tmp_path / "a.hpk", original=str(source)).problems
    assert any("'pt'" in problem and "1 values" in problem for problem in problems)
    np.savez(source, **{name: values[:100] for name, values in columns.items()})
    assert not verify(tmp_path / "a.hpk", original=str(source)).sound


def test_packing_twice_or_with_other_threads_gives_the_same_bytes(tmp_path: Path) -> None:
    table = sample_table(500)
    files = []
    for number, threads in enumerate((1, 2, 2)):
        path = tmp_path / str(number) / "same.hpk"
        path.parent.mkdir()
        pack_tables(
            path, table, events=120, recipe=Recipe(threads=threads, rules=parse_rules(["Jet_pt=1e-3rel"]))
        )
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]


def test_a_long_column_and_lengths_of_its_name_do_not_race(tmp_path: Path) -> None:
    """Options are collections that may be called as the variable inside them."""
    import dataclasses

    from hepack.table import Collection, Schema, Variable, offsets_from_counts

    rng = np.random.default_rng(3)
    counts = rng.integers(0, 2, 150_000)
    values = rng.normal(0, 1, int(counts.sum())).astype("f4")
    schema = Schema(
        "t", (Variable(name="x", dtype=values.dtype, axis="x"),), (Collection(name="x", layout="option"),)
    )
    table = EventTable(schema, len(counts), {"x": offsets_from_counts(counts)}, {"x": values})
    files = []
    for threads in (1, 3, 3):
        path = tmp_path / f"{len(files)}" / "x.hpk"
        path.parent.mkdir()
        pack_tables(path, dataclasses.replace(table), recipe=Recipe(threads=threads, effort="fast"))
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]


class Failing(MemorySource):
    """Raises in the middle."""

    def __init__(self, error: Exception) -> None:
        super().__init__([sample_table(100)], 20)
        self._error = error

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        for number, block in enumerate(super().blocks(table, max_bytes=max_bytes)):
            if number == 3:
                raise self._error
            yield block


@pytest.mark.parametrize(
    "error", [BadInputError("damaged"), OSError("disk"), KeyError("bug"), KeyboardInterrupt()], ids=repr
)
def test_a_source_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    source = tmp_path / "in.npz"
    source.write_bytes(b"whatever")
    monkeypatch.setattr(pack_module, "open_source", lambda *_, **__: Failing(error))
    with pytest.raises(type(error)):
        hepack.pack(source, tmp_path / "out.hpk")
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]
    (tmp_path / "out.hpk").write_bytes(b"older")
    with pytest.raises(type(error)):
        hepack.pack(source, tmp_path / "out.hpk", overwrite=True)
    assert (tmp_path / "out.hpk").read_bytes() == b"older"


def test_a_source_that_gives_fewer_events_than_it_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    source = MemorySource([sample_table(30)], 10)
    source.contents = dataclasses.replace(source.contents, n_events=(31,))
    monkeypatch.setattr(pack_module, "open_source", lambda *_, **__: source)
    (tmp_path / "in.npz").write_bytes(b"whatever")
    with pytest.raises(BadInputError, match="31 events"):
        hepack.pack(tmp_path / "in.npz", tmp_path / "out.hpk")
    assert not (tmp_path / "out.hpk").exists()


def test_columns_that_turn_out_to_differ_in_length_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[frozenset[str]] = []

    def opened(_: str, read: ReadOptions, **__: Any) -> MemorySource:
        attempts.append(read.ungrouped)
        missing = {"Jet", "Muon"} - read.ungrouped
        return Failing(GroupingError(min(missing))) if missing else MemorySource([sample_table(100)], 30)  # type: ignore[arg-type]

    monkeypatch.setattr(pack_module, "open_source", opened)
    (tmp_path / "in.npz").write_bytes(b"whatever")
    hepack.pack(tmp_path / "in.npz", tmp_path / "out.hpk")
    assert attempts == [frozenset(), frozenset({"Jet"}), frozenset({"Jet", "Muon"})]
    with PackedFile(tmp_path / "out.hpk") as packed:
        assert same_tables(packed["Events"].read(), sample_table(100))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.npz", "out.hpk"]


def test_what_cannot_be_carried_is_recorded_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = MemorySource([sample_table(5)], 5, (Skipped("histogram", "is no table"),))
    monkeypatch.setattr(pack_module, "open_source", lambda *_, **__: source)
    (tmp_path / "in.npz").write_bytes(b"whatever")
    with pytest.raises(CannotCarryError, match="histogram"):
        hepack.pack(tmp_path / "in.npz", tmp_path / "out.hpk", strict=True)
    assert not (tmp_path / "out.hpk").exists()
    hepack.pack(tmp_path / "in.npz", tmp_path / "out.hpk")
    with PackedFile(tmp_path / "out.hpk") as packed:
        assert packed.plan.skipped == (Skipped("histogram", "is no table"),)


def test_a_coder_that_breaks_its_promise_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hepack.codec import item

    original = item.decode_column
    monkeypatch.setattr(item, "decode_column", lambda *args: original(*args) + 1)
    source = write(tmp_path, "npz")
    with pytest.raises(BoundError):
        hepack.pack(source, tmp_path / "out.hpk")
    assert not (tmp_path / "out.hpk").exists()


def test_outputs_are_never_inputs(tmp_path: Path) -> None:
    source = write(tmp_path, "npz")
    before = source.read_bytes()
    link = tmp_path / "link.npz"
    link.symlink_to(source)
    for output in (source, link):
        with pytest.raises(BadRequestError, match="input itself"):
            hepack.pack(source, output, overwrite=True)
        with pytest.raises(BadRequestError, match="input itself"):
            reduce(source, output, Recipe(), overwrite=True)
    hepack.pack(source, tmp_path / "a.hpk")
    with pytest.raises(BadRequestError, match="input itself"):
        unpack(tmp_path / "a.hpk", tmp_path / "a.hpk", to="npz", overwrite=True)
    assert source.read_bytes() == before


def test_many_files(tmp_path: Path) -> None:
    sources = []
    for number in range(3):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        sources.append(str(write(folder, "npz", 50 + number).rename(folder / f"run{number}.npz")))
    Path(sources[1]).write_bytes(b"PK\x03\x04 this is no zip")
    out = tmp_path / "packed"

    def states(recipe: Recipe | None = None, **keywords: Any) -> list[str]:
        return [row.state for row in pack_many(sources, out, recipe or Recipe(), **keywords)]

    assert states() == ["packed", "failed", "packed"]
    assert sorted(path.name for path in out.iterdir()) == [
        "hepack-manifest.json",
        "run0.npz.hpk",
        "run2.npz.hpk",
    ]
    assert states() == ["unchanged", "failed", "unchanged"]
    write(tmp_path, "npz").rename(sources[1])
    assert states() == ["unchanged", "packed", "unchanged"]
    (out / "run0.npz.hpk").write_bytes((out / "run0.npz.hpk").read_bytes()[:-20])
    (out / "run2.npz.hpk").unlink()
    assert states() == ["packed", "unchanged", "packed"]
    assert states(Recipe(rules=parse_rules(["pt=1e-3"]))) == ["packed"] * 3
    assert states(Recipe(rules=parse_rules(["pt=1e-3"])), strict=True) == ["packed"] * 3
    assert all(verify(path).sound for path in out.glob("*.hpk"))
    manifest = out / "hepack-manifest.json"
    manifest.write_text("{")
    with pytest.raises(BadRequestError, match="manifest"):
        states()
    manifest.unlink()
    with pytest.raises(BadRequestError, match="two inputs"):
        pack_many([sources[0], sources[0]], out, Recipe())
    with pytest.raises(BadRequestError, match="is a file"):
        pack_many(sources, Path(sources[0]), Recipe())


def test_another_selection_of_tables_is_packed_anew(tmp_path: Path) -> None:
    source = str(write(tmp_path, "npz"))
    assert pack_many([source], tmp_path / "out", Recipe())[0].state == "packed"
    row = pack_many([source], tmp_path / "out", Recipe(), format_id="npz")[0]
    assert row.state == "packed"


def test_a_bug_in_one_file_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hepack.archive import batch

    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    write(tmp_path, "npz").rename(first)
    second.write_bytes(first.read_bytes())
    original = batch.pack

    def failing(source: str, *args: Any, **keywords: Any) -> Any:
        if source == str(first):
            raise ZeroDivisionError("a bug")
        return original(source, *args, **keywords)

    monkeypatch.setattr(batch, "pack", failing)
    rows = pack_many([str(first), str(second)], tmp_path / "out", Recipe())
    assert [row.state for row in rows] == ["failed", "packed"]
    assert rows[0].message == "ZeroDivisionError: a bug"


@pytest.mark.parametrize("tolerance", ["1e-3", "0.7", "1e-3rel", "0.4rel", "0bits", "5bits", "1e308"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_rounding_for_reduce(tolerance: str, dtype: str) -> None:
    from hepack.archive.reduce import round_column
    from hepack.table import Variable
    from promise import broken
    from strategies import KINDS, made, specials

    bound = Tolerance.parse(tolerance)
    variable = Variable(name="x", dtype=np.dtype(dtype), tolerance=bound)
    for values in [specials(variable.dtype), *(made(variable.dtype, kind, 150, 3) for kind in KINDS)]:
        rounded = round_column(values, variable)
        assert rounded.dtype == values.dtype
        assert not broken(bound, values, rounded)
