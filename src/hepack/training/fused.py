"""`mean_nats`: the loss of a batch, with its gradient from one compiled pass over the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from hepack.models.net import Nets, Shape
from hepack.models.steps import compiled
from hepack.training.loss import FLOOR, Aim, nats


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, out: Tensor, shared: Tensor, aim: Aim, firsts: Tensor, steps: Tensor, shape: Shape
    ) -> Tensor:
        from hepack.training import kernels

        cost = np.zeros(shape.nets)
        d_out, d_shared = torch.empty_like(out), torch.empty_like(shared)
        arrays = [t.detach().numpy() for t in (out, shared, aim.kind, aim.low, aim.high, aim.weight, firsts)]
        sizes = shape.classes, shape.components, steps.numpy(), np.float32(FLOOR)
        kernels.loss(*arrays, *sizes, d_out.numpy(), d_shared.numpy(), cost)
        context.save_for_backward(d_out, d_shared)
        return torch.from_numpy(cost).float()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        d_out, d_shared = context.saved_tensors
        factor = gradients[0]
        return d_out * factor[:, None, None], d_shared * factor[:, None], None, None, None, None


def mean_nats(nets: Nets, inputs: Tensor, aim: Aim, firsts: Tensor, quantised: bool) -> Tensor:
    """Mean code length of each net, in nats; ``firsts`` is the first class that each net has."""
    if not compiled():
        out, shared = nets(inputs, quantised)
        absent = torch.zeros(nets.shape.nets, nets.shape.classes)
        for p, first in enumerate(firsts.tolist()):
            absent[p, :first] = -torch.inf
        return nats(nets.shape, out, shared, aim, absent).mean(dim=1)
    out, shared = nets.raw(inputs, quantised)
    steps = nets.steps() if quantised else torch.zeros(0)
    cost: Tensor = _Fused.apply(  # type: ignore[no-untyped-call]
        out, shared.contiguous(), aim, firsts, steps, nets.shape
    )
    return cost
