"""Maps between values and integers that count from a prediction."""

from hepack.relations.centred.bare import Bare
from hepack.relations.centred.base import Centred
from hepack.relations.centred.bounded import Absolute, Relative
from hepack.relations.centred.choose import centred_candidates, rebuild_centred
from hepack.relations.centred.exact import Difference, Lattice, Mantissa, Ulps

__all__ = [
    "Absolute",
    "Bare",
    "Centred",
    "Difference",
    "Lattice",
    "Mantissa",
    "Relative",
    "Ulps",
    "centred_candidates",
    "rebuild_centred",
]
