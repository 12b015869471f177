"""``hepack verify``."""

from __future__ import annotations

from dataclasses import asdict

import click

from hepack.cli.options import json_option, reading_from


@click.command("verify")
@click.argument("file")
@click.option("--against", metavar="ORIGINAL", help="Compare every value with the original file.")
@click.option("--allow-pickle", is_flag=True, help="The original may be a pickle of numpy or pandas objects.")
@json_option
def command(file: str, against: str | None, allow_pickle: bool, as_json: bool) -> int:
    """Read every byte of a packed FILE, decode every block, check every digest.

    Exit code 1 if anything is wrong.
    """
    from hepack.archive.verify import verify
    from hepack.cli.screen import console, named, print_json, progress_bar

    with progress_bar("verifying") as report:
        result = verify(file, original=against, read=reading_from((), allow_pickle), progress=report)
    if as_json:
        print_json({**asdict(result), "sound": result.sound})
        return 0 if result.sound else 1
    out = console()
    for problem in result.problems:
        out.print(f"[red]wrong[/red]: {problem}", highlight=False)
    if result.worst:
        from rich.table import Table

        table = Table(title="largest error found, in the tolerance's own measure")
        table.add_column("variable")
        table.add_column("largest error", justify="right")
        for name, error in result.worst.items():
            table.add_row(name, f"{error:.6g}")
        out.print(table)
    if result.unbounded:
        out.print(f"unbounded: nothing is promised of {named(result.unbounded)}", highlight=False)
    others = "every other value" if result.unbounded else "every value"
    compared = f", {others} within its tolerance of '{against}'" if result.compared else ""
    if result.sound:
        out.print(f"sound: {result.sections} sections, {result.n_events} events{compared}", highlight=False)
    else:
        out.print(
            f"{len(result.problems)} problems; 'hepack recover' saves the sound blocks", highlight=False
        )
    return 0 if result.sound else 1
