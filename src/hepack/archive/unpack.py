"""`unpack`: a packed file to an ordinary event file of the original or another format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hepack._atomic import refuse_same, replacing
from hepack._errors import BadRequestError, CorruptFileError
from hepack.archive.ahead import ahead, workers
from hepack.archive.pack import Progress
from hepack.archive.packed import PackedFile
from hepack.io import Format, Sink, WriteOptions, format_for_output, get_format


@dataclass(frozen=True)
class UnpackResult:
    """What `unpack` wrote. ``unbounded``: variables whose values may be off by anything."""

    path: str
    format: str
    n_events: tuple[int, ...]
    bytes_written: int
    notes: tuple[str, ...]
    unbounded: tuple[str, ...] = ()


def unpack(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    to: str | None = None,
    options: WriteOptions | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> UnpackResult:
    """Write the events of a packed file to ``output``.

    ``to`` is a format id; without it the name of ``output`` decides, then the original format.

    Raises:
        BadRequestError: the format cannot hold the data, or ``output`` exists.
        CorruptFileError: the packed file is damaged.
    """
    refuse_same(os.fspath(source), output)
    with (
        PackedFile(source) as packed,
        replacing(Path(output), overwrite=overwrite, durable=False) as temporary,
    ):
        target = _target_format(to, os.fspath(output), packed.plan.format)
        attributes = packed.plan.attributes if target.id == packed.plan.format else {}
        with _create(target, str(temporary), attributes, options or WriteOptions(), packed.path) as sink:
            write_tables(packed, sink, threads=threads, progress=progress)
        written = temporary.stat().st_size
        return UnpackResult(
            path=os.fspath(output),
            format=target.id,
            n_events=tuple(len(table) for table in packed.tables),
            bytes_written=written,
            notes=tuple(sink.notes),
            unbounded=packed.unbounded,
        )


def write_tables(
    packed: PackedFile, sink: Sink, *, threads: int | None = None, progress: Progress | None = None
) -> None:
    """Write every table of a packed file to an open sink, decoding ahead of the writing."""
    total = sum(len(table) for table in packed.tables)
    done = 0
    with workers(threads) as pool:
        for table in packed.tables:
            sink.begin(table.schema, len(table))
            for block in ahead(table.iterate(executor=pool)):
                sink.write(block)
                done += len(block)
                if progress:
                    progress(done, total)


def _create(
    target: Format, path: str, attributes: Mapping[str, Any], options: WriteOptions, source: str
) -> Sink:
    """Formats trust the notes that they once made; those of a damaged plan may be anything."""
    try:
        return target.create(path, attributes, options)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CorruptFileError(
            f"what '{source}' holds for the format '{target.id}' is damaged ({error}); choose another with --to"
        ) from error


def _target_format(to: str | None, output: str, original: str) -> Format:
    if to:
        return get_format(to)
    try:
        return format_for_output(output)
    except BadRequestError:
        if original:
            return get_format(original)
        raise
