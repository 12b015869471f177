"""Learning rates: one cycle (Smith, arXiv:1803.09820), and the finder that proposes its top."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

WARM_SHARE = 0.25


def one_cycle(step: int, steps: int, top: float) -> float:
    """The rate at ``step`` of ``steps``: from ``top / 25`` up to ``top``, then down to ``top / 1e5``, by cosines."""
    position = step / max(1, steps)
    if position < WARM_SHARE:
        return _between(top / 25, top, position / WARM_SHARE)
    return _between(top, top / 1e5, (position - WARM_SHARE) / (1 - WARM_SHARE))


def run_cycle(model: nn.Module, batch_loss: Callable[[int], Tensor], *, steps: int, top: float) -> None:
    """Train for ``steps`` steps of `one_cycle` and leave the model in evaluation mode.

    ``batch_loss(step)`` gives the loss of some batch.
    """
    optimiser = torch.optim.AdamW(model.parameters())
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, steps, top)
        optimiser.zero_grad()
        batch_loss(step).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    model.eval()


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, share))) / 2


def find_rate(
    model: nn.Module,
    batch_loss: Callable[[int], Tensor],
    *,
    steps: int = 60,
    low: float = 1e-5,
    high: float = 0.3,
) -> float:
    """The top rate for `one_cycle`: a third of the rate at which the smoothed loss is smallest while the
    rate grows by a constant factor from ``low`` to ``high``. The model comes back as it was.

    ``batch_loss(step)`` gives the loss of some batch.
    """
    saved = copy.deepcopy(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), lr=low, weight_decay=0.0)
    rates: list[float] = []
    losses: list[float] = []
    smooth = math.nan
    for step in range(steps):
        rate = low * (high / low) ** (step / (steps - 1))
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        loss = batch_loss(step)
        value = float(loss.detach())
        if not math.isfinite(value) or (losses and value > 4 * min(losses)):
            break
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        smooth = value if math.isnan(smooth) else 0.8 * smooth + 0.2 * value
        rates.append(rate)
        losses.append(smooth)
    model.load_state_dict(saved)
    return _chosen(np.array(rates), np.array(losses))


def _chosen(rates: NDArray[np.float64], losses: NDArray[np.float64]) -> float:
    if len(rates) < 3:
        return 1e-3
    return float(np.clip(rates[int(np.argmin(losses))] / 3, 1e-4, 3e-2))
