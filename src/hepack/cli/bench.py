"""``hepack bench``."""

from __future__ import annotations

import gzip
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hepack.cli.options import (
    json_option,
    overwrite_option,
    read_options,
    reading_from,
    recipe_from,
    tolerance_options,
)

if TYPE_CHECKING:
    from hepack.bench.result import BenchResult, Own, Total

SHOWN_VARIABLES = 16


@click.command("bench")
@click.argument("file")
@tolerance_options
@click.option("--peers", metavar="IDS", help="Only these peers, separated by commas.")
@click.option(
    "--repeat", type=click.IntRange(1, 100), default=3, show_default=True, help="Smallest time of N runs."
)
@click.option("--picture", metavar="OUT.png", help="Draw ratio against speed.")
@click.option(
    "--output", "-o", metavar="OUT.json", help="Write the whole result as JSON (.json.gz: compressed)."
)
@read_options
@overwrite_option
@json_option
def command(
    file: str, tolerance: tuple[str, ...], preset: str | None, peers: str | None, repeat: int,
    picture: str | None, output: str | None, format_id: str | None, table: tuple[str, ...], allow_pickle: bool,
    overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    """Compare hepack with other compressors on FILE: the same values at the same bounds, all checked.

    Peers get whole columns. A peer that is not installed is named, with what to install. Exit code 1 if a
    peer breaks its bound.
    """
    from hepack.bench.run import bench
    from hepack.cli.screen import print_json, progress_bar

    targets = [Path(name) for name in (output, picture) if name]
    _check_free(targets, overwrite)
    recipe = recipe_from(tolerance, preset)
    with progress_bar("measuring", unit="columns") as report:
        result = bench(
            file, recipe, peers=peers.split(",") if peers else None, repeat=repeat,
            read=reading_from(table, allow_pickle), format_id=format_id,
            command=_command_line(file, tolerance, preset, peers, repeat, allow_pickle), progress=report,
        )  # fmt: skip
    if output:
        data = result.to_text().encode()
        data = gzip.compress(data, mtime=0) if output.endswith(".gz") else data
        _write(Path(output), lambda path: path.write_bytes(data), overwrite)
    if picture:
        from hepack.bench.picture import save

        _write(Path(picture), lambda path: save(result, path), overwrite)
    if as_json:
        print_json(result.to_json())
    else:
        _show(result)
    return 1 if any(total.broken for total in result.totals()) else 0


def _check_free(targets: list[Path], overwrite: bool) -> None:
    """Complain before the work, not after it."""
    from hepack._errors import BadRequestError

    for path in targets:
        if path.exists() and not overwrite:
            raise BadRequestError(f"'{path}' exists already; choose another name or pass --overwrite")
        if not path.parent.is_dir():
            raise BadRequestError(f"the folder '{path.parent}' does not exist; create it first")


def _write(path: Path, write: Any, overwrite: bool) -> None:
    from hepack._atomic import replacing

    with replacing(path, overwrite=overwrite, durable=False) as temporary:
        write(temporary)


def _command_line(
    file: str, tolerance: tuple[str, ...], preset: str | None, peers: str | None, repeat: int, allow_pickle: bool
) -> str:  # fmt: skip
    """What was asked, with base names only."""
    words = ["hepack", "bench", Path(file).name]
    for rules in tolerance:
        words += ["-t", rules if "=" in rules else Path(rules).name]
    words += ["--preset", preset] if preset else []
    words += ["--peers", peers] if peers else []
    words += ["--repeat", str(repeat)]
    words += ["--allow-pickle"] if allow_pickle else []
    return shlex.join(words)


def _show(result: BenchResult) -> None:
    from hepack.cli.screen import console, size

    out = console()
    machine = result.machine
    out.print(
        f"{result.file}: {size(result.file_bytes)} on disk, {size(result.fair_bytes)} in columns; "
        f"{machine['cpu']}, {machine['cores']} cores",
        highlight=False,
    )
    if result.narrowed:
        out.print(
            f"{len(result.narrowed)} float64 variables hold float32 values: the peers get float32",
            highlight=False,
        )
    for family in ("exact", "bounded") if result.is_bounded else ("exact",):
        out.print(_peer_table(result, family))
    if result.whole_files:
        out.print(_file_table(result))
    out.print(_variable_table(result))
    for name, reason in result.skipped_peers.items():
        out.print(f"not run: {name} ({reason})", highlight=False, markup=False)
    for total in result.totals():
        if total.broken:
            _show_broken(out, result, total.peer, total.family)
    share = 100 * (result.ratio_to_best - 1)
    out.print(
        f"hepack: {size(result.own[0].bytes)}; the best plain peer of each variable: {size(result.best_plain_bytes)} "
        f"({abs(share):.2f} % {'smaller' if share < 0 else 'larger'} file with hepack)",
        highlight=False, style="bold",
    )  # fmt: skip


def _peer_table(result: BenchResult, family: str) -> Any:
    from rich.table import Table

    title = {"exact": "lossless, on the original types", "bounded": "within the tolerances"}[family]
    table = Table(
        title=f"{result.file}: {title}", caption="speeds in MB/s of raw columns; peers on one thread"
    )
    for name in ("compressor", "bytes", "ratio", "to file", "compress", "decompress", "columns", "notes"):
        table.add_column(
            name, justify="left" if name in ("compressor", "notes") else "right", overflow="fold"
        )
    totals = [total for total in result.totals() if total.family == family]
    rows = [(t.bytes, _total_cells(result, t), "red" if t.broken else "") for t in totals]
    if (family == "bounded") == result.is_bounded:
        versus = {total.peer: total for total in totals}
        rows += [(own.bytes, _own_cells(result, own, versus), "bold green") for own in result.own]
        best = ["best plain peer per variable", *_sizes(result, result.best_plain_bytes), "", ""]
        rows.append((result.best_plain_bytes, [*best, str(len(result.items)), ""], "cyan"))
    for _, cells, style in sorted(rows, key=lambda row: row[0]):
        table.add_row(*cells, style=style)
    return table


def _sizes(result: BenchResult, number: int) -> list[str]:
    """Bytes (all digits: the rivals differ in the third), ratio to the columns, ratio to the input file."""
    return [f"{number:,}", _ratio(result.fair_bytes, number), _ratio(result.file_bytes, number)]


def _total_cells(result: BenchResult, total: Total) -> list[str]:
    from hepack.cli.screen import size

    notes = [f"{total.filled} by the best other peer ({size(total.filled_bytes)})"] if total.filled else []
    notes += [f"{total.patched} values kept as exceptions"] if total.patched else []
    notes += [f"BROKEN on {total.broken} columns"] if total.broken else []
    speeds = [f"{total.compress_mb_s:.1f}", f"{total.decompress_mb_s:.1f}"]
    label = total.peer + ("*" if total.filled else "")
    return [label, *_sizes(result, total.bytes), *speeds, str(total.own), "; ".join(notes)]


def _own_cells(result: BenchResult, own: Own, versus: Mapping[str, Total]) -> list[str]:
    notes = [
        f"packs at {own.pack_mb_s / versus[peer].compress_mb_s:.2g} x {peer}"
        for peer in ("pcodec", "lzma-9")
        if peer in versus and versus[peer].compress_mb_s
    ]
    label = "hepack" if own.effort == "default" else f"hepack --{own.effort}"
    speeds = [f"{own.pack_mb_s:.1f}", f"{own.unpack_mb_s:.1f}"]
    label += f" (file, {own.threads} threads)"
    return [label, *_sizes(result, own.bytes), *speeds, str(len(result.items)), "; ".join(notes)]


def _file_table(result: BenchResult) -> Any:
    from rich.table import Table

    from hepack.cli.screen import size

    table = Table(title="file formats with compression of their own, whole files, original values")
    for name in ("format", "bytes", "ratio", "write", "read", "notes"):
        table.add_column(name, justify="left" if name in ("format", "notes") else "right", overflow="fold")
    for row in sorted(result.whole_files, key=lambda row: row.bytes or 1 << 62):
        known = (
            size(row.bytes),
            _ratio(result.fair_bytes, row.bytes),
            f"{row.write_mb_s:.1f}",
            f"{row.read_mb_s:.1f}",
        )
        table.add_row(row.peer, *(known if row.bytes else ("",) * 4), row.note)
    return table


def _variable_table(result: BenchResult) -> Any:
    from rich.table import Table

    from hepack.cli.screen import size

    table = Table(title="the largest columns: the best plain peer, and hepack's share of its file")
    for name in (
        "variable",
        "type",
        "tolerance",
        "raw",
        "best peer",
        "how",
        "bytes",
        "hepack",
        "hepack / best",
    ):
        right = name in ("raw", "bytes", "hepack", "hepack / best")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for item in sorted(result.items, key=lambda item: -item.best_bytes)[:SHOWN_VARIABLES]:
        peer, score = item.best or ("none", None)
        label = item.name + (" (lengths)" if item.role == "counts" else "")
        table.add_row(
            label, item.dtype, item.tolerance, size(item.raw_bytes), peer, score.setting if score else "",
            size(item.best_bytes), size(item.hepack_bytes), f"{item.hepack_bytes / max(1, item.best_bytes):.3f}",
        )  # fmt: skip
    if len(result.items) > SHOWN_VARIABLES:
        table.add_row(f"... {len(result.items) - SHOWN_VARIABLES} more, with --json", *[""] * 8)
    return table


def _show_broken(out: Any, result: BenchResult, peer: str, family: str) -> None:
    for item in result.items:
        score = (item.exact if family == "exact" else item.bounded).get(peer)
        if score is not None and score.broken:
            out.print(
                f"broken: {peer} on {item.name}: {score.broken}", style="red", highlight=False, markup=False
            )
            return


def _ratio(whole: float, part: float) -> str:
    return f"{whole / part:.2f}" if part else ""
