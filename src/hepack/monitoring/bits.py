"""`BitsModel`: code lengths of every value by a model learned from the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hepack.fitting import FitOptions
from hepack.monitoring.columns import Columns, Floats, length_name
from hepack.scoring.conform import conform
from hepack.scoring.lengths import CodeLengths
from hepack.table import EventTable, Schema, Tolerance

RELATIVE = Tolerance("relative", 1e-3)
ABSOLUTE = Tolerance("absolute", 1e-3)
MOST_BITS = 64.0
"""A value that costs more (an escape, stored as it is) counts as so much."""


@dataclass(frozen=True, eq=False)
class BitsModel:
    """Code lengths given the columns decoded before: of a value that fits what it comes with they are few, whatever
    its own distribution. ``names`` says how each item's column is called here."""

    lengths: CodeLengths
    names: Mapping[str, str]

    @classmethod
    def fit(cls, table: EventTable, names: frozenset[str], *, seed: int) -> BitsModel:
        """Learn from a part of the reference. Floats are looked at to 1e-3 (relative; absolute for angles and for
        columns of both signs): finer digits cost bits that say nothing."""
        schema = coarse(table, names)
        options = FitOptions(rows=1 << 15, leaves=64, seed=seed, independent=True)
        lengths = CodeLengths.fit(conform(table, schema), options=options, threads=1)
        named = {name: name for name in names}
        named |= {f"lengths of {c.name}": length_name(c) for c in schema.collections}
        return cls(lengths, named)

    def bits(self, table: EventTable, columns: Columns) -> Mapping[str, Floats]:
        """Bits of each value by the name of its column."""
        found = self.lengths.measure(table, threads=1).joint
        return {
            self.names[name]: values.clip(max=MOST_BITS)
            for name, values in found.items()
            if name in self.names and self.names[name] in columns.values
        }


def coarse(table: EventTable, names: frozenset[str]) -> Schema:
    """The schema of the named columns with tolerances for the floats."""
    schema = table.schema.select(set(names))
    made = []
    for variable in schema.variables:
        if variable.dtype.kind == "f" and not variable.shape:
            values = table.columns[variable.name]
            signed = variable.kind == "angle" or bool((values < 0).any())
            variable = replace(variable, tolerance=ABSOLUTE if signed else RELATIVE)
        made.append(variable)
    return replace(schema, variables=tuple(made))
