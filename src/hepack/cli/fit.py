"""``hepack fit``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hepack.cli.options import (
    effort_options,
    json_option,
    overwrite_option,
    read_options,
    reading_from,
    recipe_from,
    tolerance_options,
)

if TYPE_CHECKING:
    from hepack.archive.fit import FitResult

SHOWN = 24


@click.command("fit")
@click.argument("files", nargs=-1, required=True)
@click.option("--output", "-o", required=True, metavar="PATH", help="The model file to write (.hpm).")
@tolerance_options
@effort_options
@click.option(
    "--checkpoint", metavar="FOLDER",
    help="With --best: store the state of training here; the same command, started again, goes on from it.",
)  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 256), help="Threads (all cores).")
@read_options
@overwrite_option
@json_option
def command(
    files: tuple[str, ...], output: str, tolerance: tuple[str, ...], preset: str | None, fast: bool, best: bool,
    effort: float | None, checkpoint: str | None, threads: int | None, format_id: str | None,
    table: tuple[str, ...], allow_pickle: bool, overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    """Learn a model from FILES of one campaign, for 'hepack pack --model'.

    The tolerances are those that the files will be packed with. A packed file then holds the model's digest
    instead of the model; unpacking looks for the model file beside it and in HEPACK_MODELS.
    """
    from hepack.archive.fit import fit
    from hepack.cli.screen import print_json, waiting
    from hepack.io.paths import expand

    if fast:
        raise click.UsageError("--fast learns nothing")
    if checkpoint and not best:
        raise click.UsageError("--checkpoint is for the training of integer nets; add --best")
    recipe = recipe_from(tolerance, preset, best=best, minutes=effort, threads=threads)
    with waiting("learning"):
        result = fit(
            expand(files), output, recipe, read=reading_from(table, allow_pickle), format_id=format_id,
            overwrite=overwrite, checkpoint=Path(checkpoint) if checkpoint else None,
        )  # fmt: skip
    if as_json:
        print_json(asdict(result))
    else:
        _show(result)
    return 0


def _show(result: FitResult) -> None:
    from rich.table import Table

    from hepack.cli.screen import console, size

    out = console()
    table = Table(title=f"{result.files} files -> {result.path}")
    table.add_column("variable", overflow="fold")
    for name in ("plain, bits", "learned, bits", "ratio"):
        table.add_column(name, justify="right")
    rows = sorted(result.bits.items(), key=lambda row: row[1][1] - row[1][0])
    for name, (plain, bits) in rows[:SHOWN]:
        table.add_row(name, f"{plain:.2f}", f"{bits:.2f}", f"{bits / plain:.3f}" if plain else "")
    if len(rows) > SHOWN:
        table.add_row(f"... {len(rows) - SHOWN} more", "", "", "")
    out.print(table)
    out.print(
        f"learned from {sum(result.n_events)} events; the model takes {size(result.model_bytes)}",
        highlight=False,
    )
