"""``hepack monitor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hepack.cli.options import json_option, overwrite_option

if TYPE_CHECKING:
    from hepack.monitoring.results import MonitorResult

SHOWN = 3


@click.command("monitor")
@click.argument("reference")
@click.argument("runs", nargs=-1)
@click.option("--alarm-rate", default=0.01, show_default=True, metavar="P",
              help="The chance that a good run alarms, all its tests together.")  # fmt: skip
@click.option("--output", "-o", metavar="OUT.html", help="Write a page with charts, maps and distributions.")
@click.option(
    "--no-bits",
    is_flag=True,
    help="Learn no model of the reference: faster, but blind to how variables belong together.",
)
@click.option("--events", type=click.IntRange(min=1), metavar="N", help="At most N events of each file.")
@click.option("--table", metavar="NAME", help="This table (tree), if not the one with most events.")
@click.option("--seed", default=1, show_default=True, help="Of the permutations: same seed, same result.")
@click.option(
    "--allow-pickle", is_flag=True, help="Open pickles of numpy and pandas objects, by a restricted reader."
)
@overwrite_option
@json_option
def command(
    reference: str, runs: tuple[str, ...], alarm_rate: float, output: str | None, no_bits: bool, events: int | None,
    table: str | None, seed: int, allow_pickle: bool, overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    """Hold RUNS, in order of time, against a REFERENCE of good events.

    Looks at every variable's distribution, at bits per value by a model learned from the reference, at counts, NaN,
    zeros and repeats, at maps in eta and phi; says what moved first. A good run alarms at the stated rate, by
    permutations of events between run and reference. From three runs on, control charts find slow drift. Exit code 1
    if a run or the drift alarms, 2 if a file cannot be used.
    """
    from hepack.cli.screen import print_json, progress_bar
    from hepack.io import ReadOptions
    from hepack.monitoring.record import to_json
    from hepack.monitoring.watch import monitor

    if not runs:
        raise click.UsageError("name at least one run to hold against the reference")
    page = _checked(output, overwrite)
    with progress_bar("monitoring", unit="runs") as report:
        result = monitor(
            reference, runs, alarm_rate=alarm_rate, bits=not no_bits, table=table, events=events,
            read=ReadOptions(allow_pickle=allow_pickle), seed=seed, progress=report,
        )  # fmt: skip
    if page is not None:
        from hepack.report.watch_page import write_watch_page

        write_watch_page(result, page, overwrite=overwrite)
    if as_json:
        print_json(to_json(result))
    else:
        _show(result, page)
    return 1 if result.alarm else 0


def _checked(output: str | None, overwrite: bool) -> Path | None:
    if output is None:
        return None
    from hepack.report.write import Outputs

    Outputs(page=Path(output), overwrite=overwrite).check()
    return Path(output)


def _show(result: MonitorResult, page: Path | None) -> None:
    from rich.table import Table

    from hepack.cli.screen import console

    out = console()
    title = (
        f"{result.alarms} of {len(result.runs)} runs alarm ({result.expected_alarms:.2g} expected of good ones): "
        f"{len(result.tests)} tests, {result.events:,} reference events"
    )
    shown = Table(title=title, title_justify="left", title_style="bold red" if result.alarm else "bold green")
    for name in ("run", "events", "p", "", "what moved"):
        shown.add_column(name, overflow="fold")
    for run in result.runs:
        texts = [finding.effect.text for finding in run.findings[:SHOWN]]
        texts += [f"and {len(run.findings) - SHOWN} more"] if len(run.findings) > SHOWN else []
        state = "alarm" if run.alarm else "good"
        shown.add_row(
            run.file.replace("[", "\\["), f"{run.events:,}", f"{run.global_p:.3g}", state,
            "\n".join(texts).replace("[", "\\["), style="red" if run.alarm else "",
        )  # fmt: skip
    out.print(shown)
    if result.drift.charts:
        state = "drift alarm" if result.drift.alarm else "no drift"
        out.print(f"charts over {len(result.runs)} runs: {state} (p {result.drift.p:.3g})", highlight=False)
    if result.moved:
        out.print("what moved first:", style="bold")
    notes = [note for run in result.runs for note in run.notes]
    for text in (*result.moved, *result.drift.notes, *notes):
        out.print(f"- {text}", highlight=False, markup=False)
    if page is not None:
        out.print(f"the page: {page}", highlight=False, markup=False)
