"""What every file format promises, whatever it is."""

from __future__ import annotations

import pickle
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from event_samples import content, phenoml, tables

from hepack._errors import BadInputError, BadRequestError
from hepack.io import Format, GroupingError, ReadOptions, Source, WriteOptions, detect, format_ids, get_format
from hepack.table import EventTable

TABLES = tables()
TEXT_FORMATS = {"csv", "phenoml"}
READ_ONLY = {"pickle"}
WRITABLE = [name for name in format_ids() if name not in READ_ONLY]

FLAT = {"flat", "one column", "one event", "no events", "specials", "integers"}
MUST_HOLD = {
    "root": FLAT | {"shapes", "jagged", "jagged, no objects"},
    "parquet": set(TABLES),
    "hdf5": FLAT | {"half", "shapes", "text", "jagged", "jagged, no objects"},
    "npy": FLAT | {"half", "shapes"},
    "npz": FLAT | {"half", "shapes"},
    "csv": FLAT | {"half", "text", "option"},
    "phenoml": {"phenoml"},
}
SAMPLE = {"phenoml": "phenoml"}

OPTIONS = ReadOptions(allow_pickle=True)


def suffix(name: str) -> str:
    return get_format(name).suffixes[0]


def write(fmt: Format, path: Path, table: EventTable, attributes: Any = None, step: int = 5) -> None:
    with fmt.create(str(path), attributes or {}, WriteOptions()) as sink:
        sink.begin(table.schema, table.n_events)
        for start in range(0, table.n_events, step):
            sink.write(table.slice(start, start + step))


def caught(kind: type[Exception], function: Callable[[], object]) -> Exception | None:
    """The error of one kind that a call raises, if it does."""
    try:
        function()
    except kind as error:
        return error
    return None


def read(source: Source, max_bytes: int = 1 << 20) -> EventTable:
    """The first table, whole."""
    blocks = list(source.blocks(0, max_bytes=max_bytes))
    assert sum(map(len, blocks)) == source.contents.n_events[0]
    assert all(block.n_events > 0 and block.schema == source.contents.schemas[0] for block in blocks)
    return EventTable.concatenate(blocks or [EventTable.empty(source.contents.schemas[0])])


def read_file(fmt: Format, path: Path | str, max_bytes: int = 1 << 20) -> EventTable:
    options = OPTIONS
    for _ in range(10):
        try:
            with fmt.open(str(path), options) as source:
                return read(source, max_bytes)
        except GroupingError as error:  # as every reader has to do
            options = replace(options, ungrouped=options.ungrouped | {error.collection})
    raise AssertionError("the same group again and again")


@pytest.fixture(scope="module")
def sample_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One good file of each format."""
    folder = tmp_path_factory.mktemp("samples")
    files = {}
    for name in format_ids():
        path = folder / f"sample{suffix(name)}"
        if name == "pickle":
            flat = {key: np.array(values) for key, values in TABLES["flat"].columns.items()}
            path.write_bytes(pickle.dumps(flat, protocol=4))
        else:
            write(get_format(name), path, TABLES[SAMPLE.get(name, "flat")])
        files[name] = path
    return files


def assert_same(name: str, written: EventTable, found: EventTable) -> None:
    loose = name in TEXT_FORMATS
    expected, values = content(written, loose=loose), content(found, loose=loose)
    if loose and written.n_events:  # text has one float type; compare in the precision of the original
        for key, variable in written.schema.by_name.items():
            if variable.dtype.kind == "f" and key in values:
                values[key] = [_rounded(value, variable.dtype) for value in values[key]]
                expected[key] = [_rounded(value, variable.dtype) for value in expected[key]]
    assert found.n_events == written.n_events
    if name in ("npy", "npz") and len(expected) == 1:  # a plain array has no column name
        assert list(values.values()) == list(expected.values())
    else:
        assert values == expected


def _rounded(value: Any, dtype: np.dtype) -> Any:
    if isinstance(value, list):
        return [_rounded(item, dtype) for item in value]
    return None if value is None else repr(dtype.type(float(value)))


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("name", WRITABLE)
def test_round_trip_or_refusal(name: str, kind: str, tmp_path: Path) -> None:
    fmt, table, path = get_format(name), TABLES[kind], tmp_path / f"a{suffix(name)}"
    refused = caught(BadRequestError, lambda: write(fmt, path, table))
    if refused:
        assert kind not in MUST_HOLD[name], refused
        message = str(refused)
        columns = [*table.schema.by_name, *table.schema.collection_by_name]
        assert any(column in message for column in columns) or table.schema.name in message
        assert re.search("parquet|root|hdf5|csv", message), "names no format that can hold it"
        assert "\n" not in message
        return
    assert_same(name, table, read_file(fmt, path))


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in WRITABLE for kind in TABLES if kind in MUST_HOLD[name]]
)
def test_restoring_what_was_read(name: str, kind: str, tmp_path: Path) -> None:
    """Read, write with the source's own attributes, read: nothing changes."""
    fmt = get_format(name)
    first, second = tmp_path / f"a{suffix(name)}", tmp_path / f"b{suffix(name)}"
    write(fmt, first, TABLES[kind])
    with fmt.open(str(first), OPTIONS) as source:
        table = read(source)
        attributes = source.contents.attributes
    write(fmt, second, table, attributes)
    with fmt.open(str(second), OPTIONS) as source:
        assert source.contents.attributes == attributes
        again = read(source)
    assert content(again) == content(table)
    assert again.schema == table.schema
    if name in TEXT_FORMATS and kind != "half":  # halves are read as doubles, which are spelt otherwise
        assert second.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("target", WRITABLE)
@pytest.mark.parametrize("name", format_ids())
def test_from_one_format_to_another(
    name: str, target: str, sample_files: dict[str, Path], tmp_path: Path
) -> None:
    """A table that was read from one format is written to any other that can hold it."""
    table = read_file(get_format(name), sample_files[name])
    path = tmp_path / f"a{suffix(target)}"
    refused = caught(BadRequestError, lambda: write(get_format(target), path, table))
    if refused:
        assert "phenoml" in (name, target), refused
    else:
        assert_same(target, table, read_file(get_format(target), path))


@pytest.mark.parametrize("name", format_ids())
def test_small_blocks(name: str, sample_files: dict[str, Path]) -> None:
    fmt, path = get_format(name), sample_files[name]
    whole = read_file(fmt, path)
    for max_bytes in (1, 100, 1000):
        pieces = read_file(fmt, path, max_bytes)
        assert content(pieces) == content(whole)


@pytest.mark.parametrize("name", format_ids())
def test_tables_can_be_chosen(name: str, sample_files: dict[str, Path]) -> None:
    """``ReadOptions.tables`` may leave out tables, and never adds any."""
    with get_format(name).open(str(sample_files[name]), OPTIONS) as source:
        wanted = source.contents.schemas[0].name
    options = ReadOptions(allow_pickle=True, tables=(wanted,))
    with get_format(name).open(str(sample_files[name]), options) as source:
        assert wanted in [schema.name for schema in source.contents.schemas]


@pytest.mark.parametrize("name", format_ids())
def test_recognised_as_itself_alone(name: str, sample_files: dict[str, Path]) -> None:
    path = sample_files[name]
    head = path.read_bytes()[:4096]
    assert [other for other in format_ids() if get_format(other).recognises(str(path), head)] == [name]
    assert detect(str(path)).id == name


@pytest.mark.parametrize("name", [name for name in format_ids() if name not in TEXT_FORMATS])
def test_recognised_without_its_suffix(name: str, sample_files: dict[str, Path], tmp_path: Path) -> None:
    renamed = tmp_path / "events.unknown"
    renamed.write_bytes(sample_files[name].read_bytes())
    assert detect(str(renamed)).id == name


@pytest.mark.parametrize("name", format_ids())
def test_remote_file(name: str, sample_files: dict[str, Path]) -> None:
    url = f"memory://contract/sample{suffix(name)}"
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe_file(f"/contract/sample{suffix(name)}", sample_files[name].read_bytes())
    try:
        fmt = detect(url)
        assert fmt.id == name
        assert content(read_file(fmt, url)) == content(read_file(fmt, sample_files[name]))
    finally:
        filesystem.rm("/contract", recursive=True)


@pytest.mark.parametrize("name", format_ids())
def test_missing_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="nowhere"):
        get_format(name).open(str(tmp_path / f"nowhere{suffix(name)}"), OPTIONS)


@pytest.mark.parametrize("name", format_ids())
@pytest.mark.parametrize("garbage", [b"\0\1\2", bytes(range(256)) * 20, random.Random(1).randbytes(3000)])
def test_garbage(name: str, garbage: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"garbage{suffix(name)}"
    path.write_bytes(garbage)
    with pytest.raises(BadInputError) as caught:
        read_file(get_format(name), path)
    assert "\n" not in str(caught.value)
    assert "garbage" in str(caught.value)


@pytest.mark.parametrize("name", format_ids())
def test_other_formats_files(name: str, sample_files: dict[str, Path]) -> None:
    """A file of another format is refused, but for text, which may be both."""
    for other, path in sample_files.items():
        if other != name and {other, name} != TEXT_FORMATS:
            with pytest.raises(BadInputError):
                read_file(get_format(name), path)


@pytest.mark.parametrize("name", format_ids())
def test_truncated(name: str, sample_files: dict[str, Path], tmp_path: Path) -> None:
    """A file cut short is refused with one sentence, or (text) gives the events before the cut."""
    data = sample_files[name].read_bytes()
    whole = content(read_file(get_format(name), sample_files[name]))
    path = tmp_path / f"cut{suffix(name)}"
    for part in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0):
        size = min(int(len(data) * part), len(data) - 1)
        path.write_bytes(data[:size])
        found: dict[str, list[Any]] = {}
        refused = caught(BadInputError, lambda: found.update(content(read_file(get_format(name), path))))  # noqa: B023
        if refused:
            assert "\n" not in str(refused)
            assert "cut" in str(refused)
        else:
            assert name in TEXT_FORMATS or found == whole, f"wrong events from {size} of {len(data)} bytes"


@pytest.mark.parametrize("name", format_ids())
def test_flipped_bytes(name: str, sample_files: dict[str, Path], tmp_path: Path) -> None:
    """Damage never shows as anything but our own errors."""
    data = bytearray(sample_files[name].read_bytes())
    rng = random.Random(5)
    path = tmp_path / f"damaged{suffix(name)}"
    for _ in range(60):
        copy = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            copy[rng.randrange(len(copy))] = rng.randrange(256)
        path.write_bytes(copy)
        refused = caught(BadInputError, lambda: read_file(get_format(name), path))
        assert "\n" not in str(refused)


@pytest.mark.parametrize("name", WRITABLE)
def test_second_table_is_held_or_refused(name: str, tmp_path: Path) -> None:
    fmt, path = get_format(name), tmp_path / f"two{suffix(name)}"
    table = phenoml() if name == "phenoml" else TABLES["one column"]
    with fmt.create(str(path), {}, WriteOptions()) as sink:
        sink.begin(table.schema, table.n_events)
        sink.write(table)
        second = replace(TABLES["shapes"].schema, name="second")
        refused = caught(BadRequestError, lambda: sink.begin(second, 0))
    assert refused is None or re.search("root|hdf5|npz", str(refused))
