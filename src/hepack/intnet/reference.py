"""The slow twin of `hepack.intnet.run`: 64-bit integers from end to end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.intnet.program import Layer, Program


def run(program: Program, inputs: NDArray[Any]) -> NDArray[np.int32]:
    """The outputs of each row, shape ``(row, program.columns)``; inputs of shape ``(row, program.inputs)``."""
    registers = [inputs.astype(np.int64)]
    for layer in program.layers:
        registers.append(_step(layer, registers[layer.source]))
    return np.concatenate([registers[r] for r in program.outputs], axis=1).astype(np.int32)


def _step(layer: Layer, inputs: NDArray[np.int64]) -> NDArray[np.int64]:
    sums = inputs @ layer.weights.T.astype(np.int64) + layer.bias
    right, left = np.maximum(layer.shifts, 0), np.maximum(-layer.shifts.astype(np.int64), 0)
    values: NDArray[np.int64] = (sums << left) >> right
    if layer.table is None:
        return np.clip(values, -layer.limit, layer.limit)
    half = len(layer.table) // 2
    return layer.table.astype(np.int64)[np.clip(values, -half, half - 1) + half]
