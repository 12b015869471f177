"""What commands print: rich tables, progress bars on the error stream, JSON."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from hepack._sizes import size as size

if TYPE_CHECKING:
    from hepack.io import Skipped

SHOWN_SKIPPED = 8
SHOWN_NAMES = 12


def console() -> Console:
    """The standard output; wide enough for tables when it is no terminal."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=max(plain.width, 160))


def print_json(value: Any) -> None:
    """One JSON object; NaN and infinities become null, as JSON has no such numbers."""
    click.echo(json.dumps(_finite(value), indent=1, default=str))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextlib.contextmanager
def progress_bar(
    title: str, *, unit: str = "events", first: str = ""
) -> Iterator[Callable[[int, int], None]]:
    """Yield ``report(done, total)``; a bar appears on the error stream if it is a terminal.

    Until something is done, it is called ``first`` (empty: by its title from the start).
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    out = Console(stderr=True)
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task(first or title, total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=title if done else first or title)

        yield report


@contextlib.contextmanager
def waiting(title: str) -> Iterator[None]:
    """A sign of life on the error stream, if it is a terminal, while something of unknown length runs."""
    out = Console(stderr=True)
    with out.status(title) if out.is_terminal else contextlib.nullcontext():
        yield


def named(names: Sequence[str]) -> str:
    """Names in a line, the first of them if there are many."""
    rest = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def number(value: float | None, digits: int = 4) -> str:
    """A number for people; an empty cell for None."""
    return "" if value is None else f"{value:.{digits}g}"


def show_skipped(out: Console, skipped: Sequence[Skipped]) -> None:
    """Name what could not be carried."""
    if not skipped:
        return
    table = Table(title=f"Not carried: {len(skipped)} (recorded in the packed file; all of them with --json)")
    table.add_column("name", overflow="fold")
    table.add_column("why", overflow="fold")
    for item in skipped[:SHOWN_SKIPPED]:
        table.add_row(item.name, item.reason)
    if len(skipped) > SHOWN_SKIPPED:
        table.add_row(f"... and {len(skipped) - SHOWN_SKIPPED} more", "")
    out.print(table)
