"""The loss with its gradient in one pass, compiled by numba; `hepack.training.loss.nats` is the twin, in torch.

Floats: nothing here decides decoding.
"""

from __future__ import annotations

import math
from functools import partial

import numba
import numpy as np

from hepack._loops import jit


@numba.njit(nogil=True, inline="always")
def _sigmoid(x):  # type: ignore[no-untyped-def]
    e = math.exp(-abs(x))
    return np.float32(1.0) / (np.float32(1.0) + e) if x >= 0 else e / (np.float32(1.0) + e)


@numba.njit(nogil=True, fastmath=True, error_model="numpy")
def _classes(row, first, classes, kind, w, gradient):  # type: ignore[no-untyped-def]
    top = row[first]
    for j in range(first + 1, classes):
        top = max(top, row[j])
    total = np.float32(0)
    for j in range(first):
        gradient[j] = 0
    for j in range(first, classes):
        e = math.exp(row[j] - top)
        gradient[j] = e
        total += e
    for j in range(first, classes):
        gradient[j] *= w / total
    gradient[kind] -= w
    return math.log(total) - (row[kind] - top)


@numba.njit(nogil=True, fastmath=True, error_model="numpy")
def _mixture(row, at, count, shared, edges, floor, w, gradient):  # type: ignore[no-untyped-def]
    top = row[at]
    for k in range(1, count):
        top = max(top, row[at + k])
    weights = np.float32(0)
    mean = np.float32(0)
    for k in range(count):
        share = math.exp(row[at + k] - top)
        weights += share
        raw = row[at + 2 * count + k]
        bits = min(max(raw, np.float32(-3)), np.float32(11))
        slope = math.exp(bits * np.float32(0.6931471805599453))
        centre = row[at + count + k] + shared
        below = (edges[0] - centre) * slope
        above = (edges[1] - centre) * slope
        if (
            below + above > 0
        ):  # the difference of two numbers near 1 has no digits left: look from the other side
            left, right = _sigmoid(-above), _sigmoid(-below)
        else:
            left, right = _sigmoid(below), _sigmoid(above)
        mass = right - left
        d_below = _sigmoid(below) * _sigmoid(-below)
        d_above = _sigmoid(above) * _sigmoid(-above)
        mean += share * mass
        gradient[at + k] = mass
        gradient[at + count + k] = (d_below - d_above) * slope * share
        inside = raw == bits
        pull = (d_above * above - d_below * below) * np.float32(0.6931471805599453) * share
        gradient[at + 2 * count + k] = pull if inside else np.float32(0)
    mean /= weights
    total = mean + floor
    moved = np.float32(0)
    for k in range(count):
        part = math.exp(row[at + k] - top) / weights
        gradient[at + k] = -w * part * (gradient[at + k] - mean) / total
        gradient[at + count + k] *= -w / (total * weights)
        gradient[at + 2 * count + k] *= -w / (total * weights)
        moved += gradient[at + count + k]
    return -math.log(total), moved


@partial(jit, fastmath=True)
def loss(out, shared, kind, low, high, weight, firsts, classes, count, steps, floor, d_out, d_shared, cost):  # type: ignore[no-untyped-def]
    """Mean nats of each net into ``cost``; their gradients into ``d_out`` and ``d_shared``.

    Shapes as in `nats`; ``firsts`` is the first class that each net has, ``steps`` the steps in a unit of every
    column and of the shared location, or empty for outputs that are not rounded.
    """
    nets, rows, columns = out.shape
    row = np.zeros(columns, np.float32)
    rounded = len(steps) > 0
    half = np.float32(0.5)
    for p in range(nets):
        total = 0.0
        first = firsts[p]
        for i in range(rows):
            w = weight[p, i] / rows
            if w == 0:
                d_out[p, i] = 0
                d_shared[p, i] = 0
                continue
            for j in range(columns):
                row[j] = out[p, i, j]
            place = shared[p, i]
            if rounded:
                for j in range(columns):
                    row[j] = np.floor(row[j] * steps[j] + half) / steps[j]
                place = np.floor(place * steps[columns] + half) / steps[columns]
            nats = _classes(row, first, classes, kind[p, i], w, d_out[p, i])
            d_shared[p, i] = 0
            d_out[p, i, classes:] = 0
            if count > 0 and kind[p, i] == classes - 1:
                edges = low[p, i], high[p, i]
                mixture, moved = _mixture(row, classes, count, place, edges, floor, w, d_out[p, i])
                d_shared[p, i] = moved
                nats += mixture
            total += nats * w
        cost[p] = total
