"""What codecs made for a background do to other processes: bits, errors, and whether the promise holds.

A codec that learned the background codes a signal that it never saw. With a promise nothing may be broken, and what is
unlike the background costs more bits; without one, the error grows instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError, BadRequestError, MissingExtraError
from hepack.autocoder.encode import Options
from hepack.codec.recipe import Recipe
from hepack.scoring.conform import conform
from hepack.scoring.detector import divided
from hepack.scoring.lengths import CodeLengths
from hepack.study.codecs import (
    Autoencoders,
    Codec,
    Columns,
    ModelAlone,
    ModelChosen,
    PlainCoders,
    learned_model,
    learned_networks,
)
from hepack.table import EventTable, Variable

Floats = NDArray[np.float64]
Say = Callable[[str], None]

HELD = "background"
"""The process that codecs are not fitted to, but should know."""

FEWEST = 500
"""Events of the background: fewer teach nothing."""

BY_MODEL = "code length, event by event"


@dataclass(frozen=True)
class Price:
    """One codec on one process.

    ``promised``: whether the codec promises anything; ``broken`` counts values outside their tolerance of all
    ``values``; ``largest`` is the largest error in units of the bound (NaN where nothing is bounded). ``rms`` and
    ``median`` are those of errors in units of each variable's rms error on the background by the same codec (NaN where
    that has none). A code length (`BY_MODEL`) has no errors: None and NaN. Of it alone the bits of single events are
    known, and so the standard ``error`` of its bits per event.
    """

    process: str
    codec: str
    promised: bool
    events: int
    values: int
    bits: float
    broken: int | None
    largest: float
    rms: float
    median: float
    error: float = float("nan")

    @property
    def per_event(self) -> float:
        """Bits per event."""
        return self.bits / max(1, self.events)

    @property
    def per_value(self) -> float:
        """Bits per value, the lengths of collections counted in the bits alone."""
        return self.bits / max(1, self.values)


@dataclass(frozen=True, eq=False)
class Prices:
    """``rows`` by process, then codec; ``skipped``: what was left out, and why. ``fitted``: events learned from."""

    rows: tuple[Price, ...]
    fitted: int
    tolerances: Mapping[str, str]
    skipped: Mapping[str, str]

    @property
    def processes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.process for row in self.rows))

    @property
    def codecs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.codec for row in self.rows))

    def of(self, process: str, codec: str) -> Price:
        """That of one codec on one process."""
        return next(row for row in self.rows if (row.process, row.codec) == (process, codec))


def measure_prices(
    background: EventTable, signals: Mapping[str, EventTable], recipe: Recipe | None = None, *,
    options: Options | None = None, held: EventTable | None = None, say: Say = lambda _text: None,
) -> Prices:  # fmt: skip
    """Make every codec for the background, then code each process, and the part of the background that none saw.

    ``recipe``: tolerances and threads; ``options``: the autoencoders (None: none); ``held``: that part, else three of
    ten events are kept aside.

    Raises:
        BadInputError: too few events, or a signal lacks a column of the background.
        BadRequestError: the recipe names unknown variables, or a signal is called `HELD`.
    """
    recipe = recipe or Recipe()
    if len(background) < FEWEST:
        raise BadInputError(f"the background has {len(background)} events; give {FEWEST} or more")
    if HELD in signals:
        raise BadRequestError(f"a signal cannot be called '{HELD}'; name it with --signal NAME=FILE")
    part, kept = divided(background) if held is None else (background, held)
    schema = recipe.resolve([background.schema])[0]
    part = replace(part, schema=schema)
    tables = {HELD: conform(kept, schema)} | {name: conform(one, schema) for name, one in signals.items()}
    with ThreadPoolExecutor(recipe.threads) as pool:
        say("learning the background")
        model = learned_model(part, pool)
        codecs: list[Codec] = [PlainCoders(pool), ModelAlone(model, pool), ModelChosen(model, pool)]
        skipped = _add_networks(codecs, part, options, pool, say)
        rows = []
        for codec in codecs:
            say(f"coding: {codec.name}")
            rows += _priced(codec, tables)
    say(BY_MODEL)
    rows += _code_lengths(part, tables, recipe.threads)
    order = {name: place for place, name in enumerate(tables)}
    tolerances = {v.name: str(v.tolerance) for v in schema.variables}
    return Prices(tuple(sorted(rows, key=lambda r: order[r.process])), len(part), tolerances, skipped)


def _add_networks(
    codecs: list[Codec], part: EventTable, options: Options | None, pool: ThreadPoolExecutor, say: Say
) -> dict[str, str]:
    """Add the autoencoders; why there are none, otherwise."""
    if options is None:
        return {}
    say("training autoencoders")
    try:
        networks = learned_networks(part, options)
    except MissingExtraError as error:
        return {"autoencoders": str(error)}
    if not networks:
        return {
            "autoencoders": f"no collection has more than {options.latent} columns of floats, or rows enough"
        }
    codecs += [Autoencoders(networks, True, pool), Autoencoders(networks, False, pool)]
    return {}


def _priced(codec: Codec, tables: Mapping[str, EventTable]) -> list[Price]:
    rows: list[Price] = []
    usual: dict[str, float] = {}
    for process, table in tables.items():
        coded = codec.code(table)
        errors = {v.name: error_of(v, table, coded.columns) for v in table.schema.variables}
        if process == HELD:
            usual = {name: float(np.sqrt((e**2).mean())) for name, e in errors.items() if len(e)}
        bounded = [v.name for v in table.schema.variables if has_bound(v)]
        largest = [float(errors[name].max()) for name in bounded if len(errors[name])]
        scaled = [errors[name] / unit for name, unit in usual.items() if unit > 0 and len(errors[name])]
        rows.append(Price(
            process, codec.name, codec.promises, len(table), _count(table), 8 * coded.nbytes,
            broken_values(table, coded.columns), max(largest, default=np.nan), *_spread(scaled),
        ))  # fmt: skip
    return rows


def _spread(scaled: Sequence[Floats]) -> tuple[float, float]:
    """The rms over variables of the rms of each, and the median of all."""
    if not scaled:
        return np.nan, np.nan
    squares = [float((errors**2).mean()) for errors in scaled]
    return float(np.sqrt(np.mean(squares))), float(np.median(np.concatenate(scaled)))


def _code_lengths(part: EventTable, tables: Mapping[str, EventTable], threads: int | None) -> list[Price]:
    """What a model says that looks at single events, without a way out for columns and blocks where it fails."""
    lengths = CodeLengths.fit(part, threads=threads)
    rows = []
    for process, table in tables.items():
        bits = lengths.measure(table, threads=threads).per_event().sum(axis=1)
        error = float(bits.std() / np.sqrt(len(bits))) if len(bits) else np.nan
        rows.append(Price(
            process, BY_MODEL, False, len(table), _count(table), float(bits.sum()), None, np.nan, np.nan, np.nan, error
        ))  # fmt: skip
    return rows


def _count(table: EventTable) -> int:
    return sum(column.size for column in table.columns.values())


def has_bound(variable: Variable) -> bool:
    """Whether its errors are measured in units of a bound: a float that need not come back bit for bit."""
    tolerance = variable.tolerance
    return variable.dtype.kind == "f" and tolerance.is_bounded and not tolerance.is_lossless


def error_of(variable: Variable, table: EventTable, restored: Columns) -> Floats:
    """Absolute errors of the finite values, of bounded variables in units of the bound; of angles wrapped."""
    before = table.columns[variable.name].astype(np.float64).reshape(-1)
    after = restored[variable.name].astype(np.float64).reshape(-1)
    with np.errstate(all="ignore"):
        error = np.abs(after - before)
        if variable.period is not None:
            error = np.minimum(error, np.abs(variable.period - error))
        if has_bound(variable):
            allowed = variable.tolerance.allowance(before)
            error = np.where(error == 0, 0.0, error / allowed)
    found: Floats = error[np.isfinite(before) & np.isfinite(error)]
    return found


def broken_values(table: EventTable, restored: Columns) -> int:
    """Values outside their tolerance."""
    return sum(
        int(v.tolerance.violated(table.columns[v.name], restored[v.name], period=v.period).sum())
        for v in table.schema.variables
    )
