"""The autoencoder of rows (jets, events as vectors): one module for the whole family."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hepack.models.architecture import Architecture
from hepack.models.blocks import Codebook, Discrete, Stack, folded


@dataclass(frozen=True)
class Reconstruction:
    """What a forward pass gives: ``output (row, variable)``, ``latent (row, latent)``, a ``penalty (row,)``
    of the latent (zero for plain ones), and the scores of each discrete variable ``(row, cardinality)``."""

    output: Tensor
    latent: Tensor
    penalty: Tensor
    scores: tuple[Tensor, ...] = ()


class Autoencoder(nn.Module):
    """A network of the given `Architecture`; inputs and outputs are normalised values."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = self.architecture = architecture
        options = {"activation": a.activation, "batch_norm": a.batch_norm, "skip": a.skip}
        self.discrete: Discrete | None = Discrete(a.categories) if a.categories else None
        extra = a.auxiliary + (self.discrete.width if self.discrete else 0)
        latent = 2 * a.latent if a.kind == "variational" else a.latent
        self.entry: nn.ModuleList | None = None
        widths, width = a.encoder, a.inputs * (1 + a.folds) + extra
        if a.branches:
            first = -(-a.encoder[0] // len(a.branches))
            self.entry = nn.ModuleList(nn.Linear(len(branch), first) for branch in a.branches)
            width += first * len(a.branches)
        self.encoder = Stack(width, widths, latent, bypass=a.inputs, **options)  # type: ignore[arg-type]
        outputs = a.inputs + sum(cardinality for cardinality, _ in a.categories)
        decoded = a.latent * (1 + a.folds) + a.auxiliary
        self.decoder = Stack(decoded, a.decoder, outputs, bypass=a.latent, **options)  # type: ignore[arg-type]
        self.codebook = Codebook(a.codebook, a.latent) if a.kind == "vector-quantised" else None

    def _encoded(self, x: Tensor, auxiliary: Tensor | None, labels: Tensor | None) -> Tensor:
        parts = [folded(x, self.architecture.folds)]
        if auxiliary is not None:
            parts.append(auxiliary)
        if self.discrete is not None:
            assert labels is not None
            parts.append(self.discrete(labels))
        if self.entry is not None:
            for layer, branch in zip(self.entry, self.architecture.branches, strict=True):
                parts.append(torch.tanh(layer(x[:, list(branch)])))
        coded: Tensor = self.encoder(torch.cat(parts, 1))
        return coded

    def encode(self, x: Tensor, auxiliary: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """The latent of rows, shape ``(row, latent)``; the mean of a variational one."""
        z = self._encoded(x, auxiliary, labels)[:, : self.architecture.latent]
        if self.codebook is not None:
            z, _ = self.codebook(z)
        return z

    def decode(self, z: Tensor, auxiliary: Tensor | None = None) -> Tensor:
        """The variables from the latent, shape ``(row, variable)``."""
        return self._decoded(z, auxiliary)[:, : self.architecture.inputs]

    def _decoded(self, z: Tensor, auxiliary: Tensor | None) -> Tensor:
        waves = folded(z, self.architecture.folds)
        decoded: Tensor = self.decoder(waves if auxiliary is None else torch.cat([waves, auxiliary], 1))
        return decoded

    def forward(
        self, x: Tensor, auxiliary: Tensor | None = None, labels: Tensor | None = None
    ) -> Reconstruction:
        """Encode and decode. A variational latent is drawn while training (arXiv:1312.6114, eq. 10)."""
        a = self.architecture
        z = self._encoded(x, auxiliary, labels)
        penalty = z.new_zeros(len(z))
        if a.kind == "variational":
            mean, spread = z[:, : a.latent], z[:, a.latent :].clamp(-20, 20)
            penalty = 0.5 * (mean**2 + spread.exp() - 1 - spread).sum(1)
            z = mean + (0.5 * spread).exp() * torch.randn_like(mean) if self.training else mean
        elif self.codebook is not None:
            z, penalty = self.codebook(z)
        out = self._decoded(z, auxiliary)
        scores, at = [], a.inputs
        for cardinality, _ in a.categories:
            scores.append(out[:, at : at + cardinality])
            at += cardinality
        return Reconstruction(out[:, : a.inputs], z, penalty, tuple(scores))


def parameters_of(model: nn.Module) -> int:
    """The number of trained numbers."""
    return sum(parameter.numel() for parameter in model.parameters())
