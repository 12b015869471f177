"""Coding objects in waves by their rank, so that each may look at the object before it.

First every owner's first object, then every second one, and so on: all rows of a wave are decoded at
once, with the targets of the wave before as one more feature.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hepack.conditional import Features, Targets
from hepack.conditional.base import MAX_FEATURE

Int64s = NDArray[np.int64]


class Decoder(Protocol):
    """Decodes a stream part by part."""

    def next(self, features: Features) -> Targets:
        """The targets of the next rows."""
        ...

    def finish(self) -> None:
        """Check that the stream ends here."""
        ...


def waves_of(ranks: Int64s) -> tuple[Int64s, Int64s]:
    """The rows in the order of the waves, and where each wave starts, the end included."""
    if len(ranks) == 0:
        return np.zeros(0, np.int64), np.zeros(1, np.int64)
    small = int(ranks.max()) < 1 << 16  # numpy sorts narrow integers by radix
    order = np.argsort(ranks.astype(np.uint16) if small else ranks, kind="stable")
    return order, np.concatenate([[0], np.cumsum(np.bincount(ranks))])


def lag(targets: Targets, rows: Int64s, shift: int, missing: int) -> NDArray[np.int32]:
    """What rows see of the row before: its target shifted right, within the range of a feature."""
    before = np.clip(targets[rows - 1] >> shift, -MAX_FEATURE, MAX_FEATURE)
    return np.asarray(np.where(rows > 0, before, missing), np.int32)


def with_lag(
    features: Features, place: int, targets: Targets, ranks: Int64s, shift: int, missing: int
) -> Features:
    """The features with column ``place`` filled from targets that are known."""
    filled = features.copy()
    rows = np.arange(len(targets))
    filled[:, place] = np.where(ranks > 0, lag(targets, rows, shift, missing), missing)
    return filled


def decode_waves(
    decoder: Decoder, features: Features, place: int, ranks: Int64s, shift: int, missing: int
) -> Targets:
    """Undo the coding of rows in the order of `waves_of` with the features of `with_lag`.

    Raises:
        CorruptFileError: the stream does not hold them.
    """
    order, starts = waves_of(ranks)
    targets = np.zeros(len(ranks), np.int64)
    columns = np.ascontiguousarray(features.T)
    for wave in range(len(starts) - 1):
        rows = order[starts[wave] : starts[wave + 1]]
        part = np.take(columns, rows, axis=1).T
        part[:, place] = lag(targets, rows, shift, missing) if wave else missing
        targets[rows] = decoder.next(part)
    decoder.finish()
    return targets
