"""Maps between the values of a column and integer symbols."""

from hepack.transforms.base import Symbols, Transform
from hepack.transforms.estimate import estimate_bits
from hepack.transforms.exact import Dictionary, Identity, OrderedBits, exact_transform
from hepack.transforms.grid import Digits, Ratio, Steps
from hepack.transforms.lattice import MANTISSA_BITS, candidates
from hepack.transforms.sentinel import sentinels
from hepack.transforms.stored import rebuild

__all__ = [
    "MANTISSA_BITS",
    "Dictionary",
    "Digits",
    "Identity",
    "OrderedBits",
    "Ratio",
    "Steps",
    "Symbols",
    "Transform",
    "candidates",
    "estimate_bits",
    "exact_transform",
    "rebuild",
    "sentinels",
]
