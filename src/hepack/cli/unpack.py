"""``hepack unpack``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from hepack.cli.options import json_option, overwrite_option


@click.command("unpack")
@click.argument("file")
@click.option("--output", "-o", metavar="PATH", help="The file to write; default: the original's name.")
@click.option("--to", metavar="ID", help="Format to write (root, parquet, hdf5, npy, npz, csv, phenoml).")
@click.option(
    "--compression", metavar="NAME", help="Compression of the output (ROOT: zstd, lzma, zlib, lz4)."
)
@click.option("--level", type=click.IntRange(0, 22), help="Compression level.")
@click.option("--container", type=click.Choice(["ttree", "rntuple"]), help="ROOT: which kind of table.")
@click.option("--threads", type=click.IntRange(1, 256), help="Threads (all cores).")
@overwrite_option
@json_option
def command(
    file: str, output: str | None, to: str | None, compression: str | None, level: int | None,
    container: str | None, threads: int | None, overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    """Write the events of a packed FILE to an ordinary event file."""
    from hepack.archive.unpack import unpack
    from hepack.cli.screen import console, named, print_json, progress_bar, size
    from hepack.io import WriteOptions

    target = output or _original_name(file, to)
    options = WriteOptions(compression=compression, level=level, container=container)
    with progress_bar("unpacking") as report:
        result = unpack(
            file, target, to=to, options=options, overwrite=overwrite, threads=threads, progress=report
        )
    if result.unbounded:
        click.echo(
            f"unbounded: {named(result.unbounded)} come from an autoencoder and may be off by anything",
            err=True,
        )
    if as_json:
        print_json(asdict(result))
        return 0
    out = console()
    for note in result.notes:
        out.print(f"note: {note}", highlight=False)
    out.print(
        f"{sum(result.n_events)} events -> {result.path} ({result.format}, {size(result.bytes_written)})",
        highlight=False,
    )
    return 0


def _original_name(file: str, to: str | None) -> str:
    """``events.root.hpk`` becomes ``events.root``; with another format, its suffix is put on."""
    from hepack.archive.packed import PackedFile
    from hepack.io import get_format

    path = Path(Path(file).name)
    name = path.stem if path.suffix == ".hpk" else path.name
    with PackedFile(file) as packed:
        suffixes = get_format(to or packed.plan.format).suffixes
    return name if name.lower().endswith(suffixes) else f"{name}{suffixes[0]}"
