"""Columns that follow from how collections hang together: lengths, sums, leading objects, copies, row numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hepack.relations.expression import Expression
from hepack.relations.find.match import Index
from hepack.relations.find.pairs import Proposal, linear, one
from hepack.relations.find.particles import particles_of
from hepack.relations.find.sample import Sample
from hepack.table import EVENTS

MOST_INDICES = 64

MOST_MATCHES = 512
LEAST_MATCHES = 32
"""Rows on which columns are compared through an index."""

CLOSE = 0.3
"""How wide the distance of a near copy may be, in widths of the column."""

Values = NDArray[np.float64]


def lengths(sample: Sample) -> Iterator[Proposal]:
    """Integer columns that hold the length of a collection, or the number of an object in its run."""
    for name, variable in sample.variables.items():
        if variable.dtype.kind not in "iu":
            continue
        values = sample.values(name)
        for collection in sample.schema.collections:
            if collection.parent == variable.axis and collection.counter != name:
                formula = Expression("length", (), (collection.name,))
                if _mostly(sample.values(formula) == values):
                    yield name, formula
        if variable.axis != EVENTS and len(values):
            start = int(np.median(values - sample.values(Expression("rank", (), (variable.axis, 0)))))
            formula = Expression("rank", (), (variable.axis, start))
            if abs(start) < 1 << 31 and _mostly(sample.values(formula) == values):
                yield name, formula


def _mostly(same: np.typing.NDArray[np.bool_]) -> bool:
    return len(same) > 8 and float(same.mean()) > 0.6


def reductions(sample: Sample, indices: dict[str, Index]) -> Iterator[Proposal]:
    """Columns that sum up, count or pick from a collection below their axis."""
    for axis, lower in indices.items():
        if axis == EVENTS:
            continue
        upper = indices.get(sample.schema.collection_by_name[axis].parent)
        if upper is None or not len(upper):
            continue
        formulas = list(_reductions(sample, lower))
        if not formulas:
            continue
        with np.errstate(all="ignore"):
            rows = [upper.at(upper.evaluate(f)) for f in formulas]
        for candidate, column in upper.matches(np.array(rows).reshape(len(rows), -1)):
            yield upper.names[column], formulas[candidate]


def _reductions(sample: Sample, lower: Index) -> Iterator[Expression]:
    flags = [
        name
        for name, v in sample.variables.items()
        if v.axis == lower.axis and (v.dtype.kind == "b" or v.kind == "flag")
    ]
    for name in lower.names:
        for settings in (("sum",), ("max",), ("min",), ("nth", 0), ("nth", 1)):
            yield Expression("reduce", (name,), settings)
    for flag in flags[:32]:
        yield Expression("reduce", (flag,), ("count",))
        momenta = [p.given["pt"] for p in particles_of(lower) if "pt" in p.given]
        for pt in momenta[:1]:
            yield Expression("reduce", (pt, flag), ("sum",))
    for particle in particles_of(lower)[:4]:
        inputs = particle.transverse()
        if inputs:
            for role in ("px", "py"):
                total = Expression("reduce", (one(role, **inputs),), ("sum",))
                yield total
                yield linear([total], [-1, 0])


def copies(sample: Sample, indices: dict[str, Index]) -> Iterator[Proposal]:
    """Columns that copy those of another collection through an index column."""
    tried = 0
    for name, variable in sample.variables.items():
        if variable.dtype.kind not in "iu" or variable.axis not in indices or tried >= MOST_INDICES:
            continue
        own, values = indices[variable.axis], sample.values(name)
        if not len(own) or not len(values) or values.min() < -(1 << 16) or values.max() <= 0:
            continue
        for collection in sample.schema.collections:
            other = indices.get(collection.name)
            if other is None or not len(other):
                continue
            rows = np.flatnonzero(values >= 0)
            if not _possible(sample, name, collection.name) or len(rows) < 8:
                continue
            tried += 1
            yield from _copies(own, other, name)


def _possible(sample: Sample, index: str, collection: str) -> bool:
    """Whether the index always stays within the collection's runs."""
    counts = Expression("length", (), (collection,))
    if sample.fits(linear([counts, index], [1, -1, 0])) is None:
        return False
    return bool((sample.values(linear([counts, index], [1, -1, 0])) > 0).mean() > 0.98)


def _copies(own: Index, other: Index, index: str) -> Iterator[Proposal]:
    """Copies and near copies, matched on rows of their own: those where the index points somewhere."""
    with np.errstate(all="ignore"):
        for name in other.names:
            formula = Expression("gather", (name, index))
            values = own.evaluate(formula)
            rows = np.flatnonzero(np.isfinite(values) & (values != -(2.0**63)))[:MOST_MATCHES]
            if len(rows) < 8:
                return
            for target in own.names:
                if target in (index, name):
                    continue
                column = own.columns[target][rows]
                near = np.abs(values[rows] - column) <= 4e-3 * np.abs(column)
                copied = near[:64].mean() > 0.6 and (column != column[0]).any()
                if copied or _follows(column, values[rows], own.period(target)):
                    yield target, formula


def _follows(column: Values, values: Values, period: float) -> bool:
    """Whether a column keeps close to another, as the direction of a particle to that of its jet."""
    if len(column) < LEAST_MATCHES:
        return False
    away = column - values
    if period:
        away -= period * np.rint(away / period)
    if _width(away) < CLOSE * _width(column):
        return True
    if min(column.min(), values.min()) <= 0:
        return False
    return _width(np.log(column / values)) < CLOSE * _width(np.log(column))


def _width(values: Values) -> float:
    low, high = np.quantile(values, [0.16, 0.84])
    return float(high - low)
