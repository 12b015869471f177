"""Awkward arrays of any nested type, drawn at random."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from hypothesis import strategies as st

NUMBERS = (
    "?",
    "i1",
    "i2",
    "i4",
    "i8",
    "u1",
    "u2",
    "u4",
    "u8",
    "f2",
    "f4",
    "f8",
    "c8",
    "c16",
    "M8[us]",
    "m8[s]",
)

LEAVES = st.sampled_from([*NUMBERS, "string", "bytes", "matrix"])
NAMES = st.sampled_from(["pt", "phi", "a.b", "x[]", "back\\slash", "[", "0", "1", "ü", "_0", ":_0"])


def _deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    records = st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    return st.one_of(
        st.tuples(st.sampled_from(["list", "option", "regular", "indexed"]), inner),
        st.tuples(st.just("record"), records),
        st.tuples(st.just("tuple"), st.lists(inner, min_size=1, max_size=3)),
    )


TYPES = st.recursive(LEAVES, _deeper, max_leaves=5)


def layout(kind: Any, length: int, rng: np.random.Generator) -> Any:
    """A layout of ``length`` entries of a type drawn from `TYPES`."""
    if isinstance(kind, str):
        return _leaf(kind, length, rng)
    outer, inner = kind
    if outer == "list":
        offsets = _offsets(length, rng)
        return ak.contents.ListOffsetArray(ak.index.Index64(offsets), layout(inner, int(offsets[-1]), rng))
    if outer == "option":
        present = rng.random(length) < 0.6
        index = np.where(present, np.cumsum(present) - 1, -1)
        return ak.contents.IndexedOptionArray.simplified(
            ak.index.Index64(index), layout(inner, int(present.sum()), rng)
        )
    if outer == "regular":
        size = int(rng.integers(0, 4))
        return ak.contents.RegularArray(layout(inner, size * length, rng), size, zeros_length=length)
    if outer == "indexed":
        index = rng.permutation(length)
        return ak.contents.IndexedArray.simplified(ak.index.Index64(index), layout(inner, length, rng))
    contents = [layout(item, length, rng) for item in (inner.values() if outer == "record" else inner)]
    names = list(inner) if outer == "record" else None
    return ak.contents.RecordArray(contents, names, length=length)


def _offsets(length: int, rng: np.random.Generator) -> np.ndarray:
    offsets = np.zeros(length + 1, np.int64)
    np.cumsum(rng.integers(0, 4, length), out=offsets[1:])
    return offsets


def _leaf(kind: str, length: int, rng: np.random.Generator) -> Any:
    if kind in ("string", "bytes"):
        inner, outer = ("char", "string") if kind == "string" else ("byte", "bytestring")
        offsets = _offsets(length, rng)
        letters = rng.integers(97, 123, int(offsets[-1])).astype(np.uint8)
        content = ak.contents.NumpyArray(letters, parameters={"__array__": inner})
        return ak.contents.ListOffsetArray(
            ak.index.Index64(offsets), content, parameters={"__array__": outer}
        )
    if kind == "matrix":
        return ak.contents.NumpyArray(rng.normal(size=(length, 2, 3)).astype("f4"))
    dtype = np.dtype(kind)
    if kind == "?":
        return ak.contents.NumpyArray(rng.random(length) < 0.5)
    raw = rng.integers(0, 256, length * dtype.itemsize, dtype=np.uint8)  # NaN payloads and all
    return ak.contents.NumpyArray(raw.view(dtype))
