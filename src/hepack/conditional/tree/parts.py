"""`Line` and `Forest`: where a row's values lie, and how its distribution is bent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.conditional.tree.shapes import COEFFICIENTS

MAX_TREES = 64
MAX_DEPTH = 6
MAX_GRAIN = 8
MAX_LEAF = 127
MAX_TERMS = 16
NO_KNOT = -(1 << 31)


@dataclass(frozen=True)
class Line:
    """``(offset + sum of slope * max(column, knot)) >> 16``, modulo 2**64 before the shift: a bent line.

    ``places`` are columns of the model's own inputs: its used features, then the previous target, which
    counts 0 where there is no previous row. `NO_KNOT` bends nowhere.
    """

    places: NDArray[np.int64]
    knots: NDArray[np.int64]
    slopes: NDArray[np.int64]
    offset: int

    @classmethod
    def none(cls) -> Line:
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty, 0)

    def equals(self, other: Line) -> bool:
        """Whether both have the same terms."""
        return (
            np.array_equal(self.places, other.places)
            and np.array_equal(self.knots, other.knots)
            and np.array_equal(self.slopes, other.slopes)
        )

    def check(self, columns: int) -> None:
        if len(self.places) != len(self.slopes) or len(self.places) > MAX_TERMS:
            raise CorruptFileError("a tree model's line has too many terms")
        if len(self.places) and int(self.places.max()) >= columns:
            raise CorruptFileError("a tree model's line names a column that it does not have")


@dataclass(frozen=True)
class Forest:
    """Trees whose levels ask one question each, shared by all nodes of the level.

    ``columns`` and ``thresholds``, shape ``(tree, level)``: is the column's value over the threshold? The
    answers, first level on top, are the number of the leaf; ``leaves``, shape ``(tree, leaf, 8)``, has its
    coefficients, in units of ``grain / 32``, summed over the trees.
    """

    columns: NDArray[np.int64]
    thresholds: NDArray[np.int32]
    leaves: NDArray[np.int64]
    grain: int

    @classmethod
    def none(cls) -> Forest:
        return cls(
            np.zeros((0, 0), np.int64),
            np.zeros((0, 0), np.int32),
            np.zeros((0, 1, COEFFICIENTS), np.int64),
            1,
        )

    @property
    def packed(self) -> NDArray[np.uint64]:
        """The leaves as the loops add them up: four coefficients in 64 bits, each 128 too high; flat, first all
        of the first four, then all of the others. `MAX_TREES` of them stay within the 16 bits of each."""
        fields = (self.leaves.reshape(-1, 2, 4) + 128).astype(np.uint64) << (
            16 * np.arange(4, dtype=np.uint64)
        )
        return np.ascontiguousarray(fields.sum(axis=2, dtype=np.uint64).T).reshape(-1)

    @property
    def trees(self) -> int:
        return int(self.columns.shape[0])

    @property
    def depth(self) -> int:
        return int(self.columns.shape[1])

    def check(self, columns: int) -> None:
        if self.trees > MAX_TREES or self.depth > MAX_DEPTH or not 1 <= self.grain <= MAX_GRAIN:
            raise CorruptFileError("a tree model has too many or too deep trees")
        if self.columns.size and int(self.columns.max()) >= columns:
            raise CorruptFileError("a tree asks for a column that its model does not have")
        if self.leaves.size and int(np.abs(self.leaves).max()) > MAX_LEAF:
            raise CorruptFileError(f"a leaf's coefficient is over {MAX_LEAF}")
