"""`Alphabet`: the values of a stream that have a rank, ascending; all others are escapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError, LimitError
from hepack.conditional.base import Targets
from hepack.entropy.bins import decode_sized, encode_sized
from hepack.entropy.packing import read_varint, unzigzag, varint, zigzag

MAX_VALUES = (1 << 16) - 1
_FEW = 1 << 12
"""Up to so many distinct values all have a rank; of more, those that occur once have none."""

Int64s = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Alphabet:
    """``values``, shape ``(rank,)``, strictly ascending; the rank ``len(values)`` is the escape."""

    values: Int64s

    @classmethod
    def of(cls, targets: Targets) -> Alphabet:
        values, counts = np.unique(targets, return_counts=True)
        if len(values) > _FEW:
            values, counts = values[counts > 1], counts[counts > 1]
        if len(values) > MAX_VALUES:
            kept = np.argsort(-counts, kind="stable")[:MAX_VALUES]
            values = np.sort(values[kept])
        return cls(values)

    @property
    def bits(self) -> int:
        """Bits of a rank."""
        return max(1, len(self.values).bit_length())

    def ranks(self, targets: Targets) -> tuple[Int64s, Targets]:
        """The rank of each target, and the targets that escape."""
        places = np.searchsorted(self.values, targets)
        known = places < len(self.values)
        known[known] = self.values[places[known]] == targets[known]
        return np.where(known, places, len(self.values)), targets[~known]

    def targets(self, ranks: Int64s, escaped: Targets) -> Targets:
        """Undo `ranks`.

        Raises:
            CorruptFileError: there are not as many escapes as ranks that ask for one.
        """
        places = np.flatnonzero(ranks == len(self.values))
        if len(places) != len(escaped) or int(ranks.max(initial=0)) > len(self.values):
            raise CorruptFileError("the ranks of a stream contradict its escapes")
        targets = np.append(self.values, np.int64(0))[ranks]
        targets[places] = escaped
        return targets

    def to_bytes(self) -> bytes:
        if not len(self.values):
            return varint(0)
        steps = np.diff(self.values.view(np.uint64)).view(np.int64)  # modulo 2**64
        head = varint(len(self.values)) + varint(int(zigzag(self.values[:1])[0]))
        return head + encode_sized(steps)

    @classmethod
    def read(cls, data: memoryview) -> tuple[Alphabet, int]:
        """The alphabet at the start of a stream, and where it ends.

        Raises:
            CorruptFileError, LimitError: there is none.
        """
        count, at = read_varint(data, 0)
        if count > MAX_VALUES:
            raise LimitError(f"a stream claims an alphabet of {count} values, the cap is {MAX_VALUES}")
        if count == 0:
            return cls(np.zeros(0, np.int64)), at
        least, at = read_varint(data, at)
        steps, at = decode_sized(data, at, count - 1)
        start = unzigzag(np.array([least], np.uint64)).view(np.uint64)
        values = np.cumsum(np.concatenate([start, steps.view(np.uint64)]), dtype=np.uint64).view(np.int64)
        if (values[1:] <= values[:-1]).any():
            raise CorruptFileError("the values of a stream's alphabet do not ascend")
        return cls(values), at
