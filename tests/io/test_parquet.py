from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from copying import copy_file

from hepack.io import GroupingError, ReadOptions, get_format

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def bits(column: Any) -> Any:
    """Values with NaN comparable: floats as bytes."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return column.is_valid().to_pylist(), column.value_lengths().to_pylist(), bits(column.flatten())
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [None if value is None else np.float64(value).tobytes() for value in values]
    return values


def assert_equal(first: Path, second: Path) -> None:
    before, after = pq.read_table(first), pq.read_table(second)
    assert before.schema.equals(after.schema, check_metadata=True)
    for name in before.column_names:
        assert bits(before[name]) == bits(after[name]), name


COLUMNS = {
    "integers": pa.array([1, None, 3], pa.int32()),
    "lists": pa.array([[1.0, None], None, []], pa.list_(pa.float32())),
    "lists of lists": pa.array([[[1], []], [], [[2, 3]]], pa.large_list(pa.list_(pa.int64()))),
    "text": pa.array(["a", None, "çé"]),
    "large text": pa.array(["a", "b", ""], pa.large_string()),
    "bytes": pa.array([b"\xff", b"", None]),
    "dictionary": pa.array(["x", "y", "x"]).dictionary_encode(),
    "timestamp": pa.array(
        [datetime.datetime(2020, 1, 1), None, datetime.datetime(2021, 1, 1)], pa.timestamp("us", "UTC")
    ),
    "date": pa.array([datetime.date(2020, 1, 1)] * 3),
    "time": pa.array([1, 2, 3], pa.time64("us")),
    "duration": pa.array([1, 2, None], pa.duration("ns")),
    "struct": pa.array([{"x": 1, "y": "a"}, None, {"x": None, "y": "b"}]),
    "list of structs": pa.array([[{"pt": 1.0, "e": 2}], [], [{"pt": 3.0, "e": 4}, {"pt": 5.0, "e": 6}]]),
    "fixed lists": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float64(), 2)),
    "booleans": pa.array([True, None, False]),
    "halves": pa.array(np.array([1, 2, 3], "f2")),
    "lists of text": pa.array([["a", "b"], [], ["a"]]),
    "unsigned": pa.array([1, 2, 2**64 - 1], pa.uint64()),
    "no nulls": pa.array([1.0, 2.0, float("nan")]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_types(kind: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"c": COLUMNS[kind]}), tmp_path / "a.parquet", row_group_size=2)
    contents = copy_file(tmp_path / "a.parquet", tmp_path / "b.parquet", "parquet", max_bytes=10)
    assert not contents.skipped
    assert_equal(tmp_path / "a.parquet", tmp_path / "b.parquet")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([decimal.Decimal("1.5")] * 3),
        pa.nulls(3),
        pa.array([[("k", 1)], [], []], pa.map_(pa.string(), pa.int32())),
        pa.array([b"ab"] * 3, pa.binary(2)),
    ],
    ids=["decimal", "null", "map", "fixed bytes"],
)
def test_skipped(column: Any, tmp_path: Path) -> None:
    pq.write_table(pa.table({"odd": column, "x": [1, 2, 3]}), tmp_path / "a.parquet")
    contents = copy_file(tmp_path / "a.parquet", tmp_path / "b.parquet", "parquet")
    assert [item.name for item in contents.skipped] == ["odd"]
    assert pq.read_table(tmp_path / "b.parquet").to_pydict() == {"x": [1, 2, 3]}


def test_a_nullable_column_without_nulls_is_plain(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0, 2.0]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": [1.0, 2.0]}), tmp_path / "b.parquet", write_statistics=False)
    for name in ("a", "b"):
        with get_format("parquet").open(str(tmp_path / f"{name}.parquet"), ReadOptions()) as source:
            assert not source.contents.schemas[0].collections


def test_groups(tmp_path: Path) -> None:
    """Columns of equal lengths share a collection; when a later block differs, the reader says so."""
    lists = [[1.0]] * 300
    table = pa.table({"nJet": [1] * 301, "Jet_pt": [*lists, [2.0]], "Jet_eta": [*lists, [1.0, 2.0]]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    with get_format("parquet").open(str(path), ReadOptions()) as source:
        (collection,) = source.contents.schemas[0].collections
        assert (collection.name, collection.counter) == ("Jet", "nJet")
        with pytest.raises(GroupingError, match="Jet"):
            list(source.blocks(0, max_bytes=1 << 20))


@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip", "none"])
def test_compression_is_kept(codec: str, tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"x": np.arange(100)}), tmp_path / "a.parquet", compression=codec, row_group_size=40
    )
    copy_file(tmp_path / "a.parquet", tmp_path / "b.parquet", "parquet")
    before, after = (pq.ParquetFile(tmp_path / f"{name}.parquet").metadata for name in "ab")
    assert after.num_row_groups == before.num_row_groups == 3
    assert after.row_group(0).column(0).compression == before.row_group(0).column(0).compression


@pytest.mark.parametrize(
    "name",
    [
        "coffea/nano_dy.parquet",
        "anomaly/fair_universe_train/data.parquet",
        "calorimeter/hgcal_trigger_cells.parquet",
    ],
)
def test_real_files(name: str, shared_data: Path, tmp_path: Path) -> None:
    if name.startswith("calorimeter"):  # 700 thousand rows
        pq.write_table(pq.read_table(shared_data / name).slice(0, 50_000), tmp_path / "a.parquet")
    else:
        (tmp_path / "a.parquet").symlink_to(shared_data / name)
    copy_file(tmp_path / "a.parquet", tmp_path / "b.parquet", "parquet", max_bytes=4 << 20)
    assert_equal(tmp_path / "a.parquet", tmp_path / "b.parquet")


def test_bytes_on_disk(tmp_path: Path) -> None:
    """Columns of structs and lists count for the variables that they became."""
    noise = np.random.default_rng(1).random(1000)
    columns = (
        COLUMNS
        | {
            "map": pa.array(
                [[("a", 1)], [], []], pa.map_(pa.string(), pa.int32())
            ),  # two columns, not carried
            "a.b": pa.array(noise[:3]),
            "noise": pa.array([[{"x": list(noise), "y": 1}], [], []]),
        }
    )
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", compression="zstd", use_dictionary=False)
    with get_format("parquet").open(str(tmp_path / "a.parquet"), ReadOptions()) as source:
        stored = source.stored_bytes(0)
        assert set(stored) == set(source.contents.schemas[0].by_name)
    assert 7000 < stored["noise.x"] < 9000
    assert sum(stored.values()) < (tmp_path / "a.parquet").stat().st_size
    chunks = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0)
    sizes = [(chunks.column(i).path_in_schema, chunks.column(i)) for i in range(chunks.num_columns)]
    found = {path: column.total_compressed_size for path, column in sizes}
    assert found["struct.y"] == stored["struct.y"]
    assert found["a.b"] == stored["a\\.b"]
    assert found["noise.list.element.y"] == stored["noise.y"]
