"""The slow twin of `hepack.firmware.run`: 64-bit integers from end to end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.firmware.net import Ints, TriggerNet, clip_inputs


def layers(net: TriggerNet, inputs: NDArray[Any]) -> list[Ints]:
    """What every layer gives, each of shape ``(event, output)``; the saturated inputs come first."""
    values = clip_inputs(net, inputs)
    found = [values]
    for layer in net.layers:
        sums = values @ layer.weights.T + layer.bias
        values = np.clip(sums >> layer.shift, layer.low, layer.high)
        found.append(values)
    return found


def scores(net: TriggerNet, inputs: NDArray[Any]) -> Ints:
    """The score of each event, shape ``(event,)``; inputs are integers of shape ``(event, input)``."""
    every = layers(net, inputs)
    last = every[-1]
    row = last * last if net.score == "sum_squares" else np.abs(every[net.compare] - last)
    return np.asarray(row.sum(axis=1), np.int64)
