"""`Nets`: the float nets of many columns side by side, with quantisation in the loop.

All nets of a group have the same shape and are trained by batched products: alone, each is too small to keep a
core busy. With quantisation, every weight, bias, activation and output takes the value that the lowered
`Program` has, times a power of two, so a forward pass is the program's; gradients pass straight through.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hepack.models.steps import activation, exponents_of, fine_bias, fine_weights, stepped

INPUT_BITS, HIDDEN_BITS = 8, 7  # fraction bits of inputs and activations
LOGIT_BITS, PLACE_BITS, SCALE_BITS = 4, 10, 3  # of outputs: logits, locations, log-scales

SKIP_LIMIT = 2047  # the weights of the line must be finer than others: it places narrow distributions


@dataclass(frozen=True)
class Shape:
    """Sizes that the nets of a group share."""

    nets: int
    inputs: int
    hidden: int
    classes: int
    components: int
    weight_limit: int

    @property
    def outputs(self) -> int:
        """Rows of the last layer: logits of classes and components, then locations and log-scales."""
        return self.classes + 3 * self.components

    @property
    def output_bits(self) -> list[int]:
        """Fraction bits of the rows of the last layer."""
        logits = [LOGIT_BITS] * (self.classes + self.components)
        return logits + [PLACE_BITS] * self.components + [SCALE_BITS] * self.components


class Nets(nn.Module):
    """Inputs ``(net, row, input)`` to ``(net, row, output)`` and the shared location ``(net, row)``."""

    def __init__(self, shape: Shape, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = shape
        p, c, h, o = shape.nets, shape.inputs, shape.hidden, shape.outputs

        def start(rows: int, columns: int, gain: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(p, rows, columns, generator=generator) * gain / columns**0.5)

        def zeros(rows: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(p, rows))

        self.first, self.first_bias = start(h, c, 1.2), zeros(h)
        self.second, self.second_bias = start(h, h, 1.6), zeros(h)
        self.last, self.last_bias = start(o, h, 0.3), zeros(o)
        self.skip, self.skip_bias = start(1, c, 0.02), zeros(1)
        self._spread()

    def _spread(self) -> None:
        """Start with components apart from each other."""
        s = self.shape
        with torch.no_grad():
            places = self.last_bias[:, s.classes + s.components : s.classes + 2 * s.components]
            places += torch.linspace(-1.5, 1.5, s.components) if s.components > 1 else 0.0

    def forward(self, inputs: Tensor, quantised: bool) -> tuple[Tensor, Tensor]:
        out, shared = self.raw(inputs, quantised)
        if not quantised:
            return out, shared
        steps = self.steps()
        return stepped(out, steps[:-1]), stepped(shared, steps[-1])

    def raw(self, inputs: Tensor, quantised: bool) -> tuple[Tensor, Tensor]:
        """The outputs before they are rounded to steps."""
        limit = self.shape.weight_limit if quantised else None
        hidden = self._layer(inputs, self.first, self.first_bias, INPUT_BITS, limit)
        hidden = activation(hidden, HIDDEN_BITS, quantised)
        hidden = self._layer(hidden, self.second, self.second_bias, HIDDEN_BITS, limit)
        hidden = activation(hidden, HIDDEN_BITS, quantised)
        out = self._layer(hidden, self.last, self.last_bias, HIDDEN_BITS, limit)
        shared = self._layer(inputs, self.skip, self.skip_bias, INPUT_BITS, SKIP_LIMIT if quantised else None)
        return out, shared[..., 0]

    def _layer(self, inputs: Tensor, weights: Tensor, bias: Tensor, bits: int, limit: int | None) -> Tensor:
        if limit is not None:
            weights, exponents = fine_weights(weights, limit)
            bias = fine_bias(bias, exponents + bits)
        return torch.baddbmm(bias[:, None, :], inputs, weights.transpose(1, 2))

    def weight_bits(self) -> Tensor:
        """About what the weights of each net take in the bytes of a model, in bits; the line is left out."""
        limit = self.shape.weight_limit
        bits = torch.zeros(self.shape.nets)
        for weights in (self.first, self.second, self.last):
            scale = torch.exp2(exponents_of(weights, limit))[:, :, None]
            bits = bits + torch.log2(1.0 + weights.abs() * scale).sum(dim=(1, 2))
        return bits

    def steps(self) -> Tensor:
        """Steps in a unit, for each column of the last layer, and for the shared location."""
        return torch.tensor([2.0**b for b in (*self.shape.output_bits, PLACE_BITS)])
