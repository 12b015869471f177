"""`Cells`: the outcomes that a model's probabilities are about; each holds a power of two of values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.conditional.tree.engine import coding_loops
from hepack.entropy.packing import UInt64s

MAX_CELLS = 256
MAX_HEIGHT = 248
ABSOLUTE, RELATIVE, COPY = 0, 1, 2

Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """A cell holds the values ``lower .. lower + 2**width - 1``, added to the line's value if it is relative.

    In this order: ``relative`` cells with lowers that rise, absolute cells of one value, the copy of the
    previous row's target if ``copies``, and the escape, which holds every int64. ``heights`` has one entry for
    each of them: how far its base weight lies below the top, in eighths of an octave. ``polynomials`` is how
    many of the shapes are polynomials.

    Raises:
        CorruptFileError: the parts contradict each other.
    """

    relative: Int64s
    widths: Int64s
    absolute: Int64s
    copies: bool
    heights: Int64s
    polynomials: int

    def __post_init__(self) -> None:
        if len(self.heights) != len(self.relative) + len(self.absolute) + self.copies + 1:
            raise CorruptFileError("a tree model has not one height for each of its cells")
        if len(self.heights) > MAX_CELLS or int(self.heights.min()) < 0:
            raise CorruptFileError("a tree model has too many cells or a height below zero")
        if int(self.heights.max()) > MAX_HEIGHT or int(self.heights.min()) != 0:
            raise CorruptFileError(f"a tree model's heights are not within 0 and {MAX_HEIGHT}")
        if len(self.widths) and not 0 <= int(self.widths.min()) <= int(self.widths.max()) <= 63:
            raise CorruptFileError("a cell's width is not within 0 to 63 bits")
        if (self.relative[1:] <= self.relative[:-1]).any():
            raise CorruptFileError("the cells of a tree model do not rise")

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """What each cell's lower is added to."""
        kinds = np.full(len(self.heights), ABSOLUTE, np.uint8)
        kinds[: len(self.relative)] = RELATIVE
        if self.copies:
            kinds[-2] = COPY
        return kinds

    @property
    def lowers(self) -> Int64s:
        spare = np.zeros(1 + self.copies, np.int64)
        return np.concatenate([self.relative, self.absolute, spare])

    @property
    def sizes(self) -> UInt64s:
        """The width of every cell in bits."""
        sizes = np.zeros(len(self.heights), np.uint64)
        sizes[: len(self.relative)] = self.widths
        sizes[-1] = 64
        return sizes

    def assign(
        self, targets: Int64s, line: Int64s, previous: Int64s | None
    ) -> tuple[NDArray[np.uint8], UInt64s]:
        """The cell of every target and the target's place in it; a copy, then a single value, goes first.

        ``line`` is added to relative cells; ``previous`` is what a copy would give, needed if there are copies.
        """
        cell = np.full(len(targets), len(self.heights) - 1, np.uint8)
        place = targets.view(np.uint64).copy()
        if len(self.relative):
            widths = self.widths.astype(np.uint64)
            coding_loops().assign(targets, line, self.relative, widths, cell, place)
        if len(self.absolute):
            order = np.argsort(self.absolute, kind="stable")
            at = np.minimum(np.searchsorted(self.absolute, targets, sorter=order), len(order) - 1)
            found = self.absolute[order[at]] == targets
            cell[found] = len(self.relative) + order[at[found]]
            place[found] = 0
        if self.copies and previous is not None:
            found = targets == previous
            cell[found] = len(self.heights) - 2
            place[found] = 0
        return cell, place
