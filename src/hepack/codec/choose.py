"""`Chooser`: which transform and which coder each column gets, by size measured on a sample.

Small streams are coded by every coder and the smallest kept. Long ones are ranked on a sample, where
a slow coder has to win by a margin that pays for its time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.codec.estimate import estimate_bits
from hepack.codec.streams import DEFAULT, FAST, SLOW, Effort, Encoder, Stream, encode_bins, encode_constant, encode_raw
from hepack.table import Variable
from hepack.transforms import Symbols, Transform, candidates

SAMPLE = 1 << 14
"""Values on which transforms are ranked: eight runs, so that neighbours stay neighbours."""

TINY = 1 << 11
"""Streams up to this length end in a bundle, where the coders with headers of their own cannot win."""

WHOLE = 1 << 16
"""Streams up to this length are tried whole."""

SLOW_MARGIN = 0.95
"""A slow coder takes a long stream only if it is at least 5 % smaller on the sample."""

REVIEW = 16
"""After this many blocks, a remembered choice is measured anew."""


def sample(values: NDArray[Any], size: int = SAMPLE) -> NDArray[Any]:
    """Eight equally spaced runs of neighbouring values, ``size`` in all, or everything if it is less."""
    if len(values) <= size:
        return values
    run = size // 8
    starts = np.linspace(0, len(values) - run, 8).astype(np.int64)
    return np.concatenate([values[start : start + run] for start in starts])


@dataclass
class Chooser:
    """Chooses for the columns of one file; remembers, so that later blocks need not search again."""

    effort: Effort = "default"
    _coders: dict[str, tuple[str, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def transform(self, variable: Variable, ordinary: NDArray[Any]) -> Transform:
        """The transform with the smallest estimated size on a sample. ``ordinary``: finite, no -0.0."""
        part = sample(ordinary)
        options = candidates(variable, ordinary, part)
        if len(options) == 1:
            return options[0]
        return min(options, key=lambda option: self._estimate(option, part))

    def _estimate(self, option: Transform, part: NDArray[Any]) -> float:
        table_bits = sum(32 * len(table) for table in option.tables())
        return estimate_bits(option.forward(part)) + table_bits

    def prefers_components(self, values: NDArray[Any]) -> bool:
        """Whether entries of a fixed shape shrink more when stored component by component."""
        rows = values[: max(2, SAMPLE // max(1, values[0].size))].reshape(-1, values[0].size)
        symbols = _exact_symbols(rows)
        by_entry = estimate_bits(symbols.reshape(-1))
        by_component = estimate_bits(np.ascontiguousarray(symbols.T).reshape(-1))
        # per component each has its own distribution, which the estimate of the whole does not see
        parts = sum(estimate_bits(np.ascontiguousarray(column)) for column in symbols.T[:64])
        parts *= symbols.shape[1] / min(64, symbols.shape[1])
        return bool(min(by_component, parts) < 0.99 * by_entry)

    def stream(self, symbols: Symbols, name: str) -> Stream:
        """The smallest encoding of ``symbols`` among the coders that the effort allows."""
        if not len(symbols):
            return Stream(["e"], b"")
        if symbols[0] == symbols[-1] and (symbols == symbols[0]).all():
            return encode_constant(symbols)
        coders = FAST if self.effort == "fast" else DEFAULT
        if len(symbols) <= TINY:
            return _tiny(symbols)
        if len(symbols) <= WHOLE and self.effort != "fast":
            return min((encode(symbols) for encode in coders.values()), key=len)
        return coders[self._coder(symbols, name)](symbols)

    def _coder(self, symbols: Symbols, name: str) -> str:
        with self._lock:
            known, uses = self._coders.get(name, ("", REVIEW))
        if name and uses < REVIEW:
            self._coders[name] = (known, uses + 1)
            return known
        coders = FAST if self.effort == "fast" else DEFAULT
        best = self._rank(coders, symbols)
        with self._lock:
            self._coders[name] = (best, 1)
        return best

    def _rank(self, coders: dict[str, Encoder], symbols: Symbols) -> str:
        """The best coder for a long stream; the slow ones see less of it and have to win clearly."""
        if self.effort == "fast":
            part = sample(symbols, SAMPLE)
            return min(coders, key=lambda key: len(coders[key](part)))
        part = sample(symbols, WHOLE)
        quick = {key: len(coders[key](part)) / len(part) for key in coders if key not in SLOW}
        part = sample(symbols, SAMPLE)
        slow = {key: len(coders[key](part)) / len(part) for key in coders if key in SLOW}
        best, other = min(quick, key=quick.__getitem__), min(slow, key=slow.__getitem__)
        return other if slow[other] < SLOW_MARGIN * quick[best] else best


def _tiny(symbols: Symbols) -> Stream:
    return min(encode_bins(symbols), encode_raw(symbols), key=lambda stream: len(stream.data))


def _exact_symbols(rows: NDArray[Any]) -> Symbols:
    if rows.dtype.kind == "f":
        return np.ascontiguousarray(rows).view(np.dtype(f"i{rows.dtype.itemsize}")).astype(np.int64)
    return rows.astype(np.int64)
