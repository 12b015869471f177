"""rANS with a 64-bit state and 32-bit words, for symbols given as an interval of ``[0, 2**28)`` each.

The tables of `hepack.entropy.rans` have at most 2**16 slots; here every symbol may come from a distribution of
its own with 2**28 of them. The state stays within ``[2**31, 2**63)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, TruncatedFileError
from hepack.entropy.engine import mixture_loops as loops

PRECISION = 28
TOTAL = 1 << PRECISION
LOW_STATE = 1 << 31
STATE_BYTES = 8

UInt32s = NDArray[np.uint32]
Int64s = NDArray[np.int64]


def encode(starts: Int64s, frequencies: Int64s) -> bytes:
    """The state, then the words in the order in which decoding reads them.

    Raises:
        BadRequestError: an interval is empty or leaves ``[0, 2**28)``.
    """
    low = np.ascontiguousarray(starts, np.int64)
    size = np.ascontiguousarray(frequencies, np.int64)
    if len(low) and (int(low.min()) < 0 or int(size.min()) < 1 or int((low + size).max()) > TOTAL):
        raise BadRequestError("a symbol to encode has an interval outside its table")
    words = np.empty(len(low) + 1, np.uint32)
    state = np.full(1, LOW_STATE, np.uint64)
    first = int(loops().push(low, size, state, words))
    return state.astype("<u8").tobytes() + words[first:].astype("<u4", copy=False).tobytes()


def start(data: bytes | memoryview) -> tuple[NDArray[np.uint64], UInt32s]:
    """The state and the words of a stream, for a decoding loop.

    Raises:
        CorruptFileError: the data are no such stream.
    """
    if len(data) < STATE_BYTES or len(data) % 4:
        raise TruncatedFileError(f"an entropy-coded stream has the impossible length of {len(data)} bytes")
    state = np.frombuffer(data, "<u8", 1).astype(np.uint64)
    if not LOW_STATE <= int(state[0]) < 1 << 63:
        raise CorruptFileError("an entropy-coded stream starts in an impossible state")
    words = np.frombuffer(data, "<u4", -1, STATE_BYTES).astype(np.uint32)
    return state, words


def finish(state: NDArray[np.uint64], used: int, words: UInt32s) -> None:
    """Check that a decoding loop ended where encoding began.

    Raises:
        CorruptFileError: it did not.
    """
    if used != len(words):
        raise CorruptFileError(f"an entropy-coded stream has {len(words) - used} words too many")
    if int(state[0]) != LOW_STATE:
        raise CorruptFileError("an entropy-coded stream does not end in its initial state")
