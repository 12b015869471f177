"""``hepack recover``."""

from __future__ import annotations

from dataclasses import asdict

import click

from hepack.cli.options import json_option, overwrite_option


@click.command("recover")
@click.argument("file")
@click.option("--output", "-o", required=True, metavar="PATH", help="The packed file to write.")
@overwrite_option
@json_option
def command(file: str, output: str, overwrite: bool, as_json: bool) -> int:
    """Save every sound block of a damaged packed FILE into a new packed file.

    Exit code 1 if something was lost.
    """
    from hepack.archive.recover import recover
    from hepack.cli.screen import console, print_json

    result = recover(file, output, overwrite=overwrite)
    if as_json:
        print_json(asdict(result))
    else:
        out = console()
        for reason in result.reasons:
            out.print(f"lost: {reason}", highlight=False)
        for table, first, events in result.lost:
            out.print(f"lost: events {first} to {first + events - 1} of '{table}'", highlight=False)
        kept = sum(events for _, _, events in result.kept)
        out.print(f"{kept} events in {len(result.kept)} blocks -> {result.path}", highlight=False)
    return 1 if result.lost or result.reasons else 0
