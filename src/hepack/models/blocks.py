"""The parts that autoencoders are made of: hidden stacks, triangle waves, discrete inputs, a codebook."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def activation_of(name: str) -> nn.Module:
    """The activation of a name in `hepack.models.architecture.ACTIVATIONS`.

    GELU is the tanh form (arXiv:1606.08415, eq. 2), which a decoder can repeat without ``erf``.
    """
    made: dict[str, nn.Module] = {
        "tanh": nn.Tanh(),
        "relu": nn.ReLU(),
        "leaky-relu": nn.LeakyReLU(0.01),
        "elu": nn.ELU(),
        "gelu": nn.GELU(approximate="tanh"),
    }
    return made[name]


class Hidden(nn.Module):
    """One hidden layer: linear, batch norm if asked for, activation; plus its input if ``residual``."""

    def __init__(self, inputs: int, outputs: int, activation: str, batch_norm: bool, residual: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm: nn.BatchNorm1d | None = nn.BatchNorm1d(outputs) if batch_norm else None
        self.activation = activation_of(activation)
        self.residual = residual and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(x)
        if self.norm is not None:
            y = self.norm(y)
        y = self.activation(y)
        return x + y if self.residual else y


class Stack(nn.Module):
    """Hidden layers and a linear output, with a linear path beside them if ``skip``.

    ``bypass`` is how many of the first inputs the linear path takes (the others are waves of them).
    """

    def __init__(
        self,
        inputs: int,
        widths: Sequence[int],
        outputs: int,
        *,
        activation: str,
        batch_norm: bool,
        skip: bool,
        bypass: int | None = None,
    ) -> None:
        super().__init__()
        self.hidden = nn.ModuleList()
        width = inputs
        for wide in widths:
            self.hidden.append(Hidden(width, wide, activation, batch_norm, skip))
            width = wide
        self.output = nn.Linear(width, outputs)
        self.bypass = inputs if bypass is None else bypass
        self.skip: nn.Linear | None = nn.Linear(self.bypass, outputs, bias=False) if skip else None

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.hidden:
            y = layer(y)
        out: Tensor = self.output(y)
        if self.skip is not None:
            out = out + self.skip(x[:, : self.bypass])
        return out


def triangle(x: Tensor) -> Tensor:
    """A wave of period 2 between -1 (at even numbers) and 1 (at odd ones), straight in between."""
    wave: Tensor = 2 * (x - 2 * torch.floor(x / 2 + 0.5)).abs() - 1
    return wave


def folded(x: Tensor, folds: int) -> Tensor:
    """``x``, shape ``(row, n)``, and its triangle waves of 1, 2, 4 ... periods: ``(row, n * (1 + folds))``."""
    return torch.cat([x, *(triangle(x * 2**k) for k in range(folds))], 1) if folds else x


class Discrete(nn.Module):
    """Discrete variables, shape ``(row, variable)``, as numbers: embedded, or one-hot for width 0."""

    def __init__(self, categories: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.cardinalities = [cardinality for cardinality, _ in categories]
        self.tables = nn.ModuleList(
            nn.Embedding(cardinality, width) if width else nn.Identity() for cardinality, width in categories
        )
        self.width = sum(width or cardinality for cardinality, width in categories)

    def forward(self, labels: Tensor) -> Tensor:
        parts = []
        for place, (table, cardinality) in enumerate(zip(self.tables, self.cardinalities, strict=True)):
            column = labels[:, place]
            one_hot = isinstance(table, nn.Identity)
            parts.append(nn.functional.one_hot(column, cardinality).float() if one_hot else table(column))
        return torch.cat(parts, 1)


class Codebook(nn.Module):
    """The nearest of ``size`` learned vectors (van den Oord et al., arXiv:1711.00937, eqs. 2 and 3)."""

    def __init__(self, size: int, width: int, commitment: float = 0.25) -> None:
        super().__init__()
        self.vectors = nn.Embedding(size, width)
        nn.init.uniform_(self.vectors.weight, -1.0, 1.0)
        self.commitment = commitment

    def places(self, z: Tensor) -> Tensor:
        """The number of the nearest vector of each row."""
        return torch.cdist(z, self.vectors.weight).argmin(1)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest vectors, with the gradient of ``z``, and the penalty per row."""
        nearest = self.vectors(self.places(z))
        penalty = (nearest - z.detach()) ** 2 + self.commitment * (z - nearest.detach()) ** 2
        return z + (nearest - z).detach(), penalty.mean(1)
