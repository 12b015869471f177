"""Run a `TriggerNet` over many events: products of integer-valued floats, exact because every sum is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.firmware.net import Dense, Ints, TriggerNet, clip_inputs

ROWS = 8192
SINGLE = 1 << 24


def scores(net: TriggerNet, inputs: NDArray[Any]) -> Ints:
    """The score of each event, shape ``(event,)``; inputs are integers of shape ``(event, input)``.

    Raises:
        BadRequestError: floats, or another number of columns.
    """
    found = np.empty(len(inputs), np.int64)
    steps = [Step(layer, reach) for layer, reach in zip(net.layers, net.reaches(), strict=True)]
    for start in range(0, len(inputs), ROWS):
        part = clip_inputs(net, inputs[start : start + ROWS])
        values: NDArray[Any] = part
        compared = values
        for index, step in enumerate(steps):
            values = step(values)
            compared = values if index + 1 == net.compare else compared
        last = values.astype(np.int64)
        row = last * last if net.score == "sum_squares" else np.abs(compared.astype(np.int64) - last)
        found[start : start + ROWS] = row.sum(axis=1)
    if not len(inputs):
        clip_inputs(net, inputs)  # an empty stream must have the right columns, too
    return found


class Step:
    """A layer in float32 where its sums stay below 2**24, in float64 otherwise."""

    def __init__(self, layer: Dense, reach: int) -> None:
        kind = np.float32 if reach < SINGLE else np.float64
        self._weights = np.ascontiguousarray(layer.weights.T.astype(kind))
        self._bias = layer.bias.astype(kind)
        self._scale = kind(2.0**-layer.shift)
        self._low, self._high = kind(layer.low), kind(layer.high)

    def __call__(self, values: NDArray[Any]) -> NDArray[Any]:
        sums = values.astype(self._weights.dtype, copy=False) @ self._weights
        sums += self._bias
        sums *= self._scale
        np.floor(sums, out=sums)
        return np.clip(sums, self._low, self._high, out=sums)
