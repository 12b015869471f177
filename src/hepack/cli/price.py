"""``hepack price``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hepack.cli.options import (
    command_line,
    json_option,
    overwrite_option,
    read_options,
    reading_from,
    recipe_from,
    tolerance_options,
)

if TYPE_CHECKING:
    from hepack.study.price import Prices
    from hepack.table import EventTable


@click.command("price")
@click.argument("background", nargs=-1, required=True)
@click.option(
    "--signal", "-s", multiple=True, metavar="[NAME=]FILE", help="Events of another process; repeatable."
)
@tolerance_options
@click.option("--variables", "-v", multiple=True, metavar="PATTERN", help="Only these variables; repeatable.")
@click.option("--leave-out", multiple=True, metavar="PATTERN", help="Not these variables; repeatable.")
@click.option("--latent", type=click.IntRange(1, 256), default=3, show_default=True,
              help="Latent numbers of the autoencoders of each collection.")  # fmt: skip
@click.option(
    "--epochs", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Of their training."
)
@click.option("--no-autoencoder", is_flag=True, help="Plain coders and the learned one only.")
@click.option("--report", "-o", type=click.Path(path_type=Path, dir_okay=False), metavar="PAGE.html",
              help="Write a page with pictures, and its figures as JSON beside it.")  # fmt: skip
@click.option(
    "--most",
    type=click.IntRange(500),
    default=1 << 17,
    show_default=True,
    help="Events to read of each process.",
)
@click.option("--threads", type=click.IntRange(1, 256), help="Threads (all cores).")
@read_options
@overwrite_option
@json_option
def command(
    background: tuple[str, ...], signal: tuple[str, ...], tolerance: tuple[str, ...], preset: str | None,
    variables: tuple[str, ...], leave_out: tuple[str, ...], latent: int, epochs: int, no_autoencoder: bool,
    report: Path | None, most: int, threads: int | None, format_id: str | None, table: tuple[str, ...],
    allow_pickle: bool, overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    """What it costs to pack events that are unlike BACKGROUND with codecs that learned only that.

    Plain coders, the learned coder and autoencoders (with residuals, and without: these need 'hepack[train]') are made
    for seven of ten events of BACKGROUND. The others and each --signal are coded with them: bits per event,
    reconstruction error, values outside their tolerance. Exit code 1 if a codec with a promise breaks it.
    """
    from hepack.autocoder.encode import Options
    from hepack.cli.screen import print_json, waiting
    from hepack.io.paths import expand
    from hepack.scoring.columns import Choice, chosen
    from hepack.scoring.events import read_events
    from hepack.study.price import measure_prices
    from hepack.study.price_page import price_study

    if not signal:
        raise click.UsageError("name at least one --signal [NAME=]FILE")
    if report is not None and report.exists() and not overwrite:
        raise click.UsageError(f"'{report}' exists already; choose another name or pass --overwrite")
    start, processor = time.monotonic(), time.process_time()
    reading: dict[str, Any] = {
        "table": table[0] if table else None, "read": reading_from((), allow_pickle), "format_id": format_id,
        "most": most,
    }  # fmt: skip
    choice = Choice(wanted=variables, left_out=leave_out)
    usual = chosen(read_events(expand(background), **reading), choice)
    signals: dict[str, EventTable] = {}
    for text in signal:
        label, equals, path = text.partition("=")
        signals[label if equals else Path(text).stem] = read_events([path if equals else text], **reading)
    recipe = recipe_from(tolerance, preset, threads=threads)
    options = None if no_autoencoder else Options(latent=latent, epochs=epochs)
    with waiting("coding"):
        prices = measure_prices(usual, signals, recipe, options=options)
    spent = (time.monotonic() - start, time.process_time() - processor)
    page = price_study(prices, command=command_line(), seconds=spent)
    if report is not None:
        from hepack.study.page import write

        write(page, report)
    if as_json:
        print_json(page.to_dict())
    else:
        _show(prices, page.sections[0].text, report)
    return 1 if any(row.broken for row in prices.rows if row.promised) else 0


def _show(prices: Prices, text: tuple[str, ...], report: Path | None) -> None:
    from rich.table import Table

    from hepack.cli.screen import console, number
    from hepack.study.price_page import HEADER, price_row

    out = console()
    shown = Table(title=f"Codecs made for {prices.fitted:,} events of the background")
    for place, name in enumerate(HEADER):
        shown.add_column(name, justify="left" if place < 2 else "right", overflow="fold")
    for row in prices.rows:
        cells = [
            entry if isinstance(entry, str) else f"{entry:,}" if isinstance(entry, int) else number(entry)
            for entry in price_row(prices, row)
        ]
        shown.add_row(*cells, style="bold red" if row.promised and row.broken else None)
    out.print(shown)
    for line in text[1:]:
        out.print(f"- {line}", highlight=False, markup=False)
    for name, reason in prices.skipped.items():
        out.print(f"- left out: {name} ({reason})", highlight=False, markup=False)
    if report is not None:
        out.print(f"{report} written", highlight=False, markup=False)
