"""``hepack report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hepack.cli.options import json_option, overwrite_option, recipe_from, tolerance_options

if TYPE_CHECKING:
    from hepack.codec.recipe import Recipe
    from hepack.evaluate.results import Comparison
    from hepack.report.policy import Policy
    from hepack.report.verdict import Verdict


@click.command("report")
@click.argument("original", required=False)
@click.argument("other", required=False)
@tolerance_options
@click.option(
    "--policy", metavar="FILE.toml", help="What to compare and what counts as passed; see --show-policy."
)
@click.option("--show-policy", is_flag=True, help="Print the default policy, with a comment on each key.")
@click.option(
    "--output", "-o", metavar="OUT.html", help="The page (default: OTHER.report.html beside OTHER)."
)
@click.option("--pdf", metavar="OUT.pdf", help="Write a PDF too.")
@click.option("--save-json", metavar="OUT.json", help="Write all figures as JSON too.")
@click.option("--plots", metavar="DIR", help="Write each plot as PNG and PDF into this folder.")
@click.option(
    "--label", default="", metavar="TEXT", help="A label on every plot, such as an experiment's name."
)
@click.option(
    "--mode", type=click.Choice(["auto", "paired", "samples"]),
    help="Compare event by event, or as two samples (default: found out).",
)  # fmt: skip
@click.option("--select", multiple=True, metavar="EXPRESSION",
              help="A selection whose purity and efficiency are wanted, such as "
              "'count(Jet_pt > 30) >= 4 and met > 40'; repeatable.")  # fmt: skip
@click.option(
    "--curve", is_flag=True, help="Measure the rate-distortion curve against the peers of 'hepack bench'."
)
@click.option("--no-page", is_flag=True, help="Write no page: only the verdict, and what else is asked for.")
@click.option("--format", "-f", "format_id", metavar="ID", help="The original's format, if not found.")
@click.option("--table", multiple=True, metavar="NAME", help="Only this table (tree); repeatable.")
@click.option(
    "--allow-pickle", is_flag=True, help="Open pickles of numpy and pandas objects, by a restricted reader."
)
@overwrite_option
@json_option
def command(
    original: str | None, other: str | None, tolerance: tuple[str, ...], preset: str | None, policy: str | None,
    show_policy: bool, output: str | None, pdf: str | None, save_json: str | None, plots: str | None, label: str,
    mode: str | None, select: tuple[str, ...], curve: bool, no_page: bool, format_id: str | None,
    table: tuple[str, ...], allow_pickle: bool, overwrite: bool, as_json: bool,
) -> int:  # fmt: skip
    """What happened to the physics between ORIGINAL and OTHER: a packed, reduced or otherwise changed file.

    Writes a page with responses, masses, trigger turn-ons, objects that cross cuts, statistical tests and cost, and
    prints the verdict. Files of the same events are compared event by event, others as two samples. A packed file is
    held to the tolerances it promises, any other to --tolerance and --preset. Exit code 1 if a check of the policy
    fails.
    """
    from hepack.report.policy import default_text, load_policy
    from hepack.report.verdict import judge
    from hepack.report.write import Outputs, write

    if show_policy:
        click.echo(default_text(), nl=False)
        return 0
    if original is None or other is None:
        raise click.UsageError("name two files to compare")
    rules = _settings(load_policy(Path(policy) if policy else None), mode, select)
    page = None if no_page else Path(output or f"{other}.report.html")
    outputs = Outputs(
        page=page, pdf=Path(pdf) if pdf else None, json=Path(save_json) if save_json else None,
        plots=Path(plots) if plots else None, label=label, overwrite=overwrite,
    )  # fmt: skip
    outputs.check()
    recipe = recipe_from(tolerance, preset) if tolerance or preset else None
    comparison = _compare(original, other, rules, recipe, table, allow_pickle, format_id, curve)
    verdict = judge(comparison, rules)
    from hepack.cli.screen import progress_bar

    with progress_bar("drawing", unit="plots") as report:
        write(comparison, verdict, rules, outputs, lambda stage, done, total: report(done, total))
    _show(comparison, verdict, as_json, page)
    return 0 if verdict.passed else 1


def _settings(policy: Policy, mode: str | None, select: tuple[str, ...]) -> Policy:
    from hepack.evaluate.expression import Selection
    from hepack.report.policy import with_settings

    if mode:
        policy = with_settings(policy, mode=mode)
    policy = with_settings(policy, expressions=(*policy.settings.expressions, *select))
    for text in policy.settings.expressions:
        Selection.parse(text)
    return policy


def _compare(
    original: str, other: str, policy: Policy, recipe: Recipe | None, table: tuple[str, ...], allow_pickle: bool,
    format_id: str | None, curve: bool,
) -> Comparison:  # fmt: skip
    from hepack.api import compare
    from hepack.cli.options import reading_from
    from hepack.cli.screen import progress_bar

    with progress_bar("comparing") as report:
        return compare(
            original, other, settings=policy.settings, recipe=recipe, read=reading_from(table, allow_pickle),
            format_id=format_id, curve=curve, progress=lambda stage, done, total: report(done, total),
        )  # fmt: skip


def _show(comparison: Comparison, verdict: Verdict, as_json: bool, page: Path | None) -> None:
    from hepack.cli.screen import console

    if as_json:
        from hepack.report.plain import to_text

        click.echo(to_text(comparison, verdict), nl=False)
        return
    from rich.table import Table

    out = console()
    shown = Table(
        title=verdict.headline,
        title_justify="left",
        title_style="bold green" if verdict.passed else "bold red",
    )
    for name in ("", "promise", "found", "limit"):
        shown.add_column(name, overflow="fold")
    colours = {"pass": "green", "fail": "red", "unclear": "yellow", "not tested": "dim"}
    for check in verdict.checks:
        cells = [text.replace("[", "\\[") for text in (check.status, check.title, check.figure, check.limit)]
        shown.add_row(*cells, style=colours[check.status])
    out.print(shown)
    for table in comparison.tables:
        for finding in table.findings:
            if finding.severity != "note":
                out.print(f"- {finding.text}", highlight=False, markup=False)
    if page is not None:
        out.print(f"the page: {page}", highlight=False, markup=False)
