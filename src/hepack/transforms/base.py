"""`Transform`: values of one column to integer symbols and back.

``forward`` runs at pack time only and may use any arithmetic; its result is always checked by
``inverse``. ``inverse`` is what a decoder repeats: integer operations and single IEEE-754
operations (+ - x /), no library function whose last bit may differ between machines.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Symbols = NDArray[np.int64]


class Transform(Protocol):
    """Settings of one column's map to integers. ``tag`` names it in the file."""

    tag: ClassVar[str]

    def forward(self, values: NDArray[Any]) -> Symbols:
        """Values, shape ``(n,)`` and finite, to symbols. Values it cannot map give any symbol."""

    def inverse(self, symbols: Symbols, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Symbols, shape ``(n,)``, to values of ``dtype``."""

    def settings(self) -> list[Any]:
        """Plain numbers that, with `tables`, rebuild an equal transform (see `rebuild`)."""

    def tables(self) -> list[Symbols]:
        """Integer arrays that belong to the settings and are coded like symbols (mostly none)."""
