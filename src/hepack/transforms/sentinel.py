"""Sentinels: values that repeat so often that they must mean something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 8
SAMPLE = 1 << 16


def sentinels(values: NDArray[Any], lossy: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
    """The sentinels among ``values``, shape ``(n,)``, that the map ``lossy`` would move.

    A default such as -999 or a saturated reading fills one percent of the entries or more (and at least
    16); users compare with ``==``, so it has to come back exactly. Of such values the eight most frequent
    count.
    """
    sample = values[:: max(1, len(values) // SAMPLE)]
    distinct, counts = np.unique(sample, return_counts=True)
    frequent = counts >= max(16, len(sample) // 100)
    distinct, counts = distinct[frequent], counts[frequent]
    moved = lossy(distinct) != distinct
    distinct, counts = distinct[moved], counts[moved]
    return np.asarray(distinct[np.argsort(-counts, kind="stable")][:MOST])
