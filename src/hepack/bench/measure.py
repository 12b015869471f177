"""Run one peer on one column: every setting once, the smallest again for its speed; check every value."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from hepack.bench.column import Column
from hepack.bench.peer import Encoded, Peer
from hepack.bench.quantise import ordinary_mask
from hepack.bench.result import Score
from hepack.table import bits_differ

MAX_PATCHED = 0.05
"""A peer that leaves more than this share of the ordinary values outside the bound is broken."""


def measure(peer: Peer, column: Column, *, repeat: int = 1) -> dict[str, Score]:
    """The smallest valid result of a peer by family: ``exact``, and ``bounded`` if the values may change.

    A family is missing if the peer cannot do the column that way.

    Values that come back outside the bound are charged as exceptions, as whoever used this peer would
    have to store them: NaN, infinities and -0.0 for most. If an exact setting changes a value, or more
    than `MAX_PATCHED` of the ordinary values break the bound, the setting is broken; if no other
    setting is left, the score says so and its size counts for nothing.
    """
    found: dict[str, Score] = {}
    for setting in peer.settings(column):
        family = "exact" if is_exact(setting) or not column.is_bounded else "bounded"
        score = _once(peer, column, setting)
        best = found.get(family)
        if best is None or (not score.broken, -score.bytes) > (not best.broken, -best.bytes):
            found[family] = score
    for family, best in found.items():
        for _ in range(0 if best.broken else repeat - 1):
            found[family] = found[family].faster(_once(peer, column, best.setting))
    return found


def is_exact(setting: str) -> bool:
    """Whether a setting promises the same bits."""
    return setting.split("/")[0] == "exact"


def _once(peer: Peer, column: Column, setting: str) -> Score:
    try:
        started = time.perf_counter()
        encoded = peer.compress(column, setting)
        compressed = time.perf_counter()
        restored = peer.decompress(encoded, setting)
        ended = time.perf_counter()
    except Exception as error:  # a foreign package may raise anything; the other peers go on
        return Score(setting=setting, bytes=0, broken=f"{type(error).__name__}: {str(error)[:120]}")
    cost, patched, broken = _check(column, encoded, restored, setting)
    return Score(
        setting=setting,
        bytes=cost,
        compress_seconds=_rounded(compressed - started),
        decompress_seconds=_rounded(ended - compressed),
        patched=patched,
        broken=broken,
    )


def _rounded(seconds: float) -> float:
    """Three digits: no clock is better, and the record is the same after a round trip through JSON."""
    return float(f"{seconds:.3g}")


def _check(column: Column, encoded: Encoded, restored: NDArray[Any], setting: str) -> tuple[int, int, str]:
    """Bytes with exceptions, how many exceptions, and what is broken (empty: nothing)."""
    values = column.values
    if restored.dtype != values.dtype or restored.shape != values.shape:
        return 0, 0, f"gives back {restored.dtype}{restored.shape} for {values.dtype}{values.shape}"
    exact = is_exact(setting) or not column.is_bounded
    wrong = bits_differ(values, restored) if exact else column.violations(restored)
    count = int(wrong.sum())
    if not count:
        return encoded.nbytes, 0, ""
    if exact:
        return encoded.nbytes, 0, f"{count} of {values.size} values changed"
    flat, bad = np.ascontiguousarray(values).reshape(-1), wrong.reshape(-1)
    strays = int((bad & ordinary_mask(flat)).sum())
    if strays > MAX_PATCHED * values.size:
        return encoded.nbytes, 0, f"{strays} of {values.size} values outside the bound"
    return encoded.nbytes + _exception_bytes(flat, bad), count, ""


def _exception_bytes(flat: NDArray[Any], bad: NDArray[np.bool_]) -> int:
    """Places, as a bit mask or as distances, and the values: each by zstd, level 19."""
    pack = zstandard.ZstdCompressor(level=19, write_content_size=False).compress
    distances = np.diff(np.flatnonzero(bad), prepend=0).astype("<u4")
    places = min(len(pack(np.packbits(bad).tobytes())), len(pack(distances.tobytes())))
    return places + len(pack(flat[bad].tobytes()))
