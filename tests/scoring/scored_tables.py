"""Small tables with known structure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hepack.table import Collection, EventTable, Schema, Variable, offsets_from_counts

F4 = np.dtype("<f4")


def flat(rows: int, seed: int, *, broken: bool = False) -> EventTable:
    """``y`` follows ``x`` closely (not so where ``broken``), ``z`` is by itself, ``k`` is an integer.

    ``x``, ``y`` and ``z`` have the same distribution in both.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    source = rng.normal(size=rows) if broken else x
    y = 0.95 * source + np.sqrt(1 - 0.95**2) * rng.normal(size=rows)
    columns = {
        "x": x.astype(F4),
        "y": y.astype(F4),
        "z": rng.exponential(size=rows).astype(F4),
        "k": rng.poisson(3, rows).astype(np.int32),
    }
    schema = Schema("t", tuple(Variable(name=name, dtype=column.dtype) for name, column in columns.items()))
    return EventTable(schema, rows, {}, columns)


def ragged(rows: int, seed: int) -> EventTable:
    """Events with jets: ``Jet_e`` is nearly proportional to ``Jet_pt``; ``ht`` is the sum of ``Jet_pt``."""
    rng = np.random.default_rng(seed)
    offsets = offsets_from_counts(rng.poisson(3, rows))
    total = int(offsets[-1])
    pt = (20 + rng.exponential(50, total)).astype(F4)
    e = (pt * rng.normal(1.2, 0.02, total)).astype(F4)
    owner = np.repeat(np.arange(rows), np.diff(offsets))
    ht = np.bincount(owner, weights=pt, minlength=rows).astype(F4)
    schema = Schema(
        "t",
        (
            Variable(name="ht", dtype=F4),
            Variable(name="Jet_pt", dtype=F4, axis="Jet"),
            Variable(name="Jet_e", dtype=F4, axis="Jet"),
        ),
        (Collection(name="Jet"),),
    )
    return EventTable(schema, rows, {"Jet": offsets}, {"ht": ht, "Jet_pt": pt, "Jet_e": e})


def changed(table: EventTable, **columns: np.ndarray) -> EventTable:
    """A table with other columns in place of its own."""
    return replace(table, columns={**table.columns, **columns})
