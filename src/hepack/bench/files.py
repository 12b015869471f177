"""File formats with compression of their own: the same tables written to Parquet and ROOT, whole files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hepack.bench.column import Loaded, columns_of
from hepack.bench.peer import missing_package
from hepack.bench.result import WholeFile
from hepack.io import GroupingError, ReadOptions, WriteOptions, get_format
from hepack.table import EventTable, bits_differ


@dataclass(frozen=True)
class FileKind:
    """One way to write a file. ``module`` must be there; ``package`` is what to install for it."""

    id: str
    format: str
    suffix: str
    options: WriteOptions
    module: str
    package: str

    def missing(self) -> str | None:
        """Why this cannot run here; None if it can."""
        return missing_package(self.module, self.package)


def _root(name: str, level: int) -> FileKind:
    options = WriteOptions(compression=name, level=level, container="ttree")
    return FileKind(f"root-{name}-{level}", "root", ".root", options, "uproot", "uproot")


KINDS: dict[str, FileKind] = {
    kind.id: kind
    for kind in (
        FileKind(
            "parquet-zstd", "parquet", ".parquet", WriteOptions(compression="zstd", level=19), "pyarrow", "pyarrow"
        ),
        _root("zlib", 1),
        _root("lz4", 4),
        _root("zstd", 5),
        _root("lzma", 9),
    )
}  # fmt: skip


def measure_file(kind: FileKind, loaded: Loaded, folder: Path, *, repeat: int) -> WholeFile:
    """Write all tables of a file (original values), read them back, compare every bit."""
    path = folder / f"whole{kind.suffix}"
    times: list[tuple[float, float]] = []
    note = ""
    try:
        for _ in range(repeat):
            path.unlink(missing_ok=True)
            started = time.perf_counter()
            _write(kind, loaded, path)
            written = time.perf_counter()
            back = _read(kind, path)
            times.append((written - started, time.perf_counter() - written))
        note = _difference(loaded.tables, back)
    except Exception as error:  # a foreign writer may raise anything; the other formats go on
        text = " ".join(f"cannot hold this file: {error}".replace(str(path), path.name).split())[:200]
        return WholeFile(peer=kind.id, lossless=False, note=text)
    megabytes = sum(table.nbytes for table in loaded.tables) / 1e6
    return WholeFile(
        peer=kind.id,
        bytes=path.stat().st_size,
        write_mb_s=megabytes / max(min(t[0] for t in times), 1e-9),
        read_mb_s=megabytes / max(min(t[1] for t in times), 1e-9),
        lossless=not note,
        note=note,
    )


def _write(kind: FileKind, loaded: Loaded, path: Path) -> None:
    with get_format(kind.format).create(str(path), {}, kind.options) as sink:
        for table in loaded.tables:
            sink.begin(table.schema, len(table))
            sink.write(table)


def _read(kind: FileKind, path: Path) -> list[EventTable]:
    options = ReadOptions()
    while True:
        try:
            with get_format(kind.format).open(str(path), options) as source:
                return [
                    EventTable.concatenate(blocks) if blocks else EventTable.empty(schema)
                    for number, schema in enumerate(source.contents.schemas)
                    for blocks in [list(source.blocks(number, max_bytes=48 << 20))]
                ]
        except GroupingError as error:
            options = ReadOptions(ungrouped=options.ungrouped | {error.collection})


def _difference(before: Sequence[EventTable], after: Sequence[EventTable]) -> str:
    """What of the values of variables did not come back bit for bit, in a few words; empty if all did."""
    found = {c.name: c.values for table in after for c in columns_of(table) if c.role == "values"}
    lost, changed = [], []
    for column in (c for table in before for c in columns_of(table) if c.role == "values"):
        other = found.get(column.name)
        if other is None or other.size != column.values.size:
            lost.append(column.name)
        elif other.dtype != column.values.dtype:
            if not np.array_equal(other.reshape(-1), column.values.reshape(-1)):
                changed.append(column.name)
        elif bits_differ(column.values.reshape(-1), other.reshape(-1)).any():
            changed.append(column.name)
    if not lost and not changed:
        return ""
    first = (changed or lost)[0]
    return f"{len(changed)} variables changed, {len(lost)} not found again under their name (first: {first})"
