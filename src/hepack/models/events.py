"""Whole-event networks: one latent for an event of any number of objects, in objects that lie flat.

Events come as ``objects (object, variable)`` by falling pt and ``counts (event,)``; nothing is padded for Deep Sets
(Zaheer et al., arXiv:1703.06114) and the GRU (Cho et al., arXiv:1406.1078, by packed sequences); attention
(Vaswani et al., arXiv:1706.03762) pads to the longest event of a batch and masks, so batch events of like length.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from hepack._errors import BadRequestError
from hepack.models.autoencoder import Reconstruction
from hepack.models.blocks import Stack

Reader = Literal["gru", "deep-sets", "attention"]
READERS: tuple[str, ...] = get_args(Reader)
MAX_RANK = 64


class EventAutoencoder(nn.Module):
    """Reads all objects of an event into one latent; writes each object from the latent and its rank.

    ``kinds`` counts the kinds of objects (jet, electron ...), embedded on the way in, scores on the way out.
    """

    def __init__(
        self, variables: int, latent: int, *, reader: str = "gru", width: int = 64, kinds: int = 0
    ) -> None:
        super().__init__()
        if reader not in READERS:
            raise BadRequestError(f"there is no reader '{reader}'; choose one of {', '.join(READERS)}")
        self.variables, self.latent, self.kinds, self.name = variables, latent, kinds, reader
        self.kind_table = nn.Embedding(kinds, 4) if kinds else None
        inputs = variables + (4 if kinds else 0)
        self.rank_table = nn.Embedding(MAX_RANK, 8)
        if reader == "gru":
            self.gru = nn.GRU(inputs, width, batch_first=True)
        else:
            self.phi = Stack(inputs, (width,), width, activation="gelu", batch_norm=False, skip=False)
        if reader == "attention":
            self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        joined = 2 * width if reader != "gru" else width
        self.to_latent = nn.Linear(joined + 1, latent)
        options = {"activation": "gelu", "batch_norm": False, "skip": False}
        self.writer = Stack(latent + 8, (width, width), variables + kinds, **options)  # type: ignore[arg-type]

    def _inputs(self, objects: Tensor, kinds: Tensor | None) -> Tensor:
        if self.kind_table is None or kinds is None:
            return objects
        return torch.cat([objects, self.kind_table(kinds)], 1)

    def encode(self, objects: Tensor, counts: Tensor, kinds: Tensor | None = None) -> Tensor:
        """The latents of events, shape ``(event, latent)``; an event without objects has one too."""
        inputs = self._inputs(objects, kinds)
        if self.name == "gru":
            read = self._recurrent(inputs, counts)
        else:
            parts = self.phi(inputs)
            if self.name == "attention":
                parts = self._attended(parts, counts)
            read = self._pooled(parts, counts)
        coded: Tensor = self.to_latent(torch.cat([read, counts[:, None].to(read.dtype) / 8], 1))
        return coded

    def _recurrent(self, inputs: Tensor, counts: Tensor) -> Tensor:
        filled = torch.nonzero(counts > 0)[:, 0]
        out = inputs.new_zeros(len(counts), self.gru.hidden_size)
        if not len(filled):
            return out
        sequences = torch.split(inputs, counts[filled].tolist())
        packed = nn.utils.rnn.pack_sequence(list(sequences), enforce_sorted=False)
        _, state = self.gru(packed)
        return out.index_copy(0, filled, state[0])

    def _pooled(self, parts: Tensor, counts: Tensor) -> Tensor:
        """Sum and mean over the objects of each event."""
        event = owners(counts)
        total = parts.new_zeros(len(counts), parts.shape[1]).index_add(0, event, parts)
        return torch.cat([total / 8, total / counts.clamp(min=1)[:, None]], 1)

    def _attended(self, parts: Tensor, counts: Tensor) -> Tensor:
        if not len(parts):
            return parts
        event, rank = owners(counts), ranks(counts)
        longest = int(counts.max())
        padded = parts.new_zeros(len(counts), longest, parts.shape[1])
        padded = padded.index_put((event, rank), parts)
        absent = torch.arange(longest)[None] >= counts[:, None]
        absent[counts == 0] = False  # an event without objects attends to zeros, and is not read below
        mixed, _ = self.attention(padded, padded, padded, key_padding_mask=absent, need_weights=False)
        out: Tensor = parts + mixed[event, rank]
        return out

    def decode(self, latent: Tensor, counts: Tensor) -> Tensor:
        """The objects, shape ``(object, variable + kinds)``, in the order of their ranks."""
        rank = ranks(counts).clamp(max=MAX_RANK - 1)
        written: Tensor = self.writer(torch.cat([latent[owners(counts)], self.rank_table(rank)], 1))
        return written

    def forward(self, objects: Tensor, counts: Tensor, kinds: Tensor | None = None) -> Reconstruction:
        """Encode and decode; ``output`` has shape ``(object, variable)``."""
        latent = self.encode(objects, counts, kinds)
        out = self.decode(latent, counts)
        scores = (out[:, self.variables :],) if self.kinds else ()
        return Reconstruction(out[:, : self.variables], latent, latent.new_zeros(len(latent)), scores)


def owners(counts: Tensor) -> Tensor:
    """The event of each object."""
    return torch.repeat_interleave(torch.arange(len(counts)), counts)


def ranks(counts: Tensor) -> Tensor:
    """The place of each object in its event."""
    starts = torch.cumsum(counts, 0) - counts
    return torch.arange(int(counts.sum())) - starts[owners(counts)]
