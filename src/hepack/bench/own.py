"""hepack itself, in the same run as the peers: the file as `pack` writes it, and its speed in memory."""

from __future__ import annotations

import os
import time
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from hepack.archive.ahead import workers
from hepack.archive.pack import PackResult, pack
from hepack.archive.packed import PackedFile
from hepack.bench.column import Loaded
from hepack.bench.result import Own
from hepack.codec.block import encode_block
from hepack.codec.choose import Chooser
from hepack.codec.recipe import Recipe
from hepack.codec.streams import Effort
from hepack.fitting import fit_table
from hepack.io import ReadOptions
from hepack.table import split_schema, split_table, splittable


@dataclass(frozen=True)
class Request:
    """What to pack and how: the input, its recipe and its reading."""

    path: str
    recipe: Recipe
    read: ReadOptions
    format_id: str | None = None


def run_own(
    request: Request, loaded: Loaded, folder: Path, *, effort: Effort, repeat: int
) -> tuple[Own, PackResult]:
    """Pack the file into ``folder``, then time packing and unpacking from and to columns in memory.

    The timed part holds all that `pack` does between reading and writing, its checks included.
    """
    recipe = replace(request.recipe, effort=effort)
    target = folder / f"{effort}.hpk"
    packed = pack(
        request.path, target, recipe, read=request.read, format_id=request.format_id, overwrite=True
    )
    threads = recipe.threads or os.cpu_count() or 1
    pack_times, unpack_times = [], []
    with workers(threads) as pool:
        for _ in range(repeat):
            started = time.perf_counter()
            _pack_in_memory(loaded, recipe, pool)
            pack_times.append(time.perf_counter() - started)
            started = time.perf_counter()
            _unpack_in_memory(target, pool)
            unpack_times.append(time.perf_counter() - started)
    megabytes = packed.raw_bytes / 1e6
    own = Own(
        effort=effort,
        bytes=packed.packed_bytes,
        body_bytes=sum(size.packed_bytes for size in packed.variables),
        pack_mb_s=megabytes / max(min(pack_times), 1e-9),
        unpack_mb_s=megabytes / max(min(unpack_times), 1e-9),
        seconds=packed.seconds,
        threads=threads,
    )
    return own, packed


def _pack_in_memory(loaded: Loaded, recipe: Recipe, pool: Executor) -> None:
    for whole in loaded.tables:
        names = splittable(whole.schema) if recipe.effort != "fast" else ()
        table = split_table(whole, split_schema(whole.schema, names))
        chooser = Chooser(effort=recipe.effort)
        blocks = max(1, -(-table.nbytes // recipe.block_bytes))
        rows = max(1, -(-len(table) // blocks))
        model = None
        if recipe.effort != "fast" and len(table):
            model = fit_table(table.slice(0, rows), events=len(table), chooser=chooser, executor=pool).model
        for start in range(0, len(table), rows):
            encode_block(table.slice(start, start + rows), chooser, pool, model)


def _unpack_in_memory(path: Path, pool: Executor) -> None:
    with PackedFile(path) as packed:
        for table in packed.tables:
            for _ in table.iterate(executor=pool):
                pass
