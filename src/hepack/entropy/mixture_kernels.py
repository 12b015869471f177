"""The inner loops of the mixture coder, compiled by numba; `mixture_reference` holds the slow twin of each.

Integers alone, no state, no GIL. `outputs` (row, column; int32) are the steps that a net gives: the logits of
the classes, then, where there are bins, the logits of the components, their locations, their log-scales, and
a location that all share. `axis` (int64) holds the place of every edge of the bins; `shape` is (spikes,
components, escape, floor). Symbol -1 is the escape, then come the spikes, then the bins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from hepack._loops import jit


def _inline(function: Callable[..., Any]) -> Any:
    return numba.njit(nogil=True, error_model="numpy", inline="always")(function)


@jit
def push(starts, sizes, state, words):  # type: ignore[no-untyped-def]
    """Push intervals last to first; ``words`` (u32) fills from its end. The index of the first word written."""
    x = state[0]
    position = len(words)
    for i in range(len(starts) - 1, -1, -1):
        size = np.uint64(sizes[i])
        if x >= size << np.uint64(35):
            position -= 1
            words[position] = np.uint32(x & np.uint64(0xFFFFFFFF))
            x >>= np.uint64(32)
        quotient = x // size
        x = (quotient << np.uint64(28)) + (x - quotient * size) + np.uint64(starts[i])
    state[0] = x
    return position


@_inline
def _shares(row, n, free, exponentials, sizes):  # type: ignore[no-untyped-def]
    """Split ``free`` by the logits ``row[:n]`` into ``sizes``; what rounding leaves goes to the first."""
    top = row[0]
    for c in range(1, n):
        top = max(top, row[c])
    total = 0
    for c in range(n):
        sizes[c] = exponentials[min(top - row[c], 511)]
        total += sizes[c]
    left = free
    for c in range(n):
        sizes[c] = sizes[c] * free // total
        left -= sizes[c]
    sizes[0] += left


@_inline
def _components(row, at, count, inverse, exponentials, weights, centres, slopes):  # type: ignore[no-untyped-def]
    """Weights that sum to 2**15, centres and inverse scales of the row's components."""
    _shares(row[at:], count, 1 << 15, exponentials, weights)
    shared = np.int64(row[at + 3 * count])
    for k in range(count):
        centre = shared + row[at + count + k]
        centres[k] = max(-65536, min(65536, centre)) << 2
        scale = row[at + 2 * count + k]
        slopes[k] = inverse[max(0, min(len(inverse) - 1, scale + 24))]


@_inline
def _below(place, count, weights, centres, slopes, sigmoids):  # type: ignore[no-untyped-def]
    """The mixture's mass below a place, of 2**30."""
    total = 0
    for k in range(count):
        offset = place - centres[k]
        far = (abs(offset) * slopes[k]) >> 9
        i = min(far >> 8, 2048)
        low = sigmoids[i]
        part = low + (((sigmoids[i + 1] - low) * (far & 255)) >> 8)
        total += weights[k] * (part if offset >= 0 else (1 << 30) - part)
    return total >> 15


@_inline
def _classes(row, spikes, bins, free, floor, exponentials, sizes):  # type: ignore[no-untyped-def]
    """Slots of every class; each spike has one at least, the bins ``floor`` each."""
    _shares(row, spikes + (bins > 0), free, exponentials, sizes)
    for c in range(spikes):
        sizes[c] += 1
    if bins > 0:
        sizes[spikes] += bins * floor


@jit
def intervals(outputs, symbols, axis, shape, exponentials, inverse, sigmoids, starts, sizes):  # type: ignore[no-untyped-def]
    """The slots ``starts .. starts + sizes - 1`` of 2**28 that each row's symbol owns."""
    spikes, count, escape, floor = shape
    bins = len(axis) - 1
    free = (1 << 28) - escape - spikes - bins * floor
    masses = np.zeros(spikes + 1, np.int64)
    weights = np.zeros(count + 1, np.int64)
    centres = np.zeros(count + 1, np.int64)
    slopes = np.zeros(count + 1, np.int64)
    for i in range(len(symbols)):
        symbol = symbols[i]
        if symbol < 0:
            starts[i] = 0
            sizes[i] = escape
            continue
        row = outputs[i]
        _classes(row, spikes, bins, free, floor, exponentials, masses)
        start = np.int64(escape)
        for c in range(min(symbol, spikes)):
            start += masses[c]
        if symbol < spikes:
            starts[i] = start
            sizes[i] = masses[symbol]
            continue
        _components(row, spikes + 1, count, inverse, exponentials, weights, centres, slopes)
        bin_ = symbol - spikes
        scaled = masses[spikes] - bins * floor
        low = np.int64(0)
        high = masses[spikes]
        if bin_ > 0:
            mass = _below(axis[bin_], count, weights, centres, slopes, sigmoids)
            low = bin_ * floor + ((mass * scaled) >> 30)
        if bin_ < bins - 1:
            mass = _below(axis[bin_ + 1], count, weights, centres, slopes, sigmoids)
            high = (bin_ + 1) * floor + ((mass * scaled) >> 30)
        starts[i] = start + low
        sizes[i] = high - low


@jit
def pop(outputs, axis, shape, exponentials, inverse, sigmoids, state, words, position, symbols):  # type: ignore[no-untyped-def]
    """Decode a symbol for each row, reading ``words`` from ``position`` on; the new position, or -1."""
    spikes, count, escape, floor = shape
    bins = len(axis) - 1
    free = (1 << 28) - escape - spikes - bins * floor
    masses = np.zeros(spikes + 1, np.int64)
    weights = np.zeros(count + 1, np.int64)
    centres = np.zeros(count + 1, np.int64)
    slopes = np.zeros(count + 1, np.int64)
    x = state[0]
    limit = len(words)
    for i in range(len(symbols)):
        slot = np.int64(x & np.uint64((1 << 28) - 1))
        if slot < escape:
            symbol = -1
            start = np.int64(0)
            size = np.int64(escape)
        else:
            row = outputs[i]
            _classes(row, spikes, bins, free, floor, exponentials, masses)
            start = np.int64(escape)
            symbol = 0
            while symbol < spikes and slot >= start + masses[symbol]:
                start += masses[symbol]
                symbol += 1
            size = masses[symbol]
            if symbol == spikes:
                if bins == 0:
                    return -1
                _components(row, spikes + 1, count, inverse, exponentials, weights, centres, slopes)
                scaled = masses[spikes] - bins * floor
                rest = slot - start
                first, last = 0, bins
                low, high = np.int64(0), size
                while last - first > 1:
                    middle = (first + last) >> 1
                    mass = _below(axis[middle], count, weights, centres, slopes, sigmoids)
                    edge = middle * floor + ((mass * scaled) >> 30)
                    if edge <= rest:
                        first = middle
                        low = edge
                    else:
                        last = middle
                        high = edge
                symbol = spikes + first
                start += low
                size = high - low
        x = np.uint64(size) * (x >> np.uint64(28)) + np.uint64(slot - start)
        if x < np.uint64(1 << 31):
            if position >= limit:
                return -1
            x = (x << np.uint64(32)) | np.uint64(words[position])
            position += 1
        symbols[i] = symbol
    state[0] = x
    return position
