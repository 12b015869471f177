"""From a trained decoder in torch to a `FixedNet`: batch norm folded into the weights, weights rounded."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from torch import nn

from hepack._errors import BadRequestError
from hepack.models.autoencoder import Autoencoder
from hepack.models.blocks import Hidden
from hepack.models.fixedpoint import ACTIVATION_BITS, FixedLayer, FixedNet

Floats = NDArray[np.float64]


def lower_decoder(model: Autoencoder, latent_bits: tuple[int, ...], *, weight_bits: int = 12) -> FixedNet:
    """The decoder with weights of ``weight_bits`` bits (sign included).

    Raises:
        BadRequestError: the architecture has what a fixed-point decoder lacks (auxiliary or discrete inputs).
    """
    a = model.architecture
    if a.auxiliary or a.categories:
        raise BadRequestError("a network with auxiliary or discrete variables cannot be stored in a file")
    hidden = []
    for block in model.decoder.hidden:
        assert isinstance(block, Hidden)
        weights, bias = _folded_norm(block)
        hidden.append(_rounded(weights, bias, weight_bits, block.residual))
    output = _rounded(*_plain(model.decoder.output), weight_bits, False)
    skip = None
    if model.decoder.skip is not None:
        skip = _rounded(*_plain(model.decoder.skip), weight_bits, False)
    return FixedNet(a.activation, a.folds, latent_bits, tuple(hidden), output, skip)


def _plain(linear: nn.Linear) -> tuple[Floats, Floats]:
    weights = linear.weight.detach().cpu().numpy().astype(np.float64).T
    bias = np.zeros(weights.shape[1]) if linear.bias is None else linear.bias.detach().cpu().numpy()
    return weights, bias.astype(np.float64)


def _folded_norm(block: Hidden) -> tuple[Floats, Floats]:
    """Linear and batch norm as one: ``y = (Wx + b - mean) * gain + offset`` with the running averages."""
    weights, bias = _plain(block.linear)
    norm = block.norm
    if norm is None:
        return weights, bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean = norm.running_mean.cpu().numpy().astype(np.float64)
    spread = norm.running_var.cpu().numpy().astype(np.float64)
    gain = norm.weight.detach().cpu().numpy() / np.sqrt(spread + norm.eps)
    return weights * gain, (bias - mean) * gain + norm.bias.detach().cpu().numpy()


def _rounded(weights: Floats, bias: Floats, weight_bits: int, residual: bool) -> FixedLayer:
    largest = float(np.abs(weights).max(initial=0.0))
    if not math.isfinite(largest) or not np.isfinite(bias).all():
        raise BadRequestError(
            "the network did not train: its weights are not finite; lower the learning rate"
        )
    bits = weight_bits - 1 - (math.frexp(largest)[1] if largest else 0)
    bits = max(-40, min(40, bits))
    whole = np.rint(np.ldexp(weights, bits)).astype(np.int64)
    offset = np.rint(np.clip(np.ldexp(bias, bits + ACTIVATION_BITS), -(2.0**50), 2.0**50)).astype(np.int64)
    return FixedLayer(whole, offset, bits, residual)
