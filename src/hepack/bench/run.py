"""`bench`: one file through hepack and through every peer."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hepack._errors import BadRequestError
from hepack.bench.column import Column, Loaded, load
from hepack.bench.files import KINDS, measure_file
from hepack.bench.machine import machine_facts
from hepack.bench.measure import measure
from hepack.bench.own import Request, run_own
from hepack.bench.peer import Peer, all_peers, choose
from hepack.bench.result import BenchResult, Item, Own, Score, WholeFile
from hepack.codec.recipe import Recipe
from hepack.io import ReadOptions
from hepack.io.location import byte_size

Progress = Callable[[int, int], None]
"""Called with the columns done and the columns in all."""


def bench(
    path: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    peers: Sequence[str] | None = None,
    repeat: int = 3,
    read: ReadOptions | None = None,
    format_id: str | None = None,
    command: str = "",
    progress: Progress | None = None,
) -> BenchResult:
    """Measure one file. It is read into memory whole; peers get whole columns, hepack its own blocks.

    ``peers`` are ids (None: all); one that is not installed is reported, not an error. Each time is the
    smallest of ``repeat`` runs.

    Raises:
        BadInputError: the file is damaged or of no known format.
        BadRequestError: an unknown peer or variable is named.
    """
    recipe, read = recipe or Recipe(), read or ReadOptions()
    if recipe.frees_order:
        raise BadRequestError(
            "the peers keep the order of events and objects, so a comparison has to keep it too"
        )
    known = all_peers()
    wanted = choose(peers, [*known, *KINDS])
    chosen, missing = _installed({name: known[name] for name in wanted if name in known})
    request = Request(os.fspath(path), recipe, read, format_id)
    loaded = load(path, recipe, read, format_id)
    with tempfile.TemporaryDirectory(prefix="hepack-bench-") as name:
        folder = Path(name)
        own, shares = _run_own(request, loaded, folder, repeat)
        whole: list[WholeFile] = []
        for kind in (KINDS[name] for name in wanted if name in KINDS):
            reason = kind.missing()
            if reason:
                missing[kind.id] = reason
            else:
                whole.append(measure_file(kind, loaded, folder, repeat=repeat))
    items = []
    for number, column in enumerate(loaded.columns):
        items.append(_item(column, chosen, shares, repeat))
        if progress:
            progress(number + 1, len(loaded.columns))
    return BenchResult(
        file=Path(request.path).name,
        format=loaded.format,
        file_bytes=byte_size(request.path),
        n_events=tuple(len(table) for table in loaded.tables),
        raw_bytes=sum(table.nbytes for table in loaded.tables),
        fair_bytes=sum(column.raw_bytes for column in loaded.columns),
        command=command,
        repeat=repeat,
        items=tuple(items),
        own=own,
        whole_files=tuple(whole),
        narrowed=loaded.narrowed,
        skipped_peers=missing,
        skipped_columns={item.name: item.reason for item in loaded.skipped},
        machine=machine_facts(peer.package for peer in chosen.values()),
    )


def _installed(wanted: Mapping[str, Peer]) -> tuple[dict[str, Peer], dict[str, str]]:
    reasons = {name: peer.missing() for name, peer in wanted.items()}
    missing = {name: reason for name, reason in reasons.items() if reason}
    return {name: peer for name, peer in wanted.items() if name not in missing}, missing


def _run_own(
    request: Request, loaded: Loaded, folder: Path, repeat: int
) -> tuple[tuple[Own, ...], dict[tuple[str, str, str], float]]:
    default, packed = run_own(request, loaded, folder, effort="default", repeat=repeat)
    fast, _ = run_own(request, loaded, folder, effort="fast", repeat=repeat)
    shares = {(size.table, size.role, size.name): size.packed_bytes for size in packed.variables}
    return (default, fast), shares


def _item(
    column: Column, peers: Mapping[str, Peer], shares: Mapping[tuple[str, str, str], float], repeat: int
) -> Item:
    families: dict[str, dict[str, Score]] = {"exact": {}, "bounded": {}}
    for name, peer in peers.items():
        for family, score in measure(peer, column, repeat=repeat).items():
            families[family][name] = score
    return Item(
        table=column.table,
        name=column.name,
        role=column.role,
        dtype=str(column.values.dtype),
        tolerance=str(column.tolerance) if column.is_bounded else "lossless",
        raw_bytes=column.raw_bytes,
        hepack_bytes=shares.get((column.table, column.role, column.name), 0.0),
        exact=families["exact"],
        bounded=families["bounded"],
    )
