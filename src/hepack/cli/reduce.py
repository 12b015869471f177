"""``hepack reduce``."""

from __future__ import annotations

from dataclasses import asdict

import click

from hepack.cli.options import (
    json_option,
    overwrite_option,
    read_options,
    reading_from,
    recipe_from,
    tolerance_options,
)


@click.command("reduce")
@click.argument("file")
@click.option("--output", "-o", required=True, metavar="PATH", help="The ordinary event file to write.")
@tolerance_options
@click.option("--to", metavar="ID", help="Format to write, if its name does not tell.")
@click.option(
    "--compression", metavar="NAME", help="Compression of the output (ROOT: zstd, lzma, zlib, lz4)."
)
@click.option("--level", type=click.IntRange(0, 22), help="Compression level.")
@click.option("--container", type=click.Choice(["ttree", "rntuple"]), help="ROOT: which kind of table.")
@read_options
@overwrite_option
@json_option
def command(
    file: str, output: str, tolerance: tuple[str, ...], preset: str | None, to: str | None,
    compression: str | None, level: int | None, container: str | None, format_id: str | None,
    table: tuple[str, ...], allow_pickle: bool, overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    """Round the events of FILE to the tolerances and write an ordinary file that needs no hepack.

    Every rounded value is compared with the original; integers, flags and text stay as they are.
    """
    from hepack.archive.reduce import reduce
    from hepack.cli.screen import console, print_json, progress_bar, size
    from hepack.io import WriteOptions

    options = WriteOptions(compression=compression, level=level, container=container)
    with progress_bar("reducing") as report:
        result = reduce(
            file, output, recipe_from(tolerance, preset), to=to, read=reading_from(table, allow_pickle),
            options=options, format_id=format_id, overwrite=overwrite, progress=report,
        )  # fmt: skip
    if as_json:
        print_json(asdict(result))
        return 0
    out = console()
    for line in result.skipped:
        out.print(f"not carried: {line}", highlight=False)
    out.print(
        f"{sum(result.n_events)} events, {len(result.rounded)} variables rounded; {size(result.input_bytes)} -> "
        f"{size(result.output_bytes)} ({result.path}, {result.format})",
        highlight=False,
    )
    return 0
