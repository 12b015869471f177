"""`Sample`: one table of one file, as a comparison reads it; and the row digests that find duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.results import Floats, SampleInfo
from hepack.table import Schema
from hepack.table.table import EventTable

Words = NDArray[np.uint64]
KEPT_DIGESTS = 8 << 20


class Sample(Protocol):
    """A table that can be read more than once, block by block."""

    @property
    def info(self) -> SampleInfo: ...

    @property
    def schema(self) -> Schema: ...

    def blocks(self) -> Iterator[EventTable]:
        """All events in order."""
        ...


@dataclass
class Thinned:
    """Every ``stride``-th row of a stream of rows, the stride doubling whenever ``cap`` rows are reached.

    Streams of equal length keep the same rows, so samples of two files stay paired.
    """

    cap: int
    width: int
    stride: int = 1
    seen: int = 0
    parts: list[Floats] = field(default_factory=list)
    held: int = 0

    def add(self, columns: list[Floats], count: int) -> None:
        """Add ``count`` rows given as columns."""
        first = -self.seen % self.stride
        self.seen += count
        if first < count and self.width:
            taken = np.stack([column[first :: self.stride] for column in columns], axis=1)
            self.parts.append(taken)
            self.held += len(taken)
        while self.held > self.cap:
            rows = np.concatenate(self.parts)[::2]
            self.parts, self.held, self.stride = [rows], len(rows), self.stride * 2

    @property
    def rows(self) -> Floats:
        """Shape ``(row, column)``."""
        if not self.parts:
            return np.zeros((0, self.width))
        self.parts = [np.concatenate(self.parts)]
        return self.parts[0]


@dataclass
class Digests:
    """64-bit digests of rows; above `KEPT_DIGESTS` of them only those below a falling limit are kept, so that
    duplicates are still counted without bias."""

    parts: list[Words] = field(default_factory=list)
    held: int = 0
    seen: int = 0
    limit: int = 1 << 64

    def add(self, digests: Words) -> None:
        """Add the digests of a block's rows, in order."""
        self.seen += len(digests)
        if self.limit < 1 << 64:
            digests = digests[digests < np.uint64(self.limit)]
        self.parts.append(digests)
        self.held += len(digests)
        while self.held > KEPT_DIGESTS:
            self.limit //= 2
            kept = np.concatenate(self.parts)
            kept = kept[kept < np.uint64(self.limit)]
            self.parts, self.held = [kept], len(kept)

    @property
    def complete(self) -> bool:
        """Whether every row's digest is there, in order."""
        return self.limit == 1 << 64

    def all(self) -> Words:
        """What was kept."""
        return np.concatenate(self.parts) if self.parts else np.zeros(0, np.uint64)

    def duplicates(self) -> int:
        """Rows that repeat an earlier row; an estimate where the digests were thinned."""
        kept = self.all()
        repeats = len(kept) - len(np.unique(kept))
        return repeats if self.complete else round(repeats * (1 << 64) / self.limit)

    def repeats(self) -> NDArray[np.bool_]:
        """Which rows repeat an earlier one. Needs `complete`."""
        kept = self.all()
        mask = np.ones(len(kept), bool)
        mask[np.unique(kept, return_index=True)[1]] = False
        return mask


def row_digests(columns: list[NDArray[Any]], seed: Words | None = None) -> Words:
    """A digest of each row of some columns of equal length (any dtype, any shape after the first axis)."""
    count = len(columns[0])
    state = np.full(count, 0x9E3779B97F4A7C15, np.uint64) if seed is None else seed.copy()
    for column in columns:
        flat = np.ascontiguousarray(column.reshape(count, -1)) if count else column.reshape(0, 1)
        for place in range(min(flat.shape[1], 8)):
            bits = np.ascontiguousarray(flat[:, place])
            if bits.dtype.kind != "u":
                bits = bits.view(np.dtype(f"u{bits.dtype.itemsize}"))
            state ^= bits.astype(np.uint64)
            state *= np.uint64(0xFF51AFD7ED558CCD)
            state ^= state >> np.uint64(32)
    return state
