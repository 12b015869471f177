"""`Conditional`: what every learned coder of a column of integers offers, whatever is inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.int32]
"""Shape ``(row, feature)``, each value within +-(2**24 - 1); what a missing one means is up to the caller."""

Targets = NDArray[np.int64]
"""Shape ``(row,)``: any int64."""

MAX_FEATURE = (1 << 24) - 1


@dataclass(frozen=True)
class Problem:
    """A column to learn, on a sample of rows.

    ``first`` (bool, shape ``(row,)``) marks rows that have no previous row to look at (an event's first
    object); None where rows are independent. A model may use the target of the row before only where
    ``first`` is False. ``rows`` is how many rows the model will be used for, against which its bytes count.
    """

    features: Features
    targets: Targets
    rows: int
    first: NDArray[np.bool_] | None = None


class Conditional(Protocol):
    """A fitted model of a column. Immutable; the same bytes and values on every machine."""

    tag: ClassVar[str]

    @property
    def used(self) -> tuple[int, ...]:
        """The features that it reads, ascending; the others may hold anything."""
        ...

    @property
    def lagged(self) -> bool:
        """Whether it looks at the previous row's target, so that rows must come in order, with ``first``."""
        ...

    def encode(self, features: Features, targets: Targets, first: NDArray[np.bool_] | None = None) -> bytes:
        """Code the targets; any int64 can be coded, an unlikely one at the price of an escape."""
        ...

    def decode(
        self, features: Features, data: bytes | memoryview, first: NDArray[np.bool_] | None = None
    ) -> Targets:
        """The targets again, one for each row of ``features``.

        Raises:
            CorruptFileError: the data are not such a stream of that many rows.
        """
        ...

    def bits(
        self, features: Features, targets: Targets, first: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """The code length of each row, in bits; for choosing and scoring, never for decoding."""
        ...

    def to_bytes(self) -> bytes:
        """A compact form; `from_bytes` gives an equal object back."""
        ...

    @classmethod
    def from_bytes(cls, data: bytes, features: int) -> Self:
        """Undo `to_bytes`, for rows of so many features.

        Raises:
            CorruptFileError, LimitError: the data are not such a model.
        """
        ...
