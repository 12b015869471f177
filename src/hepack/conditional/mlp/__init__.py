"""The learned coder "m": a small net of integers gives each row's mixture of discretised logistics."""

from hepack.conditional.mlp.model import Mlp, MlpDecoder

__all__ = ["Mlp", "MlpDecoder"]
