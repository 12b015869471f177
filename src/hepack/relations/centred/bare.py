"""The prediction as it is: nothing is coded beside it, and nothing promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hepack.relations.centred.base import finite
from hepack.transforms import Symbols

FAR = (1 << 62) - 1
"""The symbol of a value outside the range: no base is above it, so that it is stored exactly."""


@dataclass(frozen=True)
class Bare:
    """``y = predicted``, kept within ``[low, high]``, for every symbol; values outside are none of its business."""

    low: float
    high: float
    tag: ClassVar[str] = "bare"

    def forward(self, values: NDArray[Any], predicted: NDArray[Any]) -> Symbols:
        inside = (values >= self.low) & (values <= self.high)
        return np.where(inside, 0, FAR).astype(np.int64)

    def inverse(self, symbols: Symbols, predicted: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        with np.errstate(all="ignore"):
            return np.minimum(np.maximum(finite(predicted), self.low), self.high).astype(dtype)

    def settings(self) -> list[Any]:
        return [self.low, self.high]
