"""Run a `Program` with torch, on any device; torch is imported on the first call."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._optional import require
from hepack.intnet.program import Program

ROWS = 1 << 16


def run(program: Program, inputs: NDArray[Any], device: str = "cpu") -> NDArray[np.int32]:
    """The same integers as `hepack.intnet.run`: products of integer-valued floats whose sums are exact.

    A device that rounds the factors of a product (TF32, bfloat16) would break the proof: products run in
    float64 there, which no device abridges.
    """
    torch = require("torch", extra="train", purpose="Running a net with torch")
    parts = [_batch(torch, program, inputs[at : at + ROWS], device) for at in range(0, len(inputs), ROWS)]
    return np.concatenate(parts) if parts else np.empty((0, program.columns), np.int32)


def _batch(torch: Any, program: Program, inputs: NDArray[Any], device: str) -> NDArray[np.int32]:
    registers = [torch.as_tensor(inputs.astype(np.float64), device=device)]
    for index, layer in enumerate(program.layers):
        kind = torch.float32 if device == "cpu" and program.single(index) else torch.float64
        weights = torch.as_tensor(layer.weights.T.astype(np.float64), device=device).to(kind)
        sums = registers[layer.source].to(kind) @ weights
        scales = torch.as_tensor(np.ldexp(1.0, -layer.shifts.astype(np.int32)), device=device)
        values = torch.floor(
            (sums.double() + torch.as_tensor(layer.bias.astype(np.float64), device=device)) * scales
        )
        if layer.table is None:
            registers.append(values.clamp(-layer.limit, layer.limit))
        else:
            half = len(layer.table) // 2
            table = torch.as_tensor(layer.table.astype(np.float64), device=device)
            registers.append(table[(values.clamp(-half, half - 1) + half).long()])
    out = torch.cat([registers[r] for r in program.outputs], dim=1)
    return np.asarray(out.cpu().numpy().astype(np.int32))
