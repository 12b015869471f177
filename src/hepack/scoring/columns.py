"""What of a table is scored: which columns, and how finely they are looked at."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hepack._errors import BadRequestError
from hepack.physics.roles import IDENTITY
from hepack.table import EventTable, Tolerance, Variable, split_table, splittable
from hepack.table.split import split_schema

NUMBERING = (*IDENTITY, "ls", "bx")
"""Numbers of events: they tell nothing of what happened in them."""

TRUTH = (
    "*weight*", "generator_*", "gen*", "*_gen*", "*genjetidx", "*partflav*", "*flavour*", "*truth*", "label*",
    "is_signal", "issignal", "target", "process", "pileup_n*",
)  # fmt: skip
"""What only a simulation knows, as patterns of names in lower case."""

LEVELS = 256
"""Steps in the central 68 % of a column without a tolerance: finer than any structure a sample resolves."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Names to score and to leave out, as patterns; without ``wanted`` all but `NUMBERING` and `TRUTH`."""

    wanted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def names(self, variables: Sequence[Variable]) -> list[str]:
        """The names that are scored: numbers only.

        Raises:
            BadRequestError: a pattern matches nothing, or nothing is left.
        """
        numbers = [v for v in variables if v.kind != "text" and not v.shape]
        for pattern in (*self.wanted, *self.left_out):
            if not any(fnmatch.fnmatchcase(v.name, pattern) for v in variables):
                raise BadRequestError(
                    f"no variable matches '{pattern}'; 'hepack inspect' lists the variables"
                )
        kept = [v.name for v in numbers if self._takes(v.name)]
        if not kept:
            raise BadRequestError("no variable is left to score; name some with --variables")
        return kept

    def _takes(self, name: str) -> bool:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.left_out):
            return False
        if self.wanted:
            return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.wanted)
        lower = name.lower()
        return lower not in NUMBERING and not any(fnmatch.fnmatchcase(lower, pattern) for pattern in TRUTH)


def chosen(table: EventTable, choice: Choice | None = None) -> EventTable:
    """The columns that are scored, arrays of a fixed shape split into their components."""
    names = splittable(table.schema)
    if names:
        table = split_table(table, split_schema(table.schema, names))
    return table.select((choice or Choice()).names(table.schema.variables))


def with_fineness(table: EventTable, levels: int = LEVELS) -> EventTable:
    """The table with a tolerance for each float that has none: its central 68 % in ``levels`` steps.

    Code lengths then are those of densities in the variable itself, not in the bits of a float.
    """
    variables = []
    for variable in table.schema.variables:
        if variable.dtype.kind == "f" and variable.tolerance.is_lossless:
            step = _spread(table, variable) / levels
            if step > 0:
                variable = replace(variable, tolerance=Tolerance.parse(f"{step / 2:.3g}"))
        variables.append(variable)
    schema = replace(table.schema, variables=tuple(variables))
    return EventTable(schema, len(table), table.offsets, table.columns)


def _spread(table: EventTable, variable: Variable) -> float:
    values = table.columns[variable.name].astype(np.float64)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return 0.0
    low, high = np.quantile(values, [0.16, 0.84])
    spread = float(high - low)
    return spread if spread > 0 else float(values.std())
