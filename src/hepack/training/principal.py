"""Start a network with a linear path from the principal components of its data, so that training begins there.

With ``u`` the normalised row, ``e`` the emphasis of each variable and ``V`` the first eigenvectors of the covariance
of ``e u``, the linear paths are ``z = V' e (u - mean)`` and ``u = mean + V z / e``: the best that any linear
network can do (Baldi and Hornik, 1989). The hidden layers start without a say.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hepack.models.autoencoder import Autoencoder


def start_from_components(model: Autoencoder, rows: NDArray[np.float32], emphasis: tuple[float, ...]) -> None:
    """Set the linear paths of ``model``; nothing is done for one without, or whose latent is not a plain one."""
    encoder, decoder = model.encoder, model.decoder
    if encoder.skip is None or decoder.skip is None or model.architecture.kind != "plain" or len(rows) < 2:
        return
    weights = np.array(emphasis or (1.0,) * rows.shape[1], np.float64)
    mean = rows.astype(np.float64).mean(0)
    scaled = (rows - mean) * weights
    _, vectors = np.linalg.eigh(scaled.T @ scaled / len(rows))
    latent = model.architecture.latent
    chosen = np.zeros((rows.shape[1], latent))
    kept = vectors[:, ::-1][:, :latent]
    chosen[:, : kept.shape[1]] = kept
    forward, backward = chosen.T * weights, chosen / weights[:, None]
    outputs = decoder.skip.weight.shape[0]
    with torch.no_grad():
        encoder.skip.weight.copy_(torch.from_numpy(forward))
        decoder.skip.weight[: rows.shape[1]] = torch.from_numpy(backward).float()
        decoder.skip.weight[rows.shape[1] : outputs] = 0.0
        _silence(encoder.output, -forward @ mean)
        _silence(decoder.output, np.concatenate([mean, np.zeros(outputs - len(mean))]))


def _silence(layer: nn.Linear, bias: NDArray[np.float64]) -> None:
    layer.weight.zero_()
    layer.bias.copy_(torch.from_numpy(bias))
