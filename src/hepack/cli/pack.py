"""``hepack pack``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hepack.cli.options import (
    codec_options,
    effort_options,
    json_option,
    network_from,
    overwrite_option,
    read_options,
    reading_from,
    recipe_from,
    tolerance_options,
)

if TYPE_CHECKING:
    from hepack.archive.batch import FileStatus
    from hepack.archive.pack import PackResult

SHOWN_VARIABLES = 24


@click.command("pack")
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--output", "-o", metavar="PATH",
    help="The packed file; for several inputs a folder. Default: FILE.hpk beside the input.",
)  # fmt: skip
@tolerance_options
@effort_options
@codec_options
@click.option("--model", "-m", metavar="PATH", help="Use this model file, as 'hepack fit' writes it.")
@click.option(
    "--free-event-order",
    is_flag=True,
    help="The order of events need not be kept: they are sorted within each block if that is smaller.",
)
@click.option(
    "--free-object-order", multiple=True, metavar="COLLECTIONS",
    help="Neither need that of the objects of an event in these collections ('Jet,Muon'; wildcards).",
)  # fmt: skip
@click.option("--block-mb", type=click.FloatRange(0.001, 512), help="Size of a block before packing (48).")
@click.option("--threads", type=click.IntRange(1, 256), help="Threads (all cores).")
@click.option("--strict", is_flag=True, help="Fail if anything in the input cannot be carried.")
@read_options
@overwrite_option
@json_option
def command(
    files: tuple[str, ...], output: str | None, tolerance: tuple[str, ...], preset: str | None, fast: bool,
    best: bool, effort: float | None, codec: str, latent: int | None, hidden: str | None, epochs: int | None,
    variables: str | None, model: str | None, free_event_order: bool, free_object_order: tuple[str, ...],
    block_mb: float | None, threads: int | None, strict: bool, format_id: str | None, table: tuple[str, ...],
    allow_pickle: bool, overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    """Pack event FILES (local paths, globs, URLs), bit for bit unless tolerances (or an autoencoder) are asked for.

    Every value is decoded and checked before the packed file gets its name. Several inputs go into a
    folder with a manifest; a bad one is reported, the others go on, and a rerun resumes.
    """
    from hepack.io.paths import expand

    recipe = recipe_from(
        tolerance,
        preset,
        fast=fast,
        best=best,
        minutes=effort,
        block_mb=block_mb,
        threads=threads,
        model=model,
        network=network_from(codec, latent, hidden, epochs, variables),
        free_event_order=free_event_order,
        free_object_order=free_object_order,
    )
    read = reading_from(table, allow_pickle)
    sources = expand(files)
    if len(sources) > 1 or (output is not None and (output.endswith("/") or Path(output).is_dir())):
        return _pack_many(sources, output, recipe, read, format_id, strict, as_json)
    target = output or default_output(sources[0])
    from hepack.archive.pack import pack
    from hepack.cli.screen import print_json, progress_bar

    with progress_bar("packing", first="" if fast else "learning") as report:
        result = pack(
            sources[0], target, recipe, read=read, format_id=format_id, strict=strict, overwrite=overwrite,
            progress=report,
        )  # fmt: skip
    if as_json:
        print_json(asdict(result))
    else:
        _show(result)
    return 0


def default_output(source: str) -> str:
    """``FILE.hpk`` beside a local file, in this folder for a URL."""
    return f"{Path(source).name}.hpk" if "://" in source else f"{source}.hpk"


def _show(result: PackResult) -> None:
    from rich.table import Table

    from hepack.cli.screen import console, named, show_skipped, size

    out = console()
    show_skipped(out, result.skipped)
    table = Table(title=f"{result.source} -> {result.path}")
    for name, justify in [("variable", "left"), ("tolerance", "left"), ("raw", "right"), ("packed", "right"),
                          ("ratio", "right")]:  # fmt: skip
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    rows = sorted(result.variables, key=lambda row: -row.packed_bytes)
    several = len({row.table for row in rows}) > 1
    for row in rows[:SHOWN_VARIABLES]:
        label = f"{row.table}: {row.name}" if several else row.name
        label += " (lengths)" if row.role == "counts" else ""
        ratio = row.raw_bytes / row.packed_bytes if row.packed_bytes else float("inf")
        table.add_row(label, row.tolerance, size(row.raw_bytes), size(row.packed_bytes), f"{ratio:.2f}")
    if len(rows) > SHOWN_VARIABLES:
        rest = rows[SHOWN_VARIABLES:]
        raw, kept = sum(r.raw_bytes for r in rest), sum(r.packed_bytes for r in rest)
        table.add_row(f"... {len(rest)} more", "", size(raw), size(kept), f"{raw / max(kept, 1):.2f}")
    overhead = result.packed_bytes - sum(row.packed_bytes for row in rows)
    table.add_row("names, index, digests", "", "", size(overhead), "", end_section=True)
    ratio = result.raw_bytes / result.packed_bytes
    table.add_row("all", "", size(result.raw_bytes), size(result.packed_bytes), f"{ratio:.2f}", style="bold")
    out.print(table)
    for note in result.notes:
        out.print(f"note: {note}", highlight=False)
    checked = "every value was decoded and checked."
    if result.unbounded:
        checked = (
            f"unbounded, values may be off by anything: {named(result.unbounded)}; all others were checked."
        )
    out.print(
        f"{sum(result.n_events)} events; {size(result.input_bytes)} on disk became {size(result.packed_bytes)} "
        f"({result.input_bytes / result.packed_bytes:.2f} x smaller) in {result.seconds:.1f} s; "
        f"{checked}",
        highlight=False,
    )


def _pack_many(
    sources: list[str], output: str | None, recipe: Any, read: Any, format_id: str | None, strict: bool,
    as_json: bool,
) -> int:  # fmt: skip
    from hepack._errors import BadRequestError
    from hepack.archive.batch import MANIFEST, pack_many
    from hepack.cli.screen import console, print_json, progress_bar

    if output is None:
        raise BadRequestError("several inputs need a folder for their outputs: -o FOLDER")
    with progress_bar("packing", unit="files") as report:
        rows = pack_many(
            sources, Path(output), recipe, read=read, format_id=format_id, strict=strict,
            started=lambda _, number: report(number, len(sources)),
        )  # fmt: skip
    failed = [row for row in rows if row.state == "failed"]
    if as_json:
        print_json({"files": [asdict(row) for row in rows]})
    else:
        console().print(_many_table(rows, Path(output) / MANIFEST))
    return 2 if failed else 0


def _many_table(rows: list[FileStatus], manifest: Path) -> Any:
    from rich.table import Table

    from hepack.cli.screen import size

    table = Table(title=f"{len(rows)} files; manifest: {manifest}")
    for name in ("file", "state", "events", "on disk", "packed", "ratio", "message"):
        table.add_column(
            name, overflow="fold", justify="left" if name in ("file", "state", "message") else "right"
        )
    for row in rows:
        ratio = f"{row.input_bytes / row.packed_bytes:.2f}" if row.packed_bytes else ""
        style = "red" if row.state == "failed" else None
        cells = (str(row.events), size(row.input_bytes), size(row.packed_bytes), ratio)
        table.add_row(row.source, row.state, *cells, row.message, style=style)
    return table
