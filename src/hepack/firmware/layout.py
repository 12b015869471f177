"""What a trigger net reads: how many objects of each kind, and the hardware's units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

OBJECTS = {57: (1, 4, 4, 10), 42: (1, 4, 4, 5)}
"""Number of inputs -> how many of missing momentum, electrons, muons, jets; each is pt, eta, phi."""


Number = TypeVar("Number", np.int32, np.float32)


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


def sort_objects(events: NDArray[Number], kinds: tuple[int, ...]) -> NDArray[Number]:
    """Electrons, muons and jets each by falling pt, in events of shape ``(event, object, 3)``; see `OBJECTS`."""
    out = events.copy()
    start = kinds[0]
    for number in kinds[1:]:
        block = events[:, start : start + number]
        order = np.argsort(-block[..., 0], axis=1, kind="stable")
        out[:, start : start + number] = np.take_along_axis(block, order[..., None], axis=1)
        start += number
    return out
