"""Options that several commands share, and the recipe they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hepack.codec.recipe import Recipe
    from hepack.io import ReadOptions

F = TypeVar("F", bound=Callable[..., Any])


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
    tolerance: tuple[str, ...], preset: str | None, *, fast: bool = False, block_mb: float | None = None,
    threads: int | None = None,
) -> Recipe:  # fmt: skip
    """The recipe that the options describe."""
    from hepack.api import make_recipe

    recipe = make_recipe(tolerance or None, preset=preset, fast=fast)
    if block_mb is not None:
        recipe = replace(recipe, block_bytes=int(block_mb * (1 << 20)))
    return replace(recipe, threads=threads)


def reading_from(table: tuple[str, ...], allow_pickle: bool) -> ReadOptions:
    """The read options that the options describe."""
    from hepack.io import ReadOptions

    return ReadOptions(allow_pickle=allow_pickle, tables=table or None)
