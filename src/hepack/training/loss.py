"""The code length of a batch in nats, from the outputs of `Nets`: the float twin of the mixture coder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from hepack.models.net import Shape

FLOOR = 1e-6  # of a bin's mass, next to what the coder gives each bin at least


@dataclass(frozen=True)
class Aim:
    """What a batch of every net should be: shape ``(net, row)``.

    ``kind`` is the class (the bins are the last one), ``low`` and ``high`` the places of a bin's edges, far out
    at the ends; ``weight`` is 0 for rows that escape.
    """

    kind: Tensor
    low: Tensor
    high: Tensor
    weight: Tensor


def nats(shape: Shape, out: Tensor, shared: Tensor, aim: Aim, absent: Tensor) -> Tensor:
    """Code length of each row, shape ``(net, row)``, without escapes and plain bits.

    ``absent``, shape ``(net, class)``, is minus infinity for a group's classes that a net does not have, else 0.
    """
    c, k = shape.classes, shape.components
    logits = out[..., :c] + absent[:, None, :]
    cost = functional.cross_entropy(logits.flatten(0, 1), aim.kind.long().flatten(), reduction="none")
    cost = cost.view(aim.kind.shape)
    if k:
        inside = aim.kind == c - 1
        cost = cost + torch.where(inside, _mixture(out[..., c:], shared, aim, k), 0.0)
    return cost * aim.weight


def _mixture(out: Tensor, shared: Tensor, aim: Aim, k: int) -> Tensor:
    weights = torch.softmax(out[..., :k], dim=-1)
    centres = out[..., k : 2 * k] + shared[..., None]
    slopes = torch.exp2(out[..., 2 * k :].clamp(-3.0, 11.0))
    low = (aim.low[..., None] - centres) * slopes
    high = (aim.high[..., None] - centres) * slopes
    # the difference of two numbers near 1 has no digits left, so look at it from the other side
    flip = torch.where(low + high > 0, -1.0, 1.0).detach()
    mass = flip * (torch.sigmoid(flip * high) - torch.sigmoid(flip * low))
    return -torch.log((weights * mass).sum(dim=-1) + FLOOR)
