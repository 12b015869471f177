"""Train learned coders, autoencoders and trigger nets. torch is imported on the first fit, not with this package."""

from hepack.training.fit import fit_mlps

__all__ = ["fit_mlps"]
