"""`Centred`: values to integers relative to a prediction, so that 0 means "as predicted"."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from hepack.transforms import Symbols


class Centred(Protocol):
    """Settings of such a map. ``tag`` names it in the file.

    ``predicted`` is what `Relation.predict` gives: float64 with NaN, or int64 with `NOTHING`, where
    there is no prediction; there the symbols count from a fixed place.
    """

    tag: ClassVar[str]

    def forward(self, values: NDArray[Any], predicted: NDArray[Any]) -> Symbols:
        """Values, shape ``(n,)``, to symbols; any arithmetic. Values it cannot map give any symbol."""

    def inverse(self, symbols: Symbols, predicted: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Symbols to values of ``dtype``: what a decoder repeats, defined for any symbols."""

    def settings(self) -> list[Any]:
        """Plain numbers from which `rebuild_centred` makes an equal map."""


def finite(predicted: NDArray[Any]) -> NDArray[np.float64]:
    """Predictions as float64, 0 where there is none (or an infinite one)."""
    values = predicted.astype(np.float64)
    return np.where(np.isfinite(values), values, 0.0)
