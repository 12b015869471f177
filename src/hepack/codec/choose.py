"""`Chooser`: which transform and which coder each column gets, by size measured on a sample.

Small streams are coded by every coder and the smallest kept. Long ones are ranked on a sample, where
a slow coder has to win by a margin that pays for its time.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hepack.codec.streams import (
    DEFAULT,
    FAST,
    SLOW,
    Effort,
    Encoder,
    Stream,
    encode_bins,
    encode_bins_delta,
    encode_constant,
    encode_lz,
    encode_pcodec,
    encode_raw,
    encode_runs,
)
from hepack.table import Variable
from hepack.transforms import Symbols, Transform, candidates, estimate_bits

SAMPLE = 1 << 14
"""Values on which transforms are ranked: eight runs, so that neighbours stay neighbours."""

TINY = 1 << 11
"""Streams up to this length end in a bundle, where the coders with headers of their own cannot win."""

RIVAL = 2.0
"""At a tolerance, an exact lattice is measured too if its estimate is within this factor of the best grid's."""

SHORT = 1 << 13
"""Streams up to this length are tried by every coder."""

WHOLE = 1 << 16
"""Streams up to this length are tried whole."""

TINY_CODERS = (encode_bins, encode_bins_delta, encode_raw)

PATIENCE = 1 << 20
"""Streams up to this length take a slow coder for any gain; longer ones for `SLOW_MARGIN`."""

SLOW_MARGIN = 0.95
"""A slow coder takes a long stream only if it is at least 5 % smaller on the sample."""

NEAR = 1.04
"""A slow coder is tried on a whole stream if it is within 4 % on a part; matches grow with length."""

REVIEW = 16
"""After this many blocks, a remembered choice is measured anew."""


def sample(values: NDArray[Any], size: int = SAMPLE) -> NDArray[Any]:
    """Eight equally spaced runs of neighbouring values, ``size`` in all, or everything if it is less."""
    if len(values) <= size:
        return values
    run = size // 8
    starts = np.linspace(0, len(values) - run, 8).astype(np.int64)
    return np.concatenate([values[start : start + run] for start in starts])


QUICK: dict[str, Encoder] = {
    "pcodec": encode_pcodec,
    "runs": encode_runs,
    "zstd": functools.partial(encode_lz, tag="z", mode=0, level=3),
    "zstd-delta": functools.partial(encode_lz, tag="z", mode=1, level=3),
}
"""To tell what a stream costs, not to code it."""

Arrangement = Literal["entries", "components", "split"]
"""Of entries with a fixed shape: one after the other, component by component, or each component a column."""

MAX_SPLIT = 64
"""Entries with up to this many components may be split."""


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
        bits = {number: self._estimate(option, part) for number, option in enumerate(options)}
        best = min(bits, key=bits.__getitem__)
        if variable.tolerance.is_lossless or _is_exact(options[best], part):
            return options[best]
        exact = {
            n: cost for n, cost in bits.items() if cost < RIVAL * bits[best] and _is_exact(options[n], part)
        }
        if not exact:
            return options[best]
        # repeats of whole values, which the estimate does not see, survive only on the data's own lattice
        finalists = [options[best], options[min(exact, key=exact.__getitem__)]]
        return min(finalists, key=lambda option: self._quick_size(option.forward(part)))

    def _estimate(self, option: Transform, part: NDArray[Any]) -> float:
        table_bits = sum(32 * len(table) for table in option.tables())
        return estimate_bits(option.forward(part)) + table_bits

    def arrangement(self, values: NDArray[Any]) -> Arrangement:
        """How entries of a fixed shape shrink most, measured on the first ones.

        ``values``: ``(entries, *shape)``, at least one entry.
        """
        width = values[0].size
        if width == 1 or len(values) == 1:
            return "entries"
        symbols = _exact_symbols(values[: max(2, WHOLE // width)].reshape(-1, width))
        by_entry = self._quick_size(symbols.reshape(-1))
        if width <= MAX_SPLIT:
            parts = sum(self._quick_size(np.ascontiguousarray(part)) for part in symbols.T)
            return "split" if parts < by_entry else "entries"
        by_component = self._quick_size(np.ascontiguousarray(symbols.T).reshape(-1))
        return "components" if by_component < by_entry else "entries"

    def _quick_size(self, symbols: Symbols) -> int:
        if len(symbols) <= TINY:
            return min(len(encode(symbols).data) for encode in TINY_CODERS)
        coders = FAST if self.effort == "fast" else DEFAULT
        return min(map(len, _encode_all(coders, ["pcodec", "zstd"], symbols).values()))

    def bits(self, symbols: Symbols) -> float:
        """About the bits that `stream` needs, from the quick coders alone."""
        if not len(symbols):
            return 0.0
        if len(symbols) <= TINY:
            return 8.0 * len(self.stream(symbols, ""))
        found = _encode_all(QUICK, list(QUICK), symbols).values()
        return 8.0 * min(map(len, found))

    def stream(self, symbols: Symbols, name: str) -> Stream:
        """The smallest encoding of ``symbols`` among the coders that the effort allows.

        ``name`` (empty: none) is for the memory: a later stream of that name takes the same coder.
        """
        if not len(symbols):
            return Stream(["e"], b"")
        if symbols[0] == symbols[-1] and (symbols == symbols[0]).all():
            return encode_constant(symbols)
        if len(symbols) <= TINY:
            return min((encode(symbols) for encode in TINY_CODERS), key=lambda stream: len(stream.data))
        coders = FAST if self.effort == "fast" else DEFAULT
        known = self._remembered(name)
        stream = coders[known](symbols) if known else None
        if stream is not None:
            return stream
        best, stream = self._search(coders, symbols)
        stream = stream or coders[best](symbols) or encode_bins(symbols)
        with self._lock:
            self._coders[name] = (best, 1)
        return stream

    def _remembered(self, name: str) -> str:
        with self._lock:
            known, uses = self._coders.get(name, ("", REVIEW))
            if not name or uses >= REVIEW:
                return ""
            self._coders[name] = (known, uses + 1)
            return known

    def _search(self, coders: dict[str, Encoder], symbols: Symbols) -> tuple[str, Stream | None]:
        """The best coder, and the stream itself if it is at hand."""
        if self.effort == "fast":
            return _smallest(_encode_all(coders, list(coders), sample(symbols, SAMPLE))), None
        if len(symbols) <= WHOLE:
            return _search_whole(coders, symbols)
        return _search_long(coders, symbols), None


def _search_whole(coders: dict[str, Encoder], symbols: Symbols) -> tuple[str, Stream]:
    """All quick coders; a slow one if the stream is short or if it comes near the best of them on a part."""
    keys = list(coders) if len(symbols) <= SHORT else [key for key in coders if key not in SLOW]
    found = _encode_all(coders, keys, symbols)
    best = _smallest(found)
    if len(symbols) <= SHORT:
        return best, found[best]
    part = sample(symbols, min(SAMPLE, len(symbols) // 4))
    bar = min(map(len, _encode_all(coders, ["pcodec", best], part).values()))
    slow = _encode_all(coders, [key for key in coders if key in SLOW], part)
    found |= _encode_all(coders, [key for key in slow if len(slow[key]) < NEAR * bar], symbols)
    best = _smallest(found)
    return best, found[best]


def _search_long(coders: dict[str, Encoder], symbols: Symbols) -> str:
    """The best on a sample; a slow coder has to win by a margin on a very long stream.

    There, ours are tried only if pcodec does not beat the slow ones: on smooth data it comes within half
    a percent of them, and they have compiled loops to load first.
    """
    part = sample(symbols, SAMPLE)
    slow = _encode_all(coders, [key for key in coders if key in SLOW], part)
    other = _smallest(slow)
    patient = len(symbols) <= PATIENCE
    keys = [key for key in coders if key not in SLOW]
    if not patient and len(slow[other]) > len(_encode_all(coders, ["pcodec"], part)["pcodec"]):
        return "pcodec"
    best = _smallest(_encode_all(coders, keys, sample(symbols, WHOLE)))
    bar = min(map(len, _encode_all(coders, ["pcodec", best], part).values()))
    return other if len(slow[other]) < (1.0 if patient else SLOW_MARGIN) * bar else best


def _smallest(streams: dict[str, Stream]) -> str:
    return min(streams, key=lambda key: len(streams[key]))


def _is_exact(option: Transform, part: NDArray[Any]) -> bool:
    return bool(np.array_equal(option.inverse(option.forward(part), part.dtype), part))


def _encode_all(coders: dict[str, Encoder], keys: list[str], symbols: Symbols) -> dict[str, Stream]:
    found = {key: coders[key](symbols) for key in keys}
    return {key: stream for key, stream in found.items() if stream is not None}


def _exact_symbols(rows: NDArray[Any]) -> Symbols:
    if rows.dtype.kind == "f":
        return np.ascontiguousarray(rows).view(np.dtype(f"i{rows.dtype.itemsize}")).astype(np.int64)
    return rows.astype(np.int64)
