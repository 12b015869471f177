"""Tiny autoencoders with fixed-point layers (straight-through gradients), and their lowering to integers.

Every LSB is a power of two, so quantisation is a shift: quantisation-aware training as in QKeras
(arXiv:2006.10159) and arXiv:2108.03986.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from hepack._errors import BadRequestError
from hepack.firmware.net import Dense, TriggerNet

INPUT_POINT = 6
"""Inputs, companded by the fixed layers, are counts / 2**6."""
BIAS_BITS = 20
SHAPES = {
    "ae": (32, 16, 3),
    "vae": (28, 15, 8),
    "axol1tl": (29, 10, 9, 6, 4),
}
"""Hidden widths of the encoders; the last is the latent space (mean), the decoder mirrors the rest."""


@dataclass(frozen=True)
class Bits:
    """Widths of one layer: ``weight`` and ``output`` bits, sign included; outputs of a ReLU have no sign."""

    weight: int = 6
    output: int = 8

    def __post_init__(self) -> None:
        if not 2 <= self.weight <= 12 or not 2 <= self.output <= 16:
            raise BadRequestError(f"weights take 2 to 12 bits and outputs 2 to 16, found {self}")


class Fixed(torch.autograd.Function):
    """Round to multiples of ``lsb`` (halves up) and clip; the gradient passes where nothing was clipped."""

    @staticmethod
    def forward(ctx: object, x: Tensor, lsb: float, low: float, high: float) -> Tensor:
        counts = torch.floor(x / lsb + 0.5)
        ctx.save_for_backward((counts >= low) & (counts <= high))  # type: ignore[attr-defined]
        return counts.clamp(low, high) * lsb

    @staticmethod
    def backward(ctx: object, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        (inside,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return grads[0] * inside, None, None, None


class FixedDense(nn.Module):
    """A dense layer that computes in floats until `freeze_range` fixes the point of its outputs."""

    mask: Tensor

    def __init__(self, inputs: int, outputs: int, bits: Bits, *, relu: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.kaiming_uniform_(self.weight, a=1.0)
        self.register_buffer("mask", torch.ones(outputs, inputs))
        self.bits = bits
        self.relu = relu
        self.point: int | None = None
        """Bits behind the point of the outputs; None while the layer is a float layer."""

    def forward(self, x: Tensor, input_point: int) -> Tensor:
        if self.point is None:
            y = nn.functional.linear(x, self.weight * self.mask, self.bias)
            return torch.relu(y) if self.relu else y
        w, b = self.rounded(input_point)
        y = nn.functional.linear(x, w, b)
        return Fixed.apply(y, 2.0**-self.point, *self.range)  # type: ignore[no-any-return, no-untyped-call]

    def rounded(self, input_point: int) -> tuple[Tensor, Tensor]:
        """The weights and biases that the integer net has."""
        point = self.weight_point
        edge = 2 ** (self.bits.weight - 1) - 1
        w = Fixed.apply(self.weight * self.mask, 2.0**-point, -edge, edge)  # type: ignore[no-untyped-call]
        edge = 2**BIAS_BITS
        b = Fixed.apply(self.bias, 2.0 ** -(point + input_point), -edge, edge)  # type: ignore[no-untyped-call]
        return w, b

    @property
    def weight_point(self) -> int:
        """Bits behind the point of the weights: the largest weight just fits, up to half of one step."""
        largest = float((self.weight.detach() * self.mask).abs().max())
        edge = 2 ** (self.bits.weight - 1) - 0.5
        return 8 if largest == 0 else min(12, math.floor(math.log2(edge / largest)))

    @property
    def range(self) -> tuple[int, int]:
        """The outputs' range in counts."""
        if self.relu:
            return 0, 2**self.bits.output - 1
        return -(2 ** (self.bits.output - 1) - 1), 2 ** (self.bits.output - 1) - 1

    def freeze_range(self, largest: float, input_point: int, bits: Bits | None = None) -> None:
        """Fix the outputs' point such that ``largest`` just fits; the shift must not be to the left."""
        self.bits = bits or self.bits
        wanted = math.floor(math.log2(self.range[1] / max(largest, 1e-6)))
        self.point = min(wanted, self.weight_point + input_point)

    def lower(self, input_point: int) -> Dense:
        """The integer layer: the same outputs in counts, for inputs in counts."""
        assert self.point is not None
        w, b = (t.detach().double() for t in self.rounded(input_point))
        point = self.weight_point
        shift = point + input_point - self.point
        bias = torch.round(b * 2.0 ** (point + input_point)).long().numpy()
        half = (1 << shift) >> 1
        weights = torch.round(w * 2.0**point).long().numpy()
        return Dense(weights, bias + half, shift, *self.range)


class TriggerModel(nn.Module):
    """Encoder, an optional variance head, decoder. All layers take and give ``(event, feature)``."""

    def __init__(self, inputs: int, hidden: tuple[int, ...], *, variational: bool, bits: Bits) -> None:
        super().__init__()
        self.variational = variational
        widths = (inputs, *hidden)
        last = len(hidden) - 1
        self.encoder = nn.ModuleList(
            FixedDense(widths[i], widths[i + 1], bits, relu=i < last) for i in range(len(hidden))
        )
        self.log_variance = nn.Linear(widths[-2], widths[-1]) if variational else None
        back = widths[::-1]
        self.decoder = nn.ModuleList(
            FixedDense(back[i], back[i + 1], bits, relu=i < last) for i in range(len(hidden))
        )

    @property
    def parts(self) -> list[FixedDense]:
        """The layers that the trigger evaluates: the encoder, with the decoder where the score needs it."""
        layers = list(self.encoder) if self.variational else [*self.encoder, *self.decoder]
        return [layer for layer in layers if isinstance(layer, FixedDense)]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and what the variance head reads; ``x`` are counts / 2**6."""
        point = INPUT_POINT
        for layer in list(self.encoder)[:-1]:
            x = layer(x, point)
            point = _point(layer, point)
        return self.encoder[-1](x, point), x

    def decode(self, z: Tensor) -> Tensor:
        point = _point(self.encoder[-1], INPUT_POINT)
        for layer in self.decoder:
            z = layer(z, point)
            point = _point(layer, point)
        return z

    def score(self, x: Tensor) -> Tensor:
        """The float emulation of the score, shape ``(event,)``: in units of the model, not in counts."""
        mean, _ = self.encode(x)
        if self.variational:
            return mean.square().sum(dim=1)
        return (x - self.decode(mean)).abs().sum(dim=1)

    @property
    def score_lsb(self) -> float:
        """What one count of the integer score is worth in the model's units."""
        if not self.variational:
            return 2.0**-INPUT_POINT
        point = self.parts[-1].point
        assert point is not None
        return 4.0**-point


def _point(layer: nn.Module, before: int) -> int:
    point = getattr(layer, "point", None)
    return before if point is None else int(point)


def freeze(
    model: TriggerModel, x: Tensor, bits: tuple[Bits, ...] | None = None, share: float = 0.9995
) -> None:
    """Turn the layers of the trigger into fixed-point ones; ranges hold ``share`` of the outputs on ``x``.

    A distance compares outputs with inputs, so its last layer has the inputs' point and range.
    """
    point = INPUT_POINT
    with torch.no_grad():
        for index, layer in enumerate(model.parts):
            layer.point = None
            y = layer(x, point)
            largest = float(torch.quantile(y.abs().flatten()[: 1 << 22], share)) if y.numel() else 1.0
            chosen = layer.bits if bits is None else bits[index]
            layer.freeze_range(max(largest, float(y.abs().max()) / 4), point, chosen)
            if not model.variational and index == len(model.parts) - 1:
                layer.bits = replace(layer.bits, output=11)
                layer.point = INPUT_POINT
            x = layer(x, point)
            point = int(layer.point or 0)


def lower(
    model: TriggerModel, lows: tuple[int, ...], highs: tuple[int, ...], fixed: tuple[Dense, ...]
) -> TriggerNet:
    """The integer net that gives the model's scores exactly, in counts of `TriggerModel.score_lsb`.

    The ``fixed`` layers come first; the model reads what they give.
    """
    point = INPUT_POINT
    layers = list(fixed)
    for layer in model.parts:
        layers.append(layer.lower(point))
        point = _point(layer, point)
    score: Literal["sum_squares", "distance"] = "sum_squares" if model.variational else "distance"
    return TriggerNet(lows, highs, tuple(layers), score, fixed=len(fixed), compare=len(fixed))


def to_units(counts: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> Tensor:
    """Hardware integers as the model's floats (exact)."""
    return torch.from_numpy(counts.astype(np.float32) * np.float32(2.0**-INPUT_POINT))
