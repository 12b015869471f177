"""Rounding that gradients pass straight through: what the integer program will do, in floats."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MAX_EXPONENT = 14


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


class _Activation(torch.autograd.Function):
    """The table of `silus`, in floats; the gradient is that of x / (1 + exp(-x)) within the table's range."""

    @staticmethod
    def forward(context: Any, values: Tensor, scale: float) -> Tensor:
        index = values.mul(scale).add_(0.5).floor_().clamp_(-128, 127).div_(scale)
        context.save_for_backward(values, index)
        return torch.nn.functional.silu(index).mul_(scale).add_(0.5).floor_().div_(scale)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        values, index = context.saved_tensors
        inside = (values > -4.0) & (values < 4.0)
        slope: Tensor = torch.ops.aten.silu_backward(gradients[0], index)
        return slope * inside, None


def activation(values: Tensor, bits: int, quantised: bool) -> Tensor:
    """``x / (1 + exp(-x))``, for quantised nets with input and output in steps of ``2**-bits``."""
    if not quantised:
        return torch.nn.functional.silu(values)
    out: Tensor = _Activation.apply(values, float(2**bits))  # type: ignore[no-untyped-call]
    return out
