"""What a training minimises: MSE, L1, or the response, with the penalty of the latent and of discrete variables."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from hepack.models.autoencoder import Reconstruction

Loss = Literal["mse", "l1", "response"]
LOSSES: tuple[str, ...] = get_args(Loss)


def reconstruction_loss(difference: Tensor, loss: str, weights: Tensor | None = None) -> Tensor:
    """The mean over all values of the squared (``mse``, ``response``) or absolute (``l1``) difference.

    ``weights`` multiply the differences; for ``response`` they are those of
    `hepack.models.normalise.Normaliser.response_weights`.
    """
    if weights is not None:
        difference = difference * weights
    return difference.abs().mean() if loss == "l1" else (difference * difference).mean()


def objective(
    result: Reconstruction,
    target: Tensor,
    loss: str,
    *,
    weights: Tensor | None = None,
    labels: Tensor | None = None,
    penalty: float = 1e-3,
) -> Tensor:
    """The loss of a batch; discrete variables add their cross entropy, the latent ``penalty`` times its own."""
    total = reconstruction_loss(result.output - target, loss, weights) + penalty * result.penalty.mean()
    for place, scores in enumerate(result.scores):
        assert labels is not None
        total = total + torch.nn.functional.cross_entropy(scores, labels[:, place])
    return total
