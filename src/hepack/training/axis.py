"""Fit a `MixtureAxis` to a column: its spikes, and a place for every other value by its rank."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hepack.entropy.mixture_axis import MAX_PLACE, MixtureAxis
from hepack.entropy.mixture_tables import PLACE_BITS
from hepack.entropy.rans64 import TOTAL

MAX_CATEGORIES = 24
MAX_NARROW = 8
COMPONENTS = 4
_BINS = 128  # a segment of the body has this many bins or up to twice as many
_TAIL_BINS = 16
_SPIKE_SHARE, _SPIKE_FACTOR = 0.004, 4.0

Int64s = NDArray[np.int64]


def fit_axis(targets: Int64s, rows: int) -> MixtureAxis:
    """The axis for a column of which ``targets`` is a sample, to be used for ``rows`` rows."""
    values, counts = np.unique(targets, return_counts=True)
    kept = counts >= (2 if len(values) <= MAX_CATEGORIES else 1)
    if len(values) <= MAX_CATEGORIES or (len(values) <= 64 and counts[kept].size <= MAX_CATEGORIES):
        spikes = values[kept] if kept.any() else values[:1]
        return _axis(spikes, np.zeros(0, np.int64), len(targets), rows)
    spikes = _spikes(values, counts)
    rest = targets[~np.isin(targets, spikes)]
    return _axis(spikes, rest, len(targets), rows)


def _axis(spikes: Int64s, rest: Int64s, n: int, rows: int) -> MixtureAxis:
    none = np.zeros(0, np.int64)
    escape = max(1, TOTAL // (2 * max(n, 1)))
    if len(rest) == 0:
        return MixtureAxis(spikes, 0, 1, none, none, none, 0, min(escape, 1 << 20))
    ordered = np.sort(rest)
    low, high = int(ordered[0]), int(ordered[-1])
    if high - low >= 1 << 52:  # hopelessly wide: the bulk alone, and the others escape
        low, high = int(ordered[len(ordered) // 200]), int(ordered[-1 - len(ordered) // 200])
        if high - low >= 1 << 52:
            half = 1 << 51
            low, high = int(ordered[len(ordered) // 2]) - half, int(ordered[len(ordered) // 2]) + half
        ordered = ordered[(ordered >= low) & (ordered <= high)]
        escape = max(escape, (n - len(ordered)) * TOTAL // (n + 1))
        low = int(ordered[0])
    offsets = ordered - low
    step = max(1, int(np.gcd.reduce(offsets)))
    counts, shifts, places = _segments(offsets // step, rows)
    return MixtureAxis(spikes, low, step, counts, shifts, places, COMPONENTS, min(escape, 1 << 24))


def _segments(offsets: Int64s, rows: int) -> tuple[Int64s, Int64s, Int64s]:
    """Bins and places of the ascending ``offsets``, whose first one is 0."""
    n = len(offsets)
    edges = _edges(offsets, rows)
    counts, shifts, ends = [], [], [0]
    body = n // 64
    for i, edge in enumerate(edges):
        if edge <= ends[-1]:
            continue
        width = int(edge) - ends[-1]
        inside = int(np.searchsorted(offsets, edge) - np.searchsorted(offsets, ends[-1]))
        bins = _BINS if inside > body else _TAIL_BINS
        shift = max(0, (width // bins).bit_length() - 1)
        count = max(1, -(-width >> shift) if i == len(edges) - 1 else width >> shift)
        counts.append(count)
        shifts.append(shift)
        ends.append(ends[-1] + (count << shift))
    below = np.searchsorted(offsets, ends)
    limit = math.log(2 * n + 2)
    share = np.clip((below + 0.5) / (n + 1), 1e-9, 1 - 1e-9)
    places = np.clip(np.log(share / (1 - share)), -limit, limit)
    places[0], places[-1] = -limit, limit
    fine = np.round(places * (1 << PLACE_BITS) / 16).astype(np.int64) * 16
    return np.array(counts), np.array(shifts), np.clip(np.maximum.accumulate(fine), -MAX_PLACE, MAX_PLACE)


def _edges(offsets: Int64s, rows: int) -> Int64s:
    """Where segments should end: at even ranks, at the ranks of the tails, and after the last value."""
    n = len(offsets)
    pieces = 16 if rows < 200_000 else 32
    ranks = list(np.arange(1, pieces) / pieces)
    tail = 1 / pieces
    while tail * n > 32:
        tail /= 4
        ranks += [tail, 1 - tail]
    at = np.clip((np.sort(ranks) * n).astype(np.int64), 0, n - 1)
    top = int(offsets[-1])
    return np.unique(np.append(offsets[at], top + 1))


def _spikes(values: Int64s, counts: Int64s) -> Int64s:
    """Values that are far more frequent than those around them."""
    total = int(counts.sum())
    found = []
    for i in np.argsort(counts, kind="stable")[::-1][: 4 * MAX_NARROW]:
        if counts[i] < _SPIKE_SHARE * total:
            break
        near = slice(max(0, i - 12), i + 13)
        around = int(counts[near].sum() - counts[i])
        others = np.delete(values[near], min(i, 12))
        spread = max(1, float(others[-1]) - float(others[0])) if len(others) > 1 else 1.0
        if counts[i] > _SPIKE_FACTOR * max(1.0, around / spread, around / 24):
            found.append(int(values[i]))
    return np.array(sorted(found[:MAX_NARROW]), np.int64)
