"""Hypothesis strategies: columns of every dtype, tolerances, tables of every layout."""

from __future__ import annotations

import functools
import math
import os
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hepack.table import (
    DTYPES,
    LOSSLESS,
    Collection,
    EventTable,
    Schema,
    Tolerance,
    Variable,
    offsets_from_counts,
)

FLOATS = tuple(dtype for dtype in DTYPES if dtype.kind == "f")
EFFORT = int(os.environ.get("HEPACK_EXAMPLES", "1"))
"""Multiplies the number of examples, for a long search."""


def examples(count: int) -> settings:
    """Settings for a test of ``count`` examples, the same ones in every run unless a long search is on."""
    return settings(
        max_examples=count * EFFORT,
        derandomize=EFFORT == 1,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@functools.cache
def specials(dtype: np.dtype[Any]) -> NDArray[Any]:
    """NaNs with payloads, infinities, zeros of both signs, denormals, the largest and smallest."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.array([0, 1, info.min, info.max, info.max - 1, info.max // 2], dtype)
    info_f = np.finfo(dtype)
    unsigned = np.dtype(f"u{dtype.itemsize}")
    quiet = np.array(np.nan, dtype).view(unsigned)
    payloads = (quiet | np.arange(1, 4, dtype=unsigned)).view(dtype)
    numbers = [0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, info_f.max, -info_f.max, info_f.tiny,
               info_f.smallest_subnormal, -info_f.smallest_subnormal, 1.0, -1.0, math.pi, -999.0, -99.0,
               0.1]  # fmt: skip
    signalling = np.array([np.array(np.inf, dtype).view(unsigned) | unsigned.type(1)], unsigned).view(dtype)
    return np.concatenate([np.array(numbers, dtype), payloads, signalling])


KINDS = ("bits", "small", "normal", "decimals", "digits", "truncated", "steps", "spiky", "few", "wide")


def made(dtype: np.dtype[Any], kind: str, n: int, seed: int) -> NDArray[Any]:
    """``n`` values of a kind that occurs in event data, or any bits."""
    rng = np.random.default_rng(seed)
    if kind == "bits" or dtype.kind == "b":
        raw = rng.integers(0, 256, n * dtype.itemsize, dtype=np.uint8)
        return (raw & 1).view(dtype) if dtype.kind == "b" else raw.view(dtype)
    if kind == "few":
        return rng.choice(specials(dtype), n)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        top = {"small": 5, "spiky": 2}.get(kind, 1000)
        return rng.integers(max(info.min, -top), min(info.max, top), n, endpoint=True).astype(dtype)
    with np.errstate(over="ignore"):
        values = _continuous(kind, n, rng).astype(dtype)
    if kind == "truncated":
        unsigned = np.dtype(f"u{dtype.itemsize}")
        mask = ~unsigned.type((1 << {2: 4, 4: 13, 8: 40}[dtype.itemsize]) - 1)
        values = (values.view(unsigned) & mask).view(dtype)
    return values


def _continuous(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if kind == "decimals":
        return np.round(rng.normal(0, 50, n), 3)
    if kind == "digits":
        return np.array([float(f"{x:.6g}") for x in rng.exponential(300, n)])
    if kind == "steps":
        return rng.integers(-2000, 2000, n) * 0.25
    if kind == "wide":
        return np.exp(rng.uniform(-700, 700, n)) * rng.choice([-1.0, 1.0], n)
    values = rng.normal(0, 30, n) if kind != "small" else rng.integers(-3, 4, n).astype(np.float64)
    if kind == "spiky":
        values[rng.random(n) < 0.2] = -999.0
        values[rng.random(n) < 0.1] = 0.0
    return values


@st.composite
def columns(draw: st.DrawFn, dtype: np.dtype[Any], *, max_size: int = 300) -> NDArray[Any]:
    """A column with some special values sprinkled in."""
    n = draw(st.one_of(st.integers(0, 8), st.integers(0, max_size)))
    values = made(dtype, draw(st.sampled_from(KINDS)), n, draw(st.integers(0, 2**32)))
    odd = specials(dtype)
    for place, which in draw(
        st.lists(st.tuples(st.integers(0, max(n - 1, 0)), st.integers(0, len(odd) - 1)), max_size=6)
    ):
        if n:
            values[place] = odd[which]
    return values


def tolerances(dtype: np.dtype[Any]) -> st.SearchStrategy[Tolerance]:
    """Any tolerance that the dtype allows."""
    if dtype.kind != "f":
        return st.just(LOSSLESS)
    bounds = st.one_of(st.sampled_from([1e-6, 1e-4, 1e-3, 0.01, 2.0**-10]), st.floats(1e-17, 0.999))
    return st.one_of(
        st.just(LOSSLESS),
        st.builds(Tolerance, st.just("mantissa"), st.integers(0, 52).map(float)),
        st.builds(Tolerance, st.just("relative"), bounds),
        st.builds(
            Tolerance,
            st.just("absolute"),
            st.one_of(bounds, st.floats(5e-324, 1.7e308), st.sampled_from([0.5, 1.0, 1e10, 1e308])),
        ),
    )


def sample_table(n: int = 200, seed: int = 1, *, tolerance: Tolerance = LOSSLESS) -> EventTable:
    """A table with every layout: flat, fixed shapes, jagged, nested, option, text, all dtypes."""
    rng = np.random.default_rng(seed)
    variables = [Variable(name=f"flat_{dtype.str[1:]}", dtype=dtype, kind=_kind(dtype)) for dtype in DTYPES]
    columns_ = {
        v.name: made(v.dtype, ("spiky", "decimals", "normal")[i % 3], n, seed + i)
        for i, v in enumerate(variables)
    }
    offsets: dict[str, NDArray[np.int64]] = {}
    collections = []

    def collection(
        name: str, counts: NDArray[Any], parent: str = "", layout: Any = "list", counter: str = ""
    ) -> int:
        collections.append(Collection(name=name, parent=parent, layout=layout, counter=counter))
        offsets[name] = offsets_from_counts(counts)
        return int(offsets[name][-1])

    def variable(values: NDArray[Any], **keywords: Any) -> None:
        variables.append(Variable(dtype=values.dtype, shape=values.shape[1:], **keywords))
        columns_[variables[-1].name] = values

    jets = collection("Jet", rng.poisson(3, n), counter="nJet")
    variable(rng.exponential(40, jets).astype("f4"), name="Jet_pt", axis="Jet", tolerance=tolerance)
    variable(
        rng.uniform(-math.pi, math.pi, jets).astype("f4"), name="Jet_phi", axis="Jet", kind="angle",
        period=2 * math.pi, tolerance=tolerance,
    )  # fmt: skip
    variable(rng.normal(0, 1, (jets, 2, 3)).astype("f4"), name="Jet_cov", axis="Jet")
    parts = collection("Jet_parts", rng.poisson(2, jets), "Jet")
    variable(
        rng.integers(-211, 212, parts).astype("i4"), name="Jet_parts_id", axis="Jet_parts", kind="integer"
    )
    best = collection("best", rng.integers(0, 2, n), layout="option")
    variable(rng.normal(90, 3, best), name="best_mass", axis="best")
    words = [b"", b"HLT_Mu17", "jeté".encode(), b"nul\x00inside", b"x" * 700, b"tail\x00"]
    chosen = rng.integers(0, len(words), n)
    text = b"".join(words[i] for i in chosen)
    collection("trigger", np.array([len(words[i]) for i in chosen]), layout="text")
    variable(np.frombuffer(text, np.uint8).copy(), name="trigger", axis="trigger", kind="text")
    variable(columns_["flat_f4"].copy(), name="copy_f4")
    variable(np.diff(offsets["Jet"]).astype("i4"), name="nJet_again", kind="integer")
    variable(rng.normal(0, 1, (n, 3, 2)).astype("f8"), name="image")
    variable(np.zeros((n, 0), "f4"), name="no_width")
    schema = Schema("Events", tuple(variables), tuple(collections))
    return EventTable(schema, n, offsets, columns_)


def _kind(dtype: np.dtype[Any]) -> Any:
    return {"b": "flag", "f": "continuous"}.get(dtype.kind, "integer")


def same_tables(left: EventTable, right: EventTable) -> bool:
    """Whether two tables agree in every offset and every bit."""
    from promise import same_bits

    return (
        left.n_events == right.n_events
        and set(left.columns) == set(right.columns)
        and set(left.offsets) == set(right.offsets)
        and all(same_bits(left.columns[name], right.columns[name]) for name in left.columns)
        and all(same_bits(left.offsets[name], right.offsets[name]) for name in left.offsets)
    )
