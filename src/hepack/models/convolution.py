"""Convolutional autoencoders for series (one axis) and images (two axes): a learned transform code.

``forward`` rounds the latent to whole numbers, with additive noise in training, so that it can be entropy-coded
(Ballé et al., arXiv:1611.01704, section 3).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hepack._errors import BadRequestError
from hepack.models.blocks import activation_of


class ConvolutionAutoencoder(nn.Module):
    """``stages`` convolutions, each of stride 2, down to ``channels`` numbers per place, and back.

    Inputs have shape ``(row, 1, length)`` or ``(row, 1, height, width)``; each axis is a multiple of
    ``2**stages``. A ``direct`` linear path (one convolution and one transposed one over the whole block of
    ``2**stages``) lies beside the others: the linear block transform that the network refines.
    """

    def __init__(
        self, axes: int, channels: int, *, stages: int = 3, width: int = 32, activation: str = "gelu"
    ) -> None:
        super().__init__()
        if axes not in (1, 2) or stages < 1 or channels < 1:
            raise BadRequestError(
                f"convolutions need 1 or 2 axes and at least one stage, found {axes}, {stages}"
            )
        forward, backward = (nn.Conv1d, nn.ConvTranspose1d) if axes == 1 else (nn.Conv2d, nn.ConvTranspose2d)
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for stage in range(stages):
            first, last = stage == 0, stage == stages - 1
            down.append(forward(1 if first else width, channels if last else width, 4, 2, 1))
            up.append(backward(channels if first else width, 1 if last else width, 4, 2, 1))
            if not last:
                down.append(activation_of(activation))
                up.append(activation_of(activation))
        block = 2**stages
        self.down, self.up = nn.Sequential(*down), nn.Sequential(*up)
        self.direct_down = forward(1, channels, block, block)
        self.direct_up = backward(channels, 1, block, block)
        self.block, self.channels = block, channels
        self.gain = nn.Parameter(torch.full((channels,), 4.0))

    def _gain(self, like: Tensor) -> Tensor:
        return self.gain.reshape(1, -1, *([1] * (like.dim() - 2)))

    def encode(self, x: Tensor) -> Tensor:
        """The latent before rounding, shape ``(row, channels, places ...)``."""
        z: Tensor = self.down(x) + self.direct_down(x)
        return z * self._gain(z)

    def decode(self, z: Tensor) -> Tensor:
        """Series or images from the latent."""
        scaled = z / self._gain(z)
        x: Tensor = self.up(scaled) + self.direct_up(scaled)
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The reconstruction, and the latent before rounding."""
        z = self.encode(x)
        rounded = z + torch.rand_like(z) - 0.5 if self.training else torch.round(z)
        return self.decode(rounded), z


def rate_bits(z: Tensor) -> Tensor:
    """An upper bound of the mean bits per latent number: a Laplace density of each channel's own width."""
    axes = [0, *range(2, z.dim())]
    scale = (z - z.mean(axes, keepdim=True)).abs().mean(axes) + 0.05
    return (torch.log2(2 * torch.e * scale).clamp(min=0)).mean()
