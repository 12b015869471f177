"""`History`: a column of integers by what followed in the same contexts before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, LimitError, TruncatedFileError
from hepack.conditional.base import Features, Problem, Targets
from hepack.conditional.history.alphabet import Alphabet
from hepack.conditional.history.contexts import MAX_CONTEXTS, Context, hashes_of
from hepack.conditional.history.engine import loops
from hepack.conditional.history.tables import tables
from hepack.entropy.bins import decode_sized, encode_integers, encode_sized
from hepack.entropy.packing import read_varint, varint
from hepack.entropy.rans import MAX_SYMBOLS

MAX_LOG = 18
"""At most ``2**18`` lines of 64 bytes for each context."""

_MEASURE, _ENCODE, _DECODE = 0, 1, 2
_HIGH = (1 << 32) - 1
_NO_DATA = np.zeros(0, np.uint8)

Firsts = NDArray[np.bool_]
Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """A fitted model: the contexts alone; all else is learned anew from each stream.

    `docs/history.md` has its arithmetic and bytes.
    """

    tag: ClassVar[str] = "h"

    contexts: tuple[Context, ...]

    @property
    def used(self) -> tuple[int, ...]:
        """The features that it reads, ascending."""
        return tuple(sorted({column for context in self.contexts for column in context.columns}))

    @property
    def lagged(self) -> bool:
        """Whether it looks at the targets of rows before."""
        return any(context.lag for context in self.contexts)

    def encode(self, features: Features, targets: Targets, first: Firsts | None = None) -> bytes:
        """Code the targets, shape ``(row,)``; any int64 can be coded."""
        _check(features, targets)
        if not len(targets):
            return b""
        alphabet = Alphabet.of(targets)
        ranks, escaped = alphabet.ranks(targets)
        hashes = hashes_of(self.contexts, features)
        data = np.empty(len(ranks) * alphabet.bits // 8 + 1024, np.uint8)
        done, coder = self._run(_ENCODE, hashes, first, alphabet, ranks, data)
        if not done:  # longer than plain bits
            data = np.empty(2 * len(ranks) * alphabet.bits + 8, np.uint8)
            _, coder = self._run(_ENCODE, hashes, first, alphabet, ranks, data)
        low, _, _, length = coder.tolist()
        head = alphabet.to_bytes() + varint(len(escaped)) + encode_sized(escaped) + varint(length)
        return head + data[:length].tobytes() + bytes([(low >> 24) + 1])

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
        alphabet, at = Alphabet.read(data)
        count, used = read_varint(data, at)
        if count > n:
            raise CorruptFileError(f"a stream of {n} rows claims {count} escapes")
        escaped, used = decode_sized(data, used, count)
        expected, used = read_varint(data, used)
        if expected + 1 != len(data) - used:
            raise CorruptFileError("a stream of a history model has a wrong length")
        body = np.frombuffer(data, np.uint8)[used:].copy()
        ranks = np.empty(n, np.int64)
        hashes = hashes_of(self.contexts, features)
        done, coder = self._run(_DECODE, hashes, first, alphabet, ranks, body)
        low, _, _, length = coder.tolist()
        if not done or length != expected or int(body[-1]) != (low >> 24) + 1:
            raise CorruptFileError("a stream of a history model does not end as it should")
        return alphabet.targets(ranks, escaped)

    def bits(self, features: Features, targets: Targets, first: Firsts | None = None) -> NDArray[np.float64]:
        """The code length of each row in bits, as the rows before have taught it."""
        _check(features, targets)
        if not len(targets):
            return np.zeros(0)
        alphabet = Alphabet.of(targets)
        ranks, escaped = alphabet.ranks(targets)
        hashes = hashes_of(self.contexts, features)
        lengths = self.rank_bits(hashes, alphabet, ranks, first)
        lengths += 8 * len(alphabet.to_bytes()) / len(ranks)
        if len(escaped):
            lengths[ranks == len(alphabet.values)] += 8 * len(encode_integers(escaped)) / len(escaped)
        return lengths

    def rank_bits(
        self, hashes: NDArray[np.uint64], alphabet: Alphabet, ranks: Int64s, first: Firsts | None = None
    ) -> NDArray[np.float64]:
        """The code length of each rank in bits, given the `hashes_of` the contexts; not of what is beside them."""
        lengths = np.zeros(len(ranks))
        self._run(_MEASURE, hashes, first, alphabet, ranks, _NO_DATA, lengths)
        return lengths

    def cost(self, problem: Problem) -> float:
        """The bytes that ``problem.rows`` rows are expected to take, with the model.

        The rows that follow those of the problem are taken to cost what its last quarter does.
        """
        bits = self.bits(problem.features, problem.targets, problem.first)
        if not len(bits):
            return 0.0
        tail = float(bits[3 * len(bits) // 4 :].mean())
        more = max(0, problem.rows - len(bits))
        known = float(bits.sum()) * min(1.0, problem.rows / len(bits))
        return (known + tail * more) / 8 + len(self.to_bytes())

    def to_bytes(self) -> bytes:
        return bytes([len(self.contexts)]) + b"".join(context.to_bytes() for context in self.contexts)

    @classmethod
    def from_bytes(cls, data: bytes, features: int) -> Self:
        """Undo `to_bytes`, for rows of so many features.

        Raises:
            CorruptFileError, LimitError: the data are not such a model.
        """
        if not data:
            raise TruncatedFileError("a history model ends early")
        if not 1 <= data[0] <= MAX_CONTEXTS:
            raise LimitError(f"a history model claims {data[0]} contexts, the cap is {MAX_CONTEXTS}")
        at, contexts = 1, []
        for _ in range(data[0]):
            context, at = Context.read(data, at, features)
            contexts.append(context)
        if at != len(data):
            raise CorruptFileError("a history model is followed by bytes that do not belong to it")
        return cls(tuple(contexts))

    def _run(
        self,
        mode: int,
        hashes: NDArray[np.uint64],
        first: Firsts | None,
        alphabet: Alphabet,
        ranks: Int64s,
        data: NDArray[np.uint8],
        lengths: NDArray[np.float64] | None = None,
    ) -> tuple[bool, Int64s]:
        """Whether the data were long enough, and the coder at the end: low, high, word, bytes."""
        constants = tables()
        word = int.from_bytes(bytes(data[:4]).ljust(4, b"\0"), "big") if mode == _DECODE else 0
        coder = np.array([0, _HIGH, word, 0], np.int64)
        done = loops().code(
            mode,
            hashes,
            np.array([context.lag for context in self.contexts], np.int64),
            _firsts(first, len(ranks)),
            alphabet.bits,
            len(alphabet.values) + 1,
            _log_of(len(ranks), alphabet.bits),
            (constants.squash, constants.stretch, constants.rates, constants.buckets),
            ranks,
            data,
            coder,
            constants.costs,
            np.zeros(0) if lengths is None else lengths,
        )
        return bool(done), coder


def _log_of(rows: int, bits: int) -> int:
    """The lines of a context, as a power of two: about as many as there may be prefixes of 4 bits."""
    return min(MAX_LOG, (rows * -(-bits // 4)).bit_length())


def _firsts(first: Firsts | None, rows: int) -> Firsts:
    return np.zeros(rows, np.bool_) if first is None else np.ascontiguousarray(first, np.bool_)


def _check(features: Features, targets: Targets) -> None:
    if targets.dtype != np.int64 or targets.shape != (len(features),):
        raise BadRequestError(
            f"{len(features)} rows need as many int64 targets, got {targets.dtype} of shape {targets.shape}"
        )
