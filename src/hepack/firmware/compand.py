"""The fixed layers in front of a trigger net: pt on a scale that is about logarithmic, angles coarser.

A tiny net must see that a soft object is there at all; on the linear scale of the hardware it is lost
beside a hard one.
"""

from __future__ import annotations

import numpy as np

from hepack.firmware.net import MAX_SUM, Dense
from hepack.firmware.run import ROWS, Step

EDGE = 31
STEPS = (4, 2, 0)
"""``pt``, ``pt >> 2`` and ``pt >> 4``, each clipped to 31, are added: 15, 64 and 255 GeV become 38, 70, 93."""
SHIFT = 4
ANGLE_STEP = 2
"""Angles lose two bits: 0.17 in eta and phi."""


def companding(inputs: int) -> tuple[Dense, Dense]:
    """Two layers from ``inputs`` hardware integers (pt, eta, phi of each object) to as many companded ones."""
    split: list[tuple[int, int]] = []
    rows: list[range] = []
    for column in range(inputs):
        steps = STEPS if column % 3 == 0 else (ANGLE_STEP,)
        rows.append(range(len(split), len(split) + len(steps)))
        split += [(column, 1 << step) for step in steps]
    first = np.zeros((len(split), inputs), np.int64)
    for row, (column, weight) in enumerate(split):
        first[row, column] = weight
    second = np.zeros((inputs, len(split)), np.int64)
    for column, parts in enumerate(rows):
        second[column, list(parts)] = 1
    nothing = np.zeros(len(split), np.int64)
    top = EDGE * len(STEPS)
    return (
        Dense(first, nothing, SHIFT, -EDGE - 1, EDGE),
        Dense(second, nothing[:inputs], 0, -top, top),
    )


def compand(
    counts: np.ndarray[tuple[int, ...], np.dtype[np.int32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """What the two layers make of hardware integers, shape ``(event, input)``."""
    out = np.empty(counts.shape, np.int32)
    first, second = (Step(layer, MAX_SUM) for layer in companding(counts.shape[1]))
    for start in range(0, len(counts), ROWS):
        out[start : start + ROWS] = second(first(counts[start : start + ROWS]))
    return out
