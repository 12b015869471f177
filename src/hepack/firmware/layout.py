"""What a trigger net reads: how many objects of each kind, and the hardware's units."""

from __future__ import annotations

import math
from dataclasses import dataclass

OBJECTS = {57: (1, 4, 4, 10), 42: (1, 4, 4, 5)}
"""Number of inputs -> how many of missing momentum, electrons, muons, jets; each is pt, eta, phi."""


@dataclass(frozen=True)
class Units:
    """Hardware units. ``pt`` in GeV, ``eta``, and ``phi`` in rad per count; ``pt_bits`` of the saturated pt.

    The defaults are those of the CMS Level-1 global trigger (CMS-TDR-021): 0.5 GeV, 0.087/2, 2 pi/144.
    """

    pt: float = 0.5
    eta: float = 0.0435
    phi: float = 2 * math.pi / 144
    pt_bits: int = 9

    @property
    def bounds(self) -> tuple[tuple[int, int], ...]:
        """The range of pt, eta and phi in counts."""
        return (0, (1 << self.pt_bits) - 1), (-127, 127), (-72, 72)


CMS_UNITS = Units()
