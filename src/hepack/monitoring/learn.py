"""Learn from one part of the reference which probes to make: bins, known ranges, maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hepack.monitoring.columns import Columns, Floats
from hepack.monitoring.occupancy import OccupancyProbe
from hepack.monitoring.probes import Probe, RateProbe, ShapeProbe, TestKind
from hepack.physics.kinematics import TURN
from hepack.physics.roles import Roles

BINS = 32
FEW_VALUES = 24
"""Columns of at most so many different values get a bin for each."""
FEWEST = 50
"""Values below which a column has no distribution to compare."""
TAILS = (0.001, 0.01)
SPIKE = 0.05
"""A value that such a share of a continuous column has gets a bin of its own."""


def value_probes(columns: Columns, periods: Mapping[str, float], whole: frozenset[str]) -> Iterator[Probe]:
    """Probes of the values of every column: ``periods`` of angles; ``whole`` are the names of integer columns."""
    for name, values in columns.values.items():
        yield from rates(name, values, whole=name in whole)
        finite = values[np.isfinite(values)]
        edges = binning(finite)
        if len(edges):
            period = periods.get(name)
            yield shape(name, "values", finite, edges, period=period)


def bits_probes(columns: Columns, bits: Mapping[str, Floats]) -> Iterator[Probe]:
    """Probes of the code lengths of columns, by the name of the column."""
    for name, values in bits.items():
        edges = binning(values[np.isfinite(values)])
        if len(edges):
            yield shape(name, "bits", values, edges, period=None)


def shape(column: str, measure: str, finite: Floats, edges: Floats, *, period: float | None) -> ShapeProbe:
    """A probe of a distribution, its moments in the ranks of ``finite``."""
    counts = np.bincount(np.searchsorted(edges, finite, side="right"), minlength=len(edges) + 1)
    kinds: tuple[TestKind, ...] = ("location", "width")
    if period is None:
        rank = 2 * (np.cumsum(counts) - 0.5 * counts) / max(counts.sum(), 1) - 1
        moments = np.stack([rank, 1.5 * rank**2 - 0.5])
    else:
        kinds = ("cosine", "sine")
        centres = np.concatenate([edges[:1], 0.5 * (edges[1:] + edges[:-1]), edges[-1:]])
        moments = np.stack([np.cos(TURN * centres / period), np.sin(TURN * centres / period)])
    if len(edges) < 2:
        kinds, moments = kinds[:1], moments[:1]
    return ShapeProbe(column=column, measure=measure, edges=edges, moments=moments, kinds=kinds)


def binning(finite: Floats) -> Floats:
    """Edges of bins of about equal content, finer in the tails; empty where the values do not vary.

    A value at an edge belongs above it. Values that are frequent lie alone in a bin.
    """
    if len(finite) < FEWEST:
        return np.zeros(0)
    found, counts = np.unique(finite, return_counts=True)
    if len(found) < 2:
        return np.zeros(0)
    if len(found) <= FEW_VALUES:
        return np.asarray(0.5 * (found[1:] + found[:-1]))
    levels = np.unique([*TAILS, *np.linspace(0, 1, BINS + 1)[1:-1], *(1 - level for level in TAILS)])
    edges = np.quantile(finite, levels)
    often = found[counts > SPIKE * len(finite)]
    edges = np.concatenate([edges, often, np.nextafter(often, np.inf)])
    edges = np.unique(edges)
    return np.asarray(edges[edges > found[0]])


def rates(name: str, values: Floats, *, whole: bool) -> Iterator[Probe]:
    """Shares of a column that should not move: NaN, infinities, zeros, what lies outside the known range, repeats."""
    finite = values[np.isfinite(values)]
    if not whole:
        yield RateProbe(column=name, measure="nan")
        yield RateProbe(column=name, measure="infinite")
    if len(finite) < FEWEST:
        return
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        yield RateProbe(column=name, measure="constant", low=low)
        return
    inner = np.quantile(finite, [0.01, 0.99])
    yield RateProbe(
        column=name, measure="outside", low=2 * low - float(inner[0]), high=2 * high - float(inner[1])
    )
    yield RateProbe(column=name, measure="zero")
    if not whole and len(np.unique(finite)) > FEW_VALUES:
        yield RateProbe(column=name, measure="repeated")


def occupancy_probes(columns: Columns, roles: Roles) -> Iterator[Probe]:
    """A map for each kind of objects that have eta and phi."""
    for role in roles.objects:
        slots = [slot for slot in role.slots if {"eta", "phi"} <= set(slot)]
        pairs = tuple((slot["eta"], slot["phi"], slot.get("pt", "")) for slot in slots)
        if not pairs or any(name and name not in columns.values for pair in pairs for name in pair):
            continue
        eta = np.concatenate([columns.values[pair[0]] for pair in pairs])
        eta = eta[np.isfinite(eta)]
        if len(eta) < FEWEST:
            continue
        low, high = (float(x) for x in np.quantile(eta, [0.002, 0.998]))
        if high > low:
            yield OccupancyProbe(column=role.axis or role.kind, pairs=pairs, low=low, high=high)


def medians(columns: Columns, names: Sequence[str]) -> dict[str, float]:
    """Medians of the columns that have finite values."""
    found = {}
    for name in names:
        values = columns.values[name]
        values = values[np.isfinite(values)]
        if len(values):
            found[name] = float(np.median(values))
    return found
