"""Rounding that gradients pass straight through: what the integer program will do, in floats."""

from __future__ import annotations

import functools
import importlib.util
import os
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hepack.entropy.mixture_tables import SILU_REACH

Floats = NDArray[np.float32]

MAX_EXPONENT = 14


def compiled() -> bool:
    """Whether compiled passes may run: numba is there, and HEPACK_NO_NUMBA is not 1."""
    return os.environ.get("HEPACK_NO_NUMBA") != "1" and importlib.util.find_spec("numba") is not None


def exponents_of(weights: Tensor, limit: int) -> Tensor:
    """For each row the largest ``e`` for which ``round(w 2**e)`` stays within ``limit``; shape ``(net, row)``."""
    top = weights.detach().abs().amax(dim=2).clamp_min(2.0**-20)
    return torch.floor(torch.log2(limit / top)).clamp(-4, MAX_EXPONENT)


def fine_weights(weights: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Weights rounded to ``2**-e`` row by row, and the exponents ``e``."""
    exponents = exponents_of(weights, limit)
    scale = torch.exp2(exponents)[:, :, None]
    rounded = torch.clamp(torch.floor(weights.detach() * scale + 0.5), -limit, limit) / scale
    return weights + (rounded - weights.detach()), exponents


def fine_bias(bias: Tensor, bits: Tensor) -> Tensor:
    """Biases rounded to ``2**-bits``."""
    scale = torch.exp2(bits)
    return bias + (torch.floor(bias.detach() * scale + 0.5) / scale - bias.detach())


def stepped(values: Tensor, steps: Tensor) -> Tensor:
    """Values rounded (halves up) to one part in ``steps``."""
    return values + (torch.floor(values.detach() * steps + 0.5) / steps - values.detach())


class Tabled(torch.autograd.Function):
    """`Activation` in one compiled pass, on the processor."""

    @staticmethod
    def forward(context: Any, values: Tensor, scale: float) -> Tensor:
        from hepack.models import kernels

        out = torch.empty_like(values)
        index = torch.empty(values.shape, dtype=torch.int16)
        table, context.slopes = _table(scale)
        arrays = values.detach().view(-1).numpy(), table
        kernels.activate(*arrays, np.float32(scale), out.view(-1).numpy(), index.view(-1).numpy())
        context.save_for_backward(index)
        return out

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        from hepack.models import kernels

        (index,) = context.saved_tensors
        given = gradients[0].contiguous()
        out = torch.empty_like(given)
        kernels.deactivate(
            given.view(-1).numpy(), index.view(-1).numpy(), context.slopes, out.view(-1).numpy()
        )
        return out, None


@functools.cache
def _table(scale: float) -> tuple[Floats, Floats]:
    """Output and slope at every step; no slope where the table ends."""
    half = round(SILU_REACH * scale)
    index = torch.arange(-half, half) / scale
    out = torch.floor(torch.nn.functional.silu(index) * scale + 0.5) / scale
    slopes = torch.ops.aten.silu_backward(torch.ones(2 * half), index)
    slopes[0] = slopes[-1] = 0.0
    return out.numpy(), slopes.numpy()


class Activation(torch.autograd.Function):
    """The table of `silus`, in floats; the gradient is that of x / (1 + exp(-x)) within the table's range."""

    @staticmethod
    def forward(context: Any, values: Tensor, scale: float) -> Tensor:
        index = (
            values.mul(scale)
            .add_(0.5)
            .floor_()
            .clamp_(-SILU_REACH * scale, SILU_REACH * scale - 1)
            .div_(scale)
        )
        context.scale = scale
        context.save_for_backward(index)
        return torch.nn.functional.silu(index).mul_(scale).add_(0.5).floor_().div_(scale)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (index,) = context.saved_tensors
        index_min, index_max = -SILU_REACH, SILU_REACH - 1 / context.scale
        slope: Tensor = torch.ops.aten.silu_backward(gradients[0], index)
        return slope * ((index > index_min) & (index < index_max)), None


def activation(values: Tensor, bits: int, quantised: bool) -> Tensor:
    """``x / (1 + exp(-x))``, for quantised nets with input and output in steps of ``2**-bits``."""
    if not quantised:
        return torch.nn.functional.silu(values)
    one_pass = compiled() and values.device.type == "cpu"
    out: Tensor = (Tabled if one_pass else Activation).apply(values, float(2**bits))  # type: ignore[no-untyped-call]
    return out
