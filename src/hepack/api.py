"""The functions of ``import hepack``; each does what the command of its name does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hepack.archive.compare import Progress as Stages
from hepack.archive.compare import compare as _compare
from hepack.archive.fit import FitResult
from hepack.archive.fit import fit as _fit
from hepack.archive.inspect import FileReport, inspect
from hepack.archive.pack import PackResult, Progress
from hepack.archive.pack import pack as _pack
from hepack.archive.packed import PackedFile
from hepack.archive.recover import recover
from hepack.archive.reduce import ReduceResult
from hepack.archive.reduce import reduce as _reduce
from hepack.archive.unpack import unpack
from hepack.archive.verify import verify
from hepack.codec.network import NetworkOptions
from hepack.codec.recipe import Recipe, load_rules, parse_rules
from hepack.codec.streams import Effort
from hepack.evaluate.results import Comparison
from hepack.evaluate.settings import Settings
from hepack.io import ReadOptions
from hepack.monitoring.watch import monitor
from hepack.table import LOSSLESS, Tolerance

__all__ = [
    "FileReport",
    "compare",
    "fit",
    "inspect",
    "make_recipe",
    "monitor",
    "open",
    "pack",
    "recover",
    "reduce",
    "unpack",
    "verify",
]

Tolerances = str | os.PathLike[str] | Sequence[str] | Mapping[str, Tolerance | str | float]


def make_recipe(
    tolerance: Tolerances | None = None,
    *,
    preset: str | None = None,
    effort: Effort = "default",
    network: NetworkOptions | None = None,
    free_event_order: bool = False,
    free_object_order: Sequence[str] = (),
) -> Recipe:
    """A `Recipe` from what users write.

    ``tolerance`` is text (``"Jet_pt=1e-3rel,Jet_eta=1e-3"``), a mapping from name patterns to
    tolerances, or the path of a TOML file; a preset goes first, rules win over it. With ``network`` the codec is
    an autoencoder, and its columns are unbounded but for those that rules or a preset name. The orders that may be
    left free are those of `pack`'s options of the same names (`Recipe`).

    Raises:
        BadRequestError: something in it cannot be read.
    """
    base = Recipe(preset=preset or "lossless")
    if isinstance(tolerance, Mapping):
        rules = tuple(
            (name, bound if isinstance(bound, Tolerance) else Tolerance.parse(str(bound)))
            for name, bound in tolerance.items()
        )
    elif tolerance is None:
        rules = ()
    else:
        rules = ()
        for part in [tolerance] if isinstance(tolerance, str | os.PathLike) else tolerance:
            text = os.fspath(part)
            if "=" in text:
                rules += parse_rules([text])
            else:
                loaded = load_rules(Path(text))
                rules += loaded.rules
                base = Recipe(preset=preset or loaded.preset)
    if network is not None and preset == "lossless":  # said, not left out: a bound like any other
        rules = (("*", LOSSLESS), *rules)
    return Recipe(
        rules=rules, preset=base.preset, effort=effort, network=network, free_event_order=free_event_order,
        free_object_order=tuple(free_object_order),
    )  # fmt: skip


def pack(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    tolerance: Tolerances | None = None,
    preset: str | None = None,
    effort: Effort = "default",
    model: str | os.PathLike[str] | None = None,
    network: NetworkOptions | None = None,
    recipe: Recipe | None = None,
    allow_pickle: bool = False,
    strict: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> PackResult:
    """Pack an event file; without ``tolerance`` and ``preset`` bit for bit (see `hepack.archive.pack`).

    ``effort``: ``fast`` (plain coders), ``default`` (relations and trees), ``best`` (integer nets as well).
    ``model``: a model file that `fit` wrote. ``network``: an autoencoder as the codec; the result's ``unbounded``
    names the columns of which then nothing is promised.
    """
    made = recipe or make_recipe(tolerance, preset=preset, effort=effort, network=network)
    return _pack(
        source,
        output,
        replace(made, model=Path(model)) if model is not None else made,
        read=ReadOptions(allow_pickle=allow_pickle),
        strict=strict,
        overwrite=overwrite,
        progress=progress,
    )


def fit(
    sources: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    tolerance: Tolerances | None = None,
    preset: str | None = None,
    effort: Effort = "default",
    recipe: Recipe | None = None,
    overwrite: bool = False,
) -> FitResult:
    """Learn a model from files of a campaign; ``pack(..., model=output)`` uses it."""
    return _fit(
        sources, output, recipe or make_recipe(tolerance, preset=preset, effort=effort), overwrite=overwrite
    )


def reduce(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    tolerance: Tolerances | None = None,
    preset: str | None = None,
    recipe: Recipe | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ReduceResult:
    """Write an ordinary file of the same events, rounded within the tolerances."""
    return _reduce(
        source,
        output,
        recipe or make_recipe(tolerance, preset=preset),
        overwrite=overwrite,
        progress=progress,
    )


def compare(
    original: str | os.PathLike[str],
    other: str | os.PathLike[str],
    *,
    tolerance: Tolerances | None = None,
    preset: str | None = None,
    settings: Settings | None = None,
    recipe: Recipe | None = None,
    read: ReadOptions | None = None,
    format_id: str | None = None,
    curve: bool = False,
    progress: Stages | None = None,
) -> Comparison:
    """Compare two files of any formats: responses, masses, turn-ons, cuts, tests, cost (see `hepack.evaluate`).

    Without ``tolerance``, ``preset`` and ``recipe`` a packed ``other`` is held to its own promises. ``curve`` adds
    the rate-distortion curve against the peers of `hepack bench`. `hepack.report` makes a page of the result.
    """
    from hepack.bench.machine import machine_facts

    if recipe is None and (tolerance is not None or preset is not None):
        recipe = make_recipe(tolerance, preset=preset)
    found = _compare(
        original, other, settings=settings, recipe=recipe, read=read, format_id=format_id, progress=progress
    )
    if curve and found.cost is not None:
        from hepack.bench.curve import curve as measure

        found = replace(
            found, cost=replace(found.cost, curve=measure(original, read=read, format_id=format_id))
        )
    return replace(found, machine=machine_facts(("scipy", "scikit-learn", "matplotlib", "mplhep")))


def open(path: str | os.PathLike[str]) -> PackedFile:  # noqa: A001
    """Open a packed file to read parts of it: ``open(path)["Jet_pt"]``, ``open(path)["Events"][a:b]``."""
    return PackedFile(path)
