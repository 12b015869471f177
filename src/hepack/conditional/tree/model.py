"""`Tree`: a column of integers given others, by a line, and a few trees that bend a distribution over cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, LimitError, TruncatedFileError
from hepack.conditional.base import Features, Targets
from hepack.conditional.tree.cells import Cells
from hepack.conditional.tree.engine import coding_loops
from hepack.conditional.tree.inputs import Inputs
from hepack.conditional.tree.parts import Forest, Line
from hepack.conditional.tree.shapes import logits_of
from hepack.conditional.tree.store import read_model, write_model
from hepack.entropy.packing import as_words, pack_classes, read_varint, varint
from hepack.entropy.rans import LOW_STATE, MAX_SYMBOLS, lanes_for

_NO_BITS = np.zeros(256, np.uint64)

Firsts = NDArray[np.bool_]


@dataclass(frozen=True)
class Tree:
    """A fitted model; `docs/trees.md` has its equations and bytes.

    ``used`` are the features that it reads, ascending; ``lagged`` says that the previous row's target is a
    further input. ``line`` and ``forest`` name columns by their place among these.
    """

    tag: ClassVar[str] = "t"

    used: tuple[int, ...]
    lagged: bool
    line: Line
    cells: Cells
    forest: Forest

    def encode(self, features: Features, targets: Targets, first: Firsts | None = None) -> bytes:
        """Code the targets, shape ``(row,)``; any int64 can be coded."""
        if len(features) != len(targets):
            raise BadRequestError(
                f"{len(targets)} targets need as many rows of features, got {len(features)}"
            )
        if len(targets) == 0:
            return b""
        cell, place, starts, sizes = self._intervals(features, targets, first)
        states = np.full(lanes_for(len(targets)), LOW_STATE, np.int64)
        words = np.empty(len(targets), np.uint16)
        at = coding_loops().push(starts, sizes, states, words)
        low = pack_classes(place, cell.astype(np.uint16), _NO_BITS, self.cells.sizes)
        head = varint(len(words) - at) + states.astype("<u4").tobytes()
        return head + words[at:].astype("<u2", copy=False).tobytes() + low

    def decode(self, features: Features, data: bytes | memoryview, first: Firsts | None = None) -> Targets:
        """The targets again, one for each row of ``features``.

        Raises:
            CorruptFileError: the data are not such a stream of that many rows.
        """
        n = len(features)
        if n > MAX_SYMBOLS:
            raise LimitError(f"a stream claims {n} rows, the cap is {MAX_SYMBOLS}")
        if n == 0 or not len(data):
            if n or len(data):
                raise CorruptFileError(f"a stream of {n} rows has {len(data)} bytes")
            return np.zeros(0, np.int64)
        data = memoryview(data)
        count, at = read_varint(data, 0)
        body = at + 4 * lanes_for(n)
        if count > n or body + 2 * count > len(data):
            raise TruncatedFileError("a stream of a tree model ends early")
        states = np.frombuffer(data, "<u4", lanes_for(n), at).astype(np.int64)
        if (states < LOW_STATE).any():
            raise CorruptFileError("a stream of a tree model starts in an impossible state")
        words = np.frombuffer(data, "<u2", count, body).astype(np.uint16)
        values, used, bits = self._pop(features, first, words, states, data[body + 2 * count :])
        if used < 0 or bits < 0:
            raise TruncatedFileError("a stream of a tree model ends early")
        low = data[body + 2 * count :]
        if used != count or (states != LOW_STATE).any() or (bits + 7) // 8 != len(low):
            raise CorruptFileError("a stream of a tree model does not end as it should")
        if bits % 8 and low[-1] >> (bits % 8):
            raise CorruptFileError("a stream of a tree model is followed by padding that is not zero")
        return values

    def bits(self, features: Features, targets: Targets, first: Firsts | None = None) -> NDArray[np.float64]:
        """The code length of each row in bits."""
        if len(targets) == 0:
            return np.zeros(0)
        cell, _, _, sizes = self._intervals(features, targets, first)
        bits: NDArray[np.float64] = 16.0 - np.log2(sizes) + self.cells.sizes.astype(np.float64)[cell]
        return bits

    def to_bytes(self) -> bytes:
        return write_model(self.used, self.lagged, self.line, self.cells, self.forest)

    @classmethod
    def from_bytes(cls, data: bytes, features: int) -> Self:
        """Undo `to_bytes`, for rows of so many features.

        Raises:
            CorruptFileError, LimitError: the data are not such a model.
        """
        return cls(*read_model(data, features))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    @cached_property
    def _trees(self) -> tuple[Any, ...]:
        """Columns, thresholds, packed leaves, depth, number and grain of the trees, base,
        shapes, their number and that of the cells."""
        forest, cells = self.forest, self.cells
        base, shapes = logits_of(cells.heights, len(cells.relative), cells.polynomials)
        return (
            forest.columns.astype(np.uint64).reshape(-1),
            np.ascontiguousarray(forest.thresholds).reshape(-1),
            forest.packed,
            forest.depth,
            forest.trees,
            forest.grain,
            base,
            shapes.reshape(-1),
            len(shapes),
            len(cells.heights),
        )

    @property
    def _line(self) -> tuple[Any, ...]:
        line = self.line
        return line.places.astype(np.uint64), line.knots, line.slopes, line.offset

    def _intervals(self, features: Features, targets: Targets, first: Firsts | None) -> tuple[Any, ...]:
        """Each row's cell and place in it, and where the cell starts and how large it is among 2**16 slots."""
        targets = np.ascontiguousarray(targets, np.int64)
        inputs = Inputs.of(features, self.used, first if self.lagged else None, self.lagged)
        previous = inputs.fill(targets) if self.lagged else None
        line = np.empty(len(targets), np.int64)
        coding_loops().locate(inputs.columns.reshape(-1), *self._line, line)
        cell, place = self.cells.assign(targets, line, previous)
        starts, sizes = np.empty(len(targets), np.int32), np.empty(len(targets), np.int32)
        coding_loops().intervals(inputs.columns.reshape(-1), *self._trees, cell, starts, sizes)
        return cell, place, starts, sizes

    def _pop(
        self,
        features: Features,
        first: Firsts | None,
        words: NDArray[np.uint16],
        states: NDArray[np.int64],
        low: memoryview,
    ) -> tuple[Targets, int, int]:
        inputs = Inputs.of(features, self.used, first if self.lagged else None, self.lagged)
        values = np.empty(len(features), np.int64)
        cells = self.cells
        used, bits = coding_loops().decode(
            inputs.columns.reshape(-1), len(self.used) if self.lagged else -1, inputs.first, *self._trees,
            *self._line, cells.lowers, cells.sizes, cells.kinds, words, len(words), states, as_words(low),
            np.uint64(8 * len(low)), values,
        )  # fmt: skip
        return values, int(used), int(bits)
