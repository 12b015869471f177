"""Maps between the values of a column and integer symbols."""

from hepack.transforms.base import Symbols, Transform
from hepack.transforms.exact import Dictionary, Identity, OrderedBits
from hepack.transforms.grid import Digits, Ratio, Steps
from hepack.transforms.lattice import candidates
from hepack.transforms.sentinel import sentinels
from hepack.transforms.stored import rebuild

__all__ = [
    "Dictionary",
    "Digits",
    "Identity",
    "OrderedBits",
    "Ratio",
    "Steps",
    "Symbols",
    "Transform",
    "candidates",
    "rebuild",
    "sentinels",
]
