"""The float emulation of a `TriggerNet`: real numbers, rounded to multiples of powers of two."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.firmware.net import TriggerNet, clip_inputs


def scores(net: TriggerNet, inputs: NDArray[Any], points: tuple[int, ...]) -> NDArray[np.float64]:
    """The score of each event in the model's units, shape ``(event,)``.

    ``points`` are the bits behind the point of the inputs and of each layer's outputs, so that one
    count of layer ``l`` is ``2 ** -points[l + 1]``. This is what training computes, written once more;
    divided by the score's unit (`score_unit`) it must equal the integer program's score.
    """
    values = clip_inputs(net, inputs) * 2.0 ** -points[0]
    registers = [values]
    for layer, (before, after) in zip(net.layers, itertools.pairwise(points), strict=True):
        unit, sums_unit = 2.0**-after, 2.0 ** -(after + layer.shift)
        half = sums_unit * ((1 << layer.shift) >> 1)
        weights = layer.weights * (sums_unit * 2.0**before)
        sums = values @ weights.T + (layer.bias * sums_unit - half)
        values = np.clip(np.floor((sums + half) / unit), layer.low, layer.high) * unit
        registers.append(values)
    row = values * values if net.score == "sum_squares" else np.abs(registers[net.compare] - values)
    return np.asarray(row.sum(axis=1))


def score_unit(net: TriggerNet, points: tuple[int, ...]) -> float:
    """What one count of the integer score is worth."""
    return float(4.0 ** -points[-1] if net.score == "sum_squares" else 2.0 ** -points[-1])
