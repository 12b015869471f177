"""`GenericPeer`: a lossless packer as a peer, on exact values, on quantised codes, or on rounded floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.bench.column import Column
from hepack.bench.peer import Coder, Encoded, Peer
from hepack.bench.quantise import filled, narrowed, quantiser, rounded
from hepack.transforms import Transform

MAX_ENTRIES = 0.25
"""Strings are worth a dictionary while at most this share of them is distinct."""


@dataclass(frozen=True, eq=False)
class _Given:
    """What the packer got: dtype and shape of the column, dtype and count of what was packed."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    packed: np.dtype[Any]
    count: int
    transform: Transform | None = None
    offset: int = 0


class GenericPeer(Peer):
    """The settings are ``preparation/layout``.

    ========== ===================================================================================
    exact      the values as they are
    codes      integers of the plain quantiser (`hepack.bench.quantise`), in the narrowest dtype
    rounded    floats with the mantissa bits that the bound leaves
    strings    for text: the list of distinct strings (by LZMA) and the place of each in it
    ========== ===================================================================================
    """

    def __init__(self, coder: Coder) -> None:
        self.coder = coder
        self.id, self.title = coder.id, coder.title
        self.package, self.module = coder.package, coder.module

    def settings(self, column: Column) -> Sequence[str]:
        values = column.values
        if not values.size:
            return ()
        found = [f"exact/{layout}" for layout in self.coder.layouts(values.dtype)]
        if column.role == "text":
            _, places = _dictionary(values)
            if places is not None:
                found += [f"strings/{layout}" for layout in self.coder.layouts(places.dtype)]
        elif column.is_bounded:
            for preparation in ("codes", "rounded"):
                prepared = _prepare(column, preparation)
                if prepared is not None:
                    layouts = self.coder.layouts(prepared[0].dtype)
                    found += [f"{preparation}/{layout}" for layout in layouts]
        return found

    def compress(self, column: Column, setting: str) -> Encoded:
        preparation, _, layout = setting.partition("/")
        if preparation == "strings":
            entries, places = _dictionary(column.values)
            assert places is not None
            from hepack.bench.coders import Lzma

            parts = (Lzma().pack_bytes(entries), self.coder.pack(places, layout))
            given = _Given(column.values.dtype, (len(entries),), places.dtype, len(places))
            return Encoded(parts, given)
        prepared = _prepare(column, preparation)
        assert prepared is not None
        flat, transform, offset = prepared
        given = _Given(column.values.dtype, column.values.shape, flat.dtype, len(flat), transform, offset)
        return Encoded((self.coder.pack(flat, layout),), given)

    def decompress(self, encoded: Encoded, setting: str) -> NDArray[Any]:
        preparation, _, layout = setting.partition("/")
        given: _Given = encoded.state
        flat = self.coder.unpack(encoded.parts[-1], layout, given.packed, given.count)
        if preparation == "strings":
            return _strings(encoded.parts[0], given.shape[0], flat)
        if given.transform is not None:
            symbols = flat.astype(np.uint64) + np.uint64(given.offset & 0xFFFFFFFFFFFFFFFF)
            flat = given.transform.inverse(symbols.view(np.int64), given.dtype)
        return flat.view(given.dtype).reshape(given.shape)


def _prepare(column: Column, preparation: str) -> tuple[NDArray[Any], Transform | None, int] | None:
    flat = np.ascontiguousarray(column.values).reshape(-1)
    if preparation == "exact":
        return (flat.view(np.uint8) if flat.dtype == np.bool_ else flat), None, 0
    ordinary = filled(flat)
    if ordinary is None:
        return None
    if preparation == "rounded":
        floats = rounded(column.tolerance, ordinary)
        return None if floats is None else (floats, None, 0)
    transform = quantiser(column.tolerance, ordinary)
    if transform is None:
        return None
    offset, codes = narrowed(transform.forward(ordinary))
    return codes, transform, offset


def _dictionary(text: NDArray[np.uint8]) -> tuple[bytes, NDArray[Any] | None]:
    """The distinct strings, zero-ended, and the place of each string; no places if it does not pay."""
    data = text.tobytes()
    if not data.endswith(b"\0"):
        return b"", None
    strings = data[:-1].split(b"\0")
    distinct = sorted(set(strings))
    if len(distinct) > MAX_ENTRIES * len(strings):
        return b"", None
    place = {string: i for i, string in enumerate(distinct)}
    places = np.array([place[string] for string in strings])
    entries = b"".join(string + b"\0" for string in distinct)
    return entries, places.astype(np.min_scalar_type(len(distinct)))


def _strings(entries: bytes, size: int, places: NDArray[Any]) -> NDArray[np.uint8]:
    from hepack.bench.coders import Lzma

    distinct = Lzma().unpack_bytes(entries, size)[:-1].split(b"\0")
    return np.frombuffer(b"".join(distinct[place] + b"\0" for place in places), np.uint8)
