"""Run a `Program` by matrix products of integer-valued floats: exact, since no partial sum can be rounded."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack._loops import compiled
from hepack.intnet.program import MAX_STEP, Layer, Program

ROWS = 1024
"""Rows that go through all layers together, so that what lies between them stays in the cache."""

Floats = NDArray[Any]


class Runner:
    """A program made ready to run; keep it where many batches follow each other."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._steps = [_Step(layer, program.single(i)) for i, layer in enumerate(program.layers)]

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.int32]:
        """The outputs of each row, shape ``(row, program.columns)``; inputs of shape ``(row, program.inputs)``.

        Raises:
            BadRequestError: the inputs have another shape, or leave the range that the program was proved for.
        """
        program = self._program
        if inputs.ndim != 2 or inputs.shape[1] != program.inputs:
            raise BadRequestError(f"inputs of shape {inputs.shape} do not fit a program of {program.inputs}")
        if inputs.size and max(-int(inputs.min()), int(inputs.max())) > program.magnitude:
            raise BadRequestError(f"an input of a program leaves +-{program.magnitude}")
        out = np.empty((len(inputs), program.columns), np.int32)
        inner = loops()
        for at in range(0, len(inputs), ROWS):
            self._batch(inputs[at : at + ROWS], out[at : at + ROWS], inner)
        return out

    def _batch(self, inputs: NDArray[Any], out: NDArray[np.int32], loops: Any) -> None:
        registers: list[Floats] = [inputs.astype(np.float32)]
        for step in self._steps:
            registers.append(step(registers[step.source], loops))
        at = 0
        for register in self._program.outputs:
            part = registers[register]
            out[:, at : at + part.shape[1]] = part
            at += part.shape[1]


class _Step:
    """A layer with its constants as floats, of the width in which its sums are exact."""

    def __init__(self, layer: Layer, single: bool) -> None:
        kind = np.float32 if single else np.float64
        self.source = layer.source
        self._weights = np.ascontiguousarray(layer.weights.T.astype(kind))
        self._bias = layer.bias.astype(kind)
        self._scales = np.ldexp(kind(1), -layer.shifts.astype(np.int32)).astype(kind)
        self._limit = kind(layer.limit)
        self._table = None if layer.table is None else layer.table.astype(np.float32)

    def __call__(self, inputs: Floats, loops: Any) -> Floats:
        sums = inputs.astype(self._weights.dtype, copy=False) @ self._weights
        out = np.empty(sums.shape, np.float32)
        if self._table is None:
            loops.clip(sums, self._bias, self._scales, self._limit, out)
        else:
            loops.look_up(sums, self._bias, self._scales, self._table, out)
        return out


class _Twins:
    """What `hepack.intnet.kernels` does, by numpy."""

    @staticmethod
    def look_up(sums: Floats, bias: Floats, scales: Floats, table: Floats, out: Floats) -> None:
        half = len(table) // 2
        value = np.clip(np.floor((sums + bias) * scales), -half, half - 1)
        out[:] = table[value.astype(np.int32) + half]

    @staticmethod
    def clip(sums: Floats, bias: Floats, scales: Floats, limit: float, out: Floats) -> None:
        out[:] = np.clip(np.floor((sums + bias) * scales), -limit, limit)


def one_thread() -> AbstractContextManager[Any]:
    """A context in which numpy's products run on the thread that asks for them.

    They are small here, and blocks are what is shared out to threads. Without it nothing changes but the time.
    """
    return cast(AbstractContextManager[Any], _pools().limit(limits=1, user_api="blas"))


@functools.cache
def _pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def loops() -> Any:
    """The steps after products: compiled, or by numpy without numba or with HEPACK_NO_NUMBA=1."""
    return compiled("hepack.intnet.kernels") or _Twins


def run(program: Program, inputs: NDArray[Any]) -> NDArray[np.int32]:
    """`Runner` for one call."""
    return Runner(program)(inputs)


assert MAX_STEP < 1 << 24  # what a register holds must be exact in float32
