"""A convolutional autoencoder as a coder of series or images: trained on blocks, its latent rounded and coded."""

from __future__ import annotations

import torch
from torch import Tensor

from hepack.autocoder.latent import pack_codes
from hepack.models.convolution import ConvolutionAutoencoder, rate_bits
from hepack.training.schedule import run_cycle

TOP_RATE = 5e-3


def train(model: ConvolutionAutoencoder, rows: Tensor, *, batch: int, steps: int, price: float) -> None:
    """Minimise the mean squared error plus ``price`` times the bits per latent number, on drawn batches of rows."""
    generator = torch.Generator().manual_seed(1)

    def loss(_step: int) -> Tensor:
        x = rows[torch.randint(0, len(rows), (batch,), generator=generator)]
        out, z = model(x)
        total: Tensor = ((out - x) ** 2).mean() + price * rate_bits(z)
        return total

    run_cycle(model, loss, steps=steps, top=TOP_RATE)


def code(model: ConvolutionAutoencoder, rows: Tensor, gain: float) -> tuple[int, Tensor]:
    """The bytes of the latent in steps of ``1 / gain``, and the rows that come back."""
    with torch.inference_mode():
        codes = torch.round(model.encode(rows) * gain)
        restored = model.decode(codes / gain)
    return sum(map(len, pack_codes(codes.numpy().astype("int64")))), restored
