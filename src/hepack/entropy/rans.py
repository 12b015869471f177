"""Interleaved rANS: 32-bit states, 16-bit words. `docs/entropy.md` has the equations and the bounds.

Symbol ``i`` belongs to lane ``i % lanes``. The stream holds the lanes' final states, then the words in the order
in which decoding reads them. After decoding, every state must be back at `LOW_STATE`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, LimitError, TruncatedFileError
from hepack.entropy.engine import loops
from hepack.entropy.frequencies import Frequencies

LOW_STATE = 1 << 16
MAX_SYMBOLS = 1 << 32
_LANES = 8
_LANES_FROM = 1 << 16  # fewer symbols use one lane: each costs about three bytes
_HINT_BITS = 6

UInt16s = NDArray[np.uint16]


def lanes_for(n: int) -> int:
    """How many lanes ``n`` symbols use."""
    return _LANES if n >= _LANES_FROM else 1


def encode(symbols: NDArray[Any], frequencies: Frequencies, contexts: NDArray[Any] | None = None) -> bytes:
    """Encode ``symbols``, shape ``(row,)``, each with the table that ``contexts`` names (table 0 without).

    Raises:
        BadRequestError: a symbol or context is out of range, or a symbol is absent from its table.
    """
    narrow = _narrow(symbols, frequencies.n_symbols, "symbol")
    rows = _rows(contexts, len(narrow), frequencies)
    states = np.full(lanes_for(len(narrow)), LOW_STATE, np.int64)
    words = np.empty(len(narrow), np.uint16)
    start = loops().rans_encode(narrow, rows, frequencies.bounds, frequencies.precision, states, words)
    if start < 0:
        raise BadRequestError("a symbol to encode is absent from its frequency table")
    return states.astype("<u4").tobytes() + words[start:].astype("<u2", copy=False).tobytes()


def decode(
    data: bytes | memoryview, n: int, frequencies: Frequencies, contexts: NDArray[Any] | None = None
) -> UInt16s:
    """Decode the ``n`` symbols that `encode` wrote with the same tables and contexts.

    Raises:
        CorruptFileError: the data ends early, has words left over, or ends in a wrong state.
        LimitError: ``n`` is over the cap.
        BadRequestError: a context is out of range.
    """
    symbols, used = decode_head(data, n, frequencies, contexts)
    if used != len(data):
        raise CorruptFileError(f"an entropy-coded stream has {len(data) - used} bytes too many")
    return symbols


def decode_head(
    data: bytes | memoryview, n: int, frequencies: Frequencies, contexts: NDArray[Any] | None = None
) -> tuple[UInt16s, int]:
    """`decode`, for a stream that other data may follow; also the number of bytes it took."""
    if not 0 <= n <= MAX_SYMBOLS:
        raise LimitError(f"an entropy-coded stream claims {n} symbols, the cap is {MAX_SYMBOLS}")
    lanes = lanes_for(n)
    if len(data) < 4 * lanes:
        raise TruncatedFileError(f"an entropy-coded stream has {len(data)} bytes, less than its states take")
    rows = _rows(contexts, n, frequencies)
    states = np.frombuffer(data, "<u4", lanes).astype(np.int64)
    if (states < LOW_STATE).any():
        raise CorruptFileError("an entropy-coded stream starts in an impossible state")
    limit = min((len(data) - 4 * lanes) // 2, n)
    words = np.zeros(limit + lanes, np.uint16)
    words[:limit] = np.frombuffer(data, "<u2", limit, 4 * lanes)
    symbols = np.empty(n, np.uint16)
    used = _pop(words, limit, rows, frequencies, states, symbols)
    if used < 0:
        raise TruncatedFileError("an entropy-coded stream ends early")
    if (states != LOW_STATE).any():
        raise CorruptFileError("an entropy-coded stream does not end in its initial state")
    return symbols, 4 * lanes + 2 * used


def _pop(
    words: UInt16s,
    limit: int,
    rows: UInt16s,
    frequencies: Frequencies,
    states: NDArray[np.int64],
    symbols: UInt16s,
) -> int:
    precision = frequencies.precision
    if len(rows):
        hints = _hints(frequencies)
        bounds = frequencies.bounds
        return int(loops().rans_decode_rows(words, limit, rows, bounds, hints, precision, states, symbols))
    return int(loops().rans_decode(words, limit, _slots(frequencies), precision, states, symbols))


def _slots(frequencies: Frequencies) -> NDArray[np.int64]:
    """For each slot of table 0: ``symbol << 32 | (frequency - 1) << 16 | slot - start``."""
    values = frequencies.values[0]
    symbol = np.repeat(np.arange(len(values)), values)
    offset = np.arange(len(symbol)) - frequencies.bounds[0][symbol]
    packed: NDArray[np.int64] = symbol << 32 | (values[symbol] - 1) << 16 | offset
    return packed


def _hints(frequencies: Frequencies) -> NDArray[np.int64]:
    """The symbol that owns the first slot of each of 2**6 equal buckets, shape ``(table, bucket)``."""
    # one search for all tables, laid end to end
    table = np.arange(frequencies.n_tables)[:, None]
    first = np.arange(1 << _HINT_BITS) << (frequencies.precision - _HINT_BITS)
    line = (frequencies.bounds + (table << frequencies.precision)).reshape(-1)
    owner = np.searchsorted(line, first + (table << frequencies.precision), side="right") - 1
    hints: NDArray[np.int64] = owner - table * (frequencies.n_symbols + 1)
    return hints


def _rows(contexts: NDArray[Any] | None, n: int, frequencies: Frequencies) -> UInt16s:
    if contexts is None:
        return np.empty(0, np.uint16)
    if len(contexts) != n:
        raise BadRequestError(f"{n} symbols need as many contexts, got {len(contexts)}")
    return _narrow(contexts, frequencies.n_tables, "context")


def _narrow(values: NDArray[Any], limit: int, name: str) -> UInt16s:
    array = np.asarray(values)
    if array.ndim != 1 or (len(array) and array.dtype.kind not in "iu"):
        raise BadRequestError(f"{name}s must be a row of integers, got {array.dtype} of shape {array.shape}")
    if len(array) and not 0 <= int(array.min()) <= int(array.max()) < limit:
        raise BadRequestError(f"a {name} lies outside 0 .. {limit - 1}")
    return np.ascontiguousarray(array, np.uint16)
