"""Plain coders for one stream of integers: constant, pcodec, bins + rANS, shuffled zstd and LZMA.

A stream is described by a short JSON list, ``[tag, ...settings]``, stored in the block's header.
Every coder here is exact for any int64 values.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError, LimitError
from hepack.codec import lz
from hepack.codec.narrowed import Narrowed, shuffle, unshuffle
from hepack.container import MAX_VALUES
from hepack.transforms import Symbols

Effort = Literal["fast", "default", "best"]
"""``fast``: quick plain coders; ``default``: all of them and trees; ``best``: also integer nets."""


MAX_RUNS = 0.8
"""Runs are coded as such if there are at most this many per integer."""


@dataclass(frozen=True)
class Stream:
    """An encoded stream: ``settings`` go to the header, ``data`` to the body."""

    settings: list[Any]
    data: bytes

    def __len__(self) -> int:
        return len(self.data) + 4 * len(self.settings)


def encode_constant(symbols: Symbols) -> Stream:
    return Stream(["c", int(symbols[0])], b"")


def encode_pcodec(symbols: Symbols, *, level: int = 8) -> Stream:
    from pcodec import ChunkConfig, standalone

    narrow = Narrowed.plain(symbols)
    values = narrow.values if narrow.values.dtype.itemsize > 1 else narrow.values.astype(np.uint16)
    data = standalone.simple_compress(values, ChunkConfig(compression_level=level))
    return Stream(["p", narrow.offset, values.dtype.itemsize], data)


def decode_pcodec(settings: list[Any], data: bytes, count: int) -> Symbols:
    from pcodec import standalone

    _, offset, width = settings
    values = np.empty(count, np.dtype(f"u{width}"))
    try:
        progress = standalone.simple_decompress_into(data, values)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise CorruptFileError(f"a pcodec stream does not decode: {error}") from None
    if progress.n_processed != count or not progress.finished:
        raise CorruptFileError(f"a pcodec stream holds {progress.n_processed} values, expected {count}")
    return Narrowed.restore(offset, 0, values)


def encode_bins(symbols: Symbols) -> Stream:
    from hepack.entropy import encode_integers

    return Stream(["b"], encode_integers(symbols))


def encode_bins_delta(symbols: Symbols) -> Stream:
    from hepack.entropy import encode_integers

    return Stream(["d", int(symbols[0])], encode_integers(np.diff(symbols)))


def decode_bins(settings: list[Any], data: bytes, count: int) -> Symbols:
    from hepack.entropy import decode_integers

    if settings[0] == "b":
        return decode_integers(data, count)
    if not count:
        raise CorruptFileError("a stream of differences cannot be empty")
    symbols = np.empty(count, np.int64)
    symbols[0] = settings[1]
    symbols[1:] = decode_integers(data, count - 1)
    return np.cumsum(symbols, out=symbols)


SHUFFLED, DIFFERENCES, FIELDS = 0, 1, 2
"""Modes of the zstd and LZMA streams: byte planes, byte planes of differences, or the integers whole."""


def encode_lz(symbols: Symbols, *, tag: str, mode: int, level: int = 19) -> Stream | None:
    narrow = Narrowed.differences(symbols) if mode == DIFFERENCES else Narrowed.plain(symbols)
    width = narrow.values.dtype.itemsize
    if mode == FIELDS:
        if width < 2:
            return None
        data = lz.compress(tag, narrow.values.tobytes(), level=level, width=width)
    else:
        data = lz.compress(tag, shuffle(narrow.values), level=level)
    return Stream([tag, narrow.offset, width, mode], data)


def decode_lz(settings: list[Any], data: bytes, count: int) -> Symbols:
    tag, offset, width, mode = settings
    if mode == FIELDS:
        fields = lz.decompress(tag, data, width * count, width=width)
        return Narrowed.restore(offset, 0, np.frombuffer(fields, f"<u{width}"))
    stored = count - mode
    if stored < 0:
        raise CorruptFileError("differences of no integers")
    plain = lz.decompress(tag, data, width * stored)
    return Narrowed.restore(offset, mode, unshuffle(plain, width, stored))


def encode_runs(symbols: Symbols) -> Stream | None:
    """Runs of equal integers: their lengths by bins, their values by the best quick coder.

    For variables of the event that a flat table repeats for each of its jets. None if runs are short.
    """
    starts = np.flatnonzero(np.concatenate(([True], symbols[1:] != symbols[:-1])))
    if len(starts) > MAX_RUNS * len(symbols):
        return None
    lengths = encode_bins(np.diff(np.append(starts, len(symbols))))
    quick = (encode_pcodec, encode_bins, encode_bins_delta)
    values = min((encode(symbols[starts]) for encode in quick), key=len)
    settings = ["n", len(starts), len(lengths.data), values.settings]
    return Stream(settings, lengths.data + values.data)


def decode_runs(settings: list[Any], data: bytes, count: int) -> Symbols:
    _, runs, cut, inner = settings
    if not 0 < runs <= count or not 0 <= cut <= len(data):
        raise CorruptFileError("a stream of runs has impossible settings")
    lengths = decode_bins(["b"], data[:cut], runs)
    if int(lengths.min()) < 1 or int(lengths.max()) > count or int(lengths.sum()) != count:
        raise CorruptFileError("the runs of a stream do not add up")
    return np.repeat(decode_stream(inner, data[cut:], runs), lengths)


def encode_raw(symbols: Symbols) -> Stream:
    """Narrowed and shuffled, not compressed: the bundle that it goes into is."""
    narrow = Narrowed.plain(symbols)
    return Stream(["r", narrow.offset, narrow.values.dtype.itemsize], shuffle(narrow.values))


def decode_raw(settings: list[Any], data: bytes, count: int) -> Symbols:
    _, offset, width = settings
    return Narrowed.restore(offset, 0, unshuffle(data, width, count))


Encoder = Callable[[Symbols], Stream | None]
"""None where the coder is not made for such symbols."""

FAST: dict[str, Encoder] = {
    "pcodec": functools.partial(encode_pcodec, level=4),
    "zstd": functools.partial(encode_lz, tag="z", mode=0, level=1),
}
DEFAULT: dict[str, Encoder] = {
    "pcodec": encode_pcodec,
    "bins": encode_bins,
    "bins-delta": encode_bins_delta,
    "runs": encode_runs,
    "zstd": functools.partial(encode_lz, tag="z", mode=0),
    "zstd-delta": functools.partial(encode_lz, tag="z", mode=1),
    "lzma": functools.partial(encode_lz, tag="x", mode=0),
    "lzma-delta": functools.partial(encode_lz, tag="x", mode=DIFFERENCES),
    "lzma-fields": functools.partial(encode_lz, tag="x", mode=FIELDS),
}
SLOW = frozenset({"lzma", "lzma-delta", "lzma-fields", "zstd", "zstd-delta"})


def decode_stream(settings: list[Any], data: bytes, count: int) -> Symbols:
    """Decode a stream of ``count`` integers.

    Raises:
        CorruptFileError: settings or data contradict the format.
        LimitError: ``count`` is over the cap.
    """
    if not 0 <= count <= MAX_VALUES:
        raise LimitError(f"a stream claims {count} values, the cap is {MAX_VALUES}")
    _check_settings(settings)
    tag = settings[0]
    if tag == "e":
        if count:
            raise CorruptFileError(f"an empty stream should hold {count} values")
        return np.zeros(0, np.int64)
    if tag == "c":
        return np.full(count, settings[1], np.int64)
    if tag == "p":
        return decode_pcodec(settings, data, count)
    if tag in ("b", "d"):
        return decode_bins(settings, data, count)
    if tag == "n":
        return decode_runs(settings, data, count)
    if tag == "r":
        return decode_raw(settings, data, count)
    return decode_lz(settings, data, count)


_LENGTHS = {"e": 1, "c": 2, "p": 3, "b": 1, "d": 2, "n": 3, "r": 3, "z": 4, "x": 4}


def _check_settings(settings: list[Any]) -> None:
    tag = settings[0] if settings else None
    if tag == "n":
        inner = settings[3] if len(settings) == 4 else None
        settings = settings[:3] if isinstance(inner, list) and inner[:1] != ["n"] else []
    good = isinstance(tag, str) and _LENGTHS.get(tag) == len(settings)
    good = good and all(type(number) is int and -(2**63) <= number < 2**63 for number in settings[1:])
    if good and tag in ("p", "r", "z", "x"):
        good = settings[2] in (1, 2, 4, 8) and (
            len(settings) == 3 or settings[3] in (SHUFFLED, DIFFERENCES, FIELDS)
        )
    if not good:
        raise CorruptFileError(f"a stream has the impossible settings {str(settings)[:80]}")


def encode_bytes(values: NDArray[np.uint8]) -> Stream:
    """Text, by zstd or LZMA, whichever is smaller; long text by zstd alone, for speed."""
    data = values.tobytes()
    if len(data) > 1 << 22:
        return Stream(["z"], lz.compress("z", data, level=9))
    options = [Stream(["r"], data), *(Stream([tag], lz.compress(tag, data)) for tag in (lz.ZSTD, lz.LZMA))]
    return min(options, key=len)


def decode_bytes(settings: list[Any], data: bytes, count: int) -> NDArray[np.uint8]:
    """Undo `encode_bytes`.

    Raises:
        CorruptFileError: settings or data contradict the format.
    """
    if settings == ["r"] and len(data) == count:
        return np.frombuffer(data, np.uint8)
    if settings not in (["z"], ["x"]):
        raise CorruptFileError(f"text has the impossible settings {str(settings)[:80]}")
    return np.frombuffer(lz.decompress(settings[0], data, count), np.uint8)
