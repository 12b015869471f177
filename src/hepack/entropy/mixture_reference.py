"""Slow twins of `hepack.entropy.mixture_kernels`, in Python integers and numpy: same names, arguments, results."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Shape = tuple[int, int, int, int]

_TOTAL = 1 << 28
_ROWS = 4096


def push(starts: Int64s, sizes: Int64s, state: NDArray[np.uint64], words: NDArray[np.uint32]) -> int:
    x = int(state[0])
    position = len(words)
    for start, size in zip(starts[::-1].tolist(), sizes[::-1].tolist(), strict=True):
        if x >= size << 35:
            position -= 1
            words[position] = x % (1 << 32)
            x >>= 32
        quotient, remainder = divmod(x, size)
        x = (quotient << 28) + remainder + start
    state[0] = x
    return position


def _shares(logits: Int32s, free: int, exponentials: Int64s) -> Int64s:
    wide = logits.astype(np.int64)
    weights = exponentials[np.minimum(wide.max(axis=1, keepdims=True) - wide, 511)]
    sizes: Int64s = weights * free // weights.sum(axis=1, keepdims=True)
    sizes[:, 0] += free - sizes.sum(axis=1)
    return sizes


def _classes(outputs: Int32s, axis: Int64s, shape: Shape, exponentials: Int64s) -> Int64s:
    """Slots of every class, shape ``(row, class)``."""
    spikes, _, escape, floor = shape
    bins = len(axis) - 1
    free = _TOTAL - escape - spikes - bins * floor
    masses = _shares(outputs[:, : spikes + (bins > 0)], free, exponentials)
    masses[:, :spikes] += 1
    if bins:
        masses[:, spikes] += bins * floor
    return masses


def _components(outputs: Int32s, shape: Shape, exponentials: Int64s, inverse: Int64s) -> Int64s:
    """Weights, centres and inverse scales, shape ``(3, row, component)``."""
    at, count = shape[0] + 1, shape[1]
    weights = _shares(outputs[:, at : at + count], 1 << 15, exponentials)
    shared = outputs[:, at + 3 * count : at + 3 * count + 1].astype(np.int64)
    centres = np.clip(shared + outputs[:, at + count : at + 2 * count], -65536, 65536) << 2
    scales = np.clip(outputs[:, at + 2 * count : at + 3 * count] + 24, 0, len(inverse) - 1)
    return np.stack([weights, centres, inverse[scales]])


def _below(places: Int64s, components: Int64s, sigmoids: Int64s) -> Int64s:
    """The mass below each row's place, of 2**30."""
    weights, centres, slopes = components
    offset = places[:, None] - centres
    far = (np.abs(offset) * slopes) >> 9
    i = np.minimum(far >> 8, 2048)
    part = sigmoids[i] + (((sigmoids[i + 1] - sigmoids[i]) * (far & 255)) >> 8)
    total: Int64s = (weights * np.where(offset >= 0, part, (1 << 30) - part)).sum(axis=1)
    return total >> 15


def _edges(
    bins: Int64s, axis: Int64s, masses: Int64s, floor: int, components: Int64s, sigmoids: Int64s
) -> Int64s:
    """Where bin ``bins[i]`` starts among the slots of row i's mixture."""
    count = len(axis) - 1
    inner = bins * floor + ((_below(axis[bins], components, sigmoids) * (masses - count * floor)) >> 30)
    return np.where(bins == 0, 0, np.where(bins == count, masses, inner))


def intervals(
    outputs: Int32s,
    symbols: Int32s,
    axis: Int64s,
    shape: Shape,
    exponentials: Int64s,
    inverse: Int64s,
    sigmoids: Int64s,
    starts: Int64s,
    sizes: Int64s,
) -> None:
    spikes, _, escape, floor = shape
    for at in range(0, len(symbols), _ROWS):
        part = slice(at, at + _ROWS)
        rows, symbol = outputs[part], symbols[part].astype(np.int64)
        masses = _classes(rows, axis, shape, exponentials)
        ends = escape + np.cumsum(masses, axis=1)
        kind = np.clip(symbol, 0, min(spikes, masses.shape[1] - 1))[:, None]
        size = np.take_along_axis(masses, kind, axis=1)[:, 0]
        start = np.take_along_axis(ends, kind, axis=1)[:, 0] - size
        inside = np.flatnonzero(symbol >= spikes)
        if len(inside):
            components = _components(rows[inside], shape, exponentials, inverse)
            bins, mass = symbol[inside] - spikes, masses[inside, spikes]
            low = _edges(bins, axis, mass, floor, components, sigmoids)
            size[inside] = _edges(bins + 1, axis, mass, floor, components, sigmoids) - low
            start[inside] += low
        starts[part] = np.where(symbol < 0, 0, start)
        sizes[part] = np.where(symbol < 0, escape, size)


def pop(
    outputs: Int32s,
    axis: Int64s,
    shape: Shape,
    exponentials: Int64s,
    inverse: Int64s,
    sigmoids: Int64s,
    state: NDArray[np.uint64],
    words: NDArray[np.uint32],
    position: int,
    symbols: Int32s,
) -> int:
    spikes, _, escape, floor = shape
    x = int(state[0])
    line = axis.astype(np.int64)
    for i in range(len(symbols)):
        row = outputs[i : i + 1]
        slot = x % _TOTAL
        masses = _classes(row, line, shape, exponentials)[0]
        bounds = [0, *(escape + np.concatenate([[0], np.cumsum(masses)])).tolist()]
        kind = int(np.searchsorted(bounds, slot, side="right")) - 2
        start, size, symbol = bounds[kind + 1], bounds[kind + 2] - bounds[kind + 1], kind
        if kind == spikes and len(line) > 1:
            components = _components(row, shape, exponentials, inverse)
            symbol, low, size = _search(slot - start, line, int(masses[spikes]), floor, components, sigmoids)
            symbol, start = symbol + spikes, start + low
        x = size * (x >> 28) + slot - start
        if x < 1 << 31:
            if position >= len(words):
                return -1
            x = (x << 32) | int(words[position])
            position += 1
        symbols[i] = symbol
    state[0] = x
    return position


def _search(
    rest: int, axis: Int64s, mass: int, floor: int, components: Int64s, sigmoids: Int64s
) -> tuple[int, int, int]:
    """The bin that owns slot ``rest`` of a mixture, its first slot and its slots."""

    def edge(bin_: int) -> int:
        at = np.array([bin_], np.int64)
        return int(_edges(at, axis, np.array([mass]), floor, components, sigmoids)[0])

    first, last = 0, len(axis) - 1
    while last - first > 1:
        middle = (first + last) >> 1
        first, last = (middle, last) if edge(middle) <= rest else (first, middle)
    low = edge(first)
    return first, low, edge(last) - low
