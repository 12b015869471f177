"""`Cell`: which values of a column count as one, when another column is to decide between them.

Who checks a file against its original must find the same cells, on any machine: so all that is computed here
are single IEEE-754 operations, no function of a mathematical library.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """``kind`` "" : equal values; "step": those that ``first / second`` rounds to one integer times it; "ratio":
    those within the same ``first`` of binary octaves, where 2**-second is the lower end of one of them."""

    kind: str = ""
    first: float = 1.0
    second: float = 1.0

    KINDS: ClassVar[tuple[str, ...]] = ("", "step", "ratio")

    def __post_init__(self) -> None:
        good = self.kind in self.KINDS and math.isfinite(self.second) and 0 < self.first < math.inf
        if not good or (self.kind == "step" and not 0 < self.second / self.first < math.inf):
            raise BadInputError(f"a cell {self.kind[:20]!r} of {self.first} and {self.second} is none")

    def numbers(self, values: NDArray[Any]) -> NDArray[Any]:
        """Numbers that rise with the values, the same for values of one cell; NaN stays NaN."""
        if not self.kind or values.dtype.kind != "f":
            return values
        wide = values.astype(np.float64)
        with np.errstate(all="ignore"):
            if self.kind == "step":
                return np.rint(wide * (self.second / self.first))
            magnitude = np.abs(wide)
            level = np.floor((_log2(magnitude) + self.second) / self.first)
            level = np.where(np.isfinite(magnitude), level + _FAR, magnitude)
            return np.where(wide == 0, 0.0, np.where(wide < 0, -level, level))


_FAR = 2.0**52
"""More than any level, so that those of numbers below one rise with them as well."""

_MIDDLE = 0.7071067811865476
_TERMS = (
    2.8853900817779268,
    0.9617966939259757,
    0.5770780163555853,
    0.41219858311113244,
    0.3205988979753252,
    0.2623081892525388,
    0.2219530832136867,
    0.19235933878519512,
)
"""2 / ((2 k + 1) ln 2), as literals: a logarithm might differ by a bit elsewhere."""


def _log2(values: Floats) -> Floats:
    """The binary logarithm to about 1e-13, by the series of the inverse hyperbolic tangent."""
    mantissa, exponent = np.frexp(values)
    s = (mantissa - _MIDDLE) / (mantissa + _MIDDLE)
    square = s * s
    total = np.full_like(s, _TERMS[-1])
    for term in reversed(_TERMS[:-1]):
        total = total * square + term
    result: Floats = exponent + (total * s - 0.5)
    return result
