"""`RowNet`: an autoencoder of summary rows in numpy, so that scoring needs no torch."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hepack._errors import BadRequestError, CorruptFileError
from hepack.models.architecture import ACTIVATIONS, MAX_LAYERS, MAX_WIDTH
from hepack.models.normalise import Normaliser
from hepack.scoring.pieces import Floats, Pieces, Singles, singles_piece

if TYPE_CHECKING:
    from hepack.models.blocks import Stack
    from hepack.training.trained import Trained

CHUNK = 1024
"""Rows in one pass: what stays in a processor's cache."""

WIDEST = 20.0
"""Largest logarithm of a variance of a latent, as while training."""


@dataclass(frozen=True, eq=False)
class Dense:
    """Layers ``x @ weights + bias``, ``weights`` of shape ``(in, out)``, with an activation between them."""

    activation: str
    layers: tuple[tuple[Singles, Singles], ...]

    @classmethod
    def of(cls, stack: Stack, activation: str) -> Dense:
        """The layers of a trained stack without batch norm and linear path."""
        hidden: Any = stack.hidden
        linear = [*(layer.linear for layer in hidden), stack.output]
        arrays = [[np.array(part.detach().numpy()) for part in (one.weight, one.bias)] for one in linear]
        return cls(activation, tuple((np.ascontiguousarray(weight.T), bias) for weight, bias in arrays))

    def run(self, rows: Singles) -> Singles:
        """Shape ``(row, in)`` to ``(row, out)``."""
        for number, (weights, bias) in enumerate(self.layers):
            rows = rows @ weights + bias
            if number + 1 < len(self.layers):
                rows = _activated(self.activation, rows)
        return rows

    @property
    def widths(self) -> list[int]:
        return [self.layers[0][0].shape[0], *(len(bias) for _, bias in self.layers)]

    def pieces(self) -> list[bytes]:
        """Weights and biases."""
        return [singles_piece(array) for layer in self.layers for array in layer]

    @classmethod
    def from_pieces(cls, activation: str, widths: Any, pieces: Pieces) -> Dense:
        """Undo `pieces` and `widths`."""
        good = isinstance(widths, list) and 2 <= len(widths) <= MAX_LAYERS
        if not good or not all(type(width) is int and 1 <= width <= MAX_WIDTH for width in widths):
            raise CorruptFileError("a net of a detector has impossible layers")
        pairs = itertools.pairwise(widths)
        return cls(activation, tuple((pieces.singles(n, m), pieces.singles(m)) for n, m in pairs))


@dataclass(frozen=True, eq=False)
class RowNet:
    """``encoder`` gives the latent, or for a ``variational`` net its means and the logarithms of its variances."""

    normaliser: Normaliser
    encoder: Dense
    decoder: Dense
    variational: bool

    @classmethod
    def of(cls, trained: Trained) -> RowNet:
        """The arrays of a trained net of the plain or variational kind, without the options of `Architecture`."""
        a = trained.model.architecture
        plain = not (a.batch_norm or a.skip or a.folds or a.auxiliary or a.categories or a.branches)
        assert plain
        assert a.kind != "vector-quantised"
        stacks = [Dense.of(stack, a.activation) for stack in (trained.model.encoder, trained.model.decoder)]
        return cls(trained.normaliser, stacks[0], stacks[1], a.kind == "variational")

    @property
    def latent(self) -> int:
        return self.decoder.widths[0]

    def residuals(self, rows: Floats) -> Floats:
        """Reconstructed less given values of rows, both normalised, shape ``(row, column)``."""

        def run(x: Singles) -> Singles:
            return self.decoder.run(self.encoder.run(x)[:, : self.latent]) - x

        return self._chunked(run, rows, len(self.normaliser.scales))

    def means(self, rows: Floats) -> Floats:
        """The latent, shape ``(row, latent)``."""
        return self._chunked(lambda x: self.encoder.run(x)[:, : self.latent], rows, self.latent)

    def divergence(self, rows: Floats) -> Floats:
        """Of a variational latent from the standard normal (arXiv:1312.6114, eq. 10), shape ``(row,)``."""

        def run(x: Singles) -> Singles:
            coded = self.encoder.run(x)
            mean, spread = coded[:, : self.latent], np.clip(coded[:, self.latent :], -WIDEST, WIDEST)
            total = (mean**2 + np.exp(spread) - 1 - spread).sum(axis=1, keepdims=True)
            return np.asarray(total * np.float32(0.5))

        return self._chunked(run, rows, 1)[:, 0]

    def _chunked(self, run: Any, rows: Floats, width: int) -> Floats:
        found = np.empty((len(rows), width))
        with np.errstate(all="ignore"):  # the weights of a file may be anything
            for start in range(0, len(rows), CHUNK):
                made = run(self.normaliser.forward(rows[start : start + CHUNK]))
                found[start : start + CHUNK] = np.nan_to_num(made)
        return found

    def to_parts(self) -> tuple[dict[str, Any], list[bytes]]:
        """JSON, and arrays."""
        value = {
            "activation": self.encoder.activation, "variational": self.variational, "encoder": self.encoder.widths,
            "decoder": self.decoder.widths, "normaliser": self.normaliser.to_dict(),
        }  # fmt: skip
        return value, [*self.encoder.pieces(), *self.decoder.pieces()]

    @classmethod
    def from_parts(cls, value: Any, pieces: Pieces, columns: int) -> RowNet:
        """Undo `to_parts`, for rows of so many columns.

        Raises:
            CorruptFileError, LimitError: the parts are no such net.
        """
        match value:
            case {
                "activation": str(activation), "variational": bool(variational), "encoder": encoder,
                "decoder": decoder, "normaliser": dict(scales),
            } if activation in ACTIVATIONS:  # fmt: skip
                first, second = (Dense.from_pieces(activation, w, pieces) for w in (encoder, decoder))
            case _:
                raise CorruptFileError("the description of a net of a detector has a wrong form")
        try:
            normaliser = Normaliser.from_dict(scales)
        except BadRequestError as error:
            raise CorruptFileError(f"a net of a detector has a wrong normalisation: {error}") from None
        net = cls(normaliser, first, second, variational)
        coded = net.latent * (2 if variational else 1)
        ends = [first.widths[0], second.widths[-1], len(normaliser.scales)]
        if ends != [columns] * 3 or first.widths[-1] != coded:
            raise CorruptFileError("a net of a detector has other inputs or outputs than its rows")
        return net


def _activated(name: str, x: Singles) -> Singles:
    """The activations of `hepack.models.blocks.activation_of`."""
    if name == "tanh":
        return np.asarray(np.tanh(x))
    if name == "relu":
        return np.maximum(x, np.float32(0))
    if name == "leaky-relu":
        return np.asarray(np.maximum(x, np.float32(0.01) * x))
    if name == "elu":
        return np.where(x > 0, x, np.expm1(np.minimum(x, np.float32(0))))
    cubic = x + np.float32(0.044715) * (x * x * x)
    return np.asarray(np.float32(0.5) * x * (1 + np.tanh(np.float32(np.sqrt(2 / np.pi)) * cubic)))
