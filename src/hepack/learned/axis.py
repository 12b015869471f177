"""Where the rows of an axis lie among their siblings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack.relations import View
from hepack.table import EVENTS

Int64s = NDArray[np.int64]


def ranks(view: View, axis: str) -> Int64s:
    """The place of each entry among its siblings, from 0; on the event axis all are the first."""
    if axis == EVENTS:
        return np.zeros(view.n_events, np.int64)
    offsets = view.offsets(axis)
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))


def firsts(view: View, axis: str) -> NDArray[np.bool_]:
    """Rows without a row before them to look at: an entry's first object, a block's first event."""
    if axis == EVENTS:
        first = np.zeros(view.n_events, np.bool_)
        first[:1] = True
        return first
    offsets = view.offsets(axis)
    first = np.zeros(int(offsets[-1]), np.bool_)
    first[offsets[:-1][np.diff(offsets) > 0]] = True
    return first
