"""Options that several commands share, and the recipe they make."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hepack.codec.network import NetworkOptions
    from hepack.codec.recipe import Recipe
    from hepack.codec.streams import Effort
    from hepack.io import ReadOptions

F = TypeVar("F", bound=Callable[..., Any])
MAX_WIDTH = 4096
"""Of a hidden layer."""


def tolerance_options(function: F) -> F:
    """``--tolerance``, ``--preset``."""
    function = click.option(
        "--preset", "-p", metavar="NAME",
        help="A table of tolerances: lossless (default), cms-nano, analysis or trigger; 'hepack inspect "
        "--presets' lists them with the reason for each.",
    )(function)  # fmt: skip
    return click.option(
        "--tolerance", "-t", multiple=True, metavar="RULES",
        help="'Jet_pt=1e-3rel,Jet_eta=1e-3,*_mass=10bits' (relative, absolute, mantissa bits; wildcards; "
        "later rules win), or the path of a TOML file with a table [tolerance].",
    )(function)  # fmt: skip


def effort_options(function: F) -> F:
    """``--fast``, ``--best``, ``--effort``."""
    function = click.option(
        "--effort", type=click.FloatRange(0, 10000), metavar="MINUTES",
        help="With --best: how long integer nets may be trained (5).",
    )(function)  # fmt: skip
    function = click.option(
        "--best", is_flag=True, help="Train integer nets as well: smallest, slower; needs 'hepack[train]'."
    )(function)
    return click.option("--fast", is_flag=True, help="Plain coders only, the quick ones: faster, larger.")(
        function
    )


def codec_options(function: F) -> F:
    """``--codec`` and what its autoencoder should be."""
    options = (
        click.option("--codec", type=click.Choice(["learned", "autoencoder"]), default="learned",
                     help="autoencoder: a latent in place of the float columns of each collection. Columns with "
                     "a tolerance keep it; the others are UNBOUNDED. Needs 'hepack[train]'."),
        click.option("--latent", type=click.IntRange(1, 256), metavar="N", help="Autoencoder: latent numbers (3)."),
        click.option("--hidden", metavar="WIDTHS",
                     help="Autoencoder: hidden layers of the encoder (64-64; 0: none)."),
        click.option("--epochs", type=click.IntRange(1, 100_000), help="Autoencoder: epochs of training (20)."),
        click.option("--variables", metavar="NAMES",
                     help="Autoencoder: only these columns (comma-separated, wildcards)."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def network_from(
    codec: str, latent: int | None, hidden: str | None, epochs: int | None, variables: str | None
) -> NetworkOptions | None:
    """The autoencoder that the options describe; None for the learned codec."""
    from hepack.codec.network import NetworkOptions

    given = {"latent": latent, "hidden": hidden, "epochs": epochs, "variables": variables}
    asked: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if codec != "autoencoder":
        if asked:
            raise click.UsageError(f"--{min(asked)} is for --codec autoencoder; add that or leave it out")
        return None
    if hidden is not None:
        words = [] if hidden == "0" else hidden.split("-")
        if not all(word.isdigit() and 0 < int(word) <= MAX_WIDTH for word in words):
            raise click.UsageError(
                f"cannot read --hidden '{hidden}': write widths up to {MAX_WIDTH} such as 64-64"
            )
        asked["hidden"] = tuple(map(int, words))
    if variables is not None:
        asked["variables"] = tuple(filter(None, (name.strip() for name in variables.split(","))))
    return NetworkOptions(**asked)


def read_options(function: F) -> F:
    """``--format``, ``--table``, ``--allow-pickle``."""
    function = click.option(
        "--format", "-f", "format_id", metavar="ID", help="The input's format, if not found."
    )(function)
    function = click.option(
        "--table", multiple=True, metavar="NAME", help="Only this table (tree); repeatable."
    )(function)
    return click.option(
        "--allow-pickle",
        is_flag=True,
        help="Open pickles of numpy and pandas objects, by a restricted reader.",
    )(function)


def json_option(function: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")(
        function
    )


def overwrite_option(function: F) -> F:
    """``--overwrite``."""
    return click.option("--overwrite", is_flag=True, help="Replace an existing output file.")(function)


def recipe_from(
    tolerance: tuple[str, ...], preset: str | None, *, fast: bool = False, best: bool = False,
    minutes: float | None = None, block_mb: float | None = None, threads: int | None = None,
    model: str | None = None, network: NetworkOptions | None = None, free_event_order: bool = False,
    free_object_order: tuple[str, ...] = (),
) -> Recipe:  # fmt: skip
    """The recipe that the options describe."""
    from hepack.api import make_recipe

    if fast and (best or model):
        raise click.UsageError("--fast learns nothing and uses no model; leave out --fast, --best or --model")
    names = [part.strip() for text in free_object_order for part in text.split(",")]
    recipe = make_recipe(
        tolerance or None, preset=preset, effort=effort_of(fast, best), network=network,
        free_event_order=free_event_order, free_object_order=tuple(filter(None, names)),
    )  # fmt: skip
    if block_mb is not None:
        recipe = replace(recipe, block_bytes=int(block_mb * (1 << 20)))
    if minutes is not None:
        recipe = replace(recipe, fit_seconds=60 * minutes)
    return replace(recipe, threads=threads, model=Path(model) if model else None)


def effort_of(fast: bool, best: bool) -> Effort:
    """The effort that the flags name."""
    return "fast" if fast else "best" if best else "default"


def reading_from(table: tuple[str, ...], allow_pickle: bool) -> ReadOptions:
    """The read options that the options describe."""
    from hepack.io import ReadOptions

    return ReadOptions(allow_pickle=allow_pickle, tables=table or None)


def command_line() -> str:
    """What was asked, with base names only."""
    return shlex.join(["hepack", *map(_based, sys.argv[1:])])


def _based(word: str) -> str:
    """A path, or ``NAME=path``, with its last part only."""
    head, equals, path = word.rpartition("=")
    return head + equals + (Path(path).name if "/" in path else path)
