"""One column there and back: the promise is kept for any values of any dtype at any tolerance."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepack.codec.choose import Chooser
from hepack.codec.column import decode_column, encode_column
from hepack.container import pack_json, unpack_json
from hepack.table import DTYPES, LOSSLESS, Tolerance, Variable
from promise import broken, same_bits
from strategies import FLOATS, KINDS, columns, examples, made, specials, tolerances

LOSSY = [Tolerance("absolute", 1e-3), Tolerance("relative", 1e-3), Tolerance("mantissa", 8.0)]


def there_and_back(
    values: np.ndarray[Any, Any], variable: Variable, effort: Any = "default"
) -> np.ndarray[Any, Any]:
    """Encode, send the description through JSON as a file does, decode."""
    before = values.copy()
    column = encode_column(values, variable, Chooser(effort=effort))
    description = unpack_json(pack_json(column.description), "a test")
    decoded = decode_column(description, column.data, len(values), variable)
    assert same_bits(decoded, column.expected)
    assert same_bits(values, before)  # the input is left alone
    return decoded


def variable_for(dtype: np.dtype[Any], tolerance: Tolerance = LOSSLESS, **keywords: Any) -> Variable:
    return Variable(name="x", dtype=dtype, tolerance=tolerance, **keywords)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@examples(12)
@given(data=st.data())
def test_the_promise_holds_for_any_column(dtype: np.dtype[Any], data: st.DataObject) -> None:
    values = data.draw(columns(dtype))
    tolerance = data.draw(tolerances(dtype))
    period = data.draw(st.sampled_from([None, 2 * math.pi])) if dtype.kind == "f" else None
    kind: Any = "angle" if period else "continuous"
    decoded = there_and_back(values, variable_for(dtype, tolerance, kind=kind, period=period))
    assert not broken(tolerance, values, decoded, period)
    finite = values[np.isfinite(values)]
    if tolerance.mode == "absolute" and len(finite):
        inside = decoded[np.isfinite(decoded)]
        assert finite.min() <= inside.min()
        assert inside.max() <= finite.max()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("f8"), np.dtype("i4")], ids=str)
def test_longer_columns_of_every_kind(dtype: np.dtype[Any], kind: str) -> None:
    values = made(dtype, kind, 5000, 11)
    assert same_bits(there_and_back(values, variable_for(dtype)), values)
    for tolerance in LOSSY if dtype.kind == "f" else []:
        decoded = there_and_back(values, variable_for(dtype, tolerance))
        assert not tolerance.violated(values, decoded).any()
        assert not broken(tolerance, values[::10], decoded[::10])


@pytest.mark.parametrize("effort", ["fast", "default"])
@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("u8")], ids=str)
def test_columns_longer_than_what_is_tried_whole(dtype: np.dtype[Any], effort: str) -> None:
    values = made(dtype, "normal", 70_000, 3)
    assert same_bits(there_and_back(values, variable_for(dtype), effort), values)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (1,), (0,), (4, 0, 2)], ids=str)
def test_degenerate_columns(dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Nothing, one value, all equal, for each special value of the dtype; every shape."""
    for tolerance in [LOSSLESS, *(LOSSY if dtype.kind == "f" else [])]:
        variable = variable_for(dtype, tolerance, shape=shape)
        odd = specials(dtype)
        cases = [np.zeros((0, *shape), dtype), np.zeros((1, *shape), dtype)]
        cases += [np.full((5, *shape), value) for value in odd[:: max(1, len(odd) // 6)]]
        cases.append(np.resize(odd, (len(odd), *shape)))
        for values in cases:
            assert not broken(tolerance, values, there_and_back(values, variable))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_nothing_but_nan(dtype: np.dtype[Any]) -> None:
    values = np.resize(specials(dtype)[np.isnan(specials(dtype))], 1000)
    for tolerance in [LOSSLESS, *LOSSY]:
        assert same_bits(there_and_back(values, variable_for(dtype, tolerance)), values)


@pytest.mark.parametrize("sentinel", [-999.0, -99.0, -1.0, 1e9, 0.0])
@pytest.mark.parametrize(
    "tolerance", [*LOSSY, Tolerance("relative", 0.03), Tolerance("absolute", 0.7)], ids=str
)
@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("f8")], ids=str)
def test_sentinels_come_back_exactly(dtype: np.dtype[Any], tolerance: Tolerance, sentinel: float) -> None:
    rng = np.random.default_rng(4)
    values = rng.exponential(37.0, 4000).astype(dtype) + dtype.type(0.01)
    missing = rng.random(len(values)) < 0.05
    values[missing] = sentinel
    decoded = there_and_back(values, variable_for(dtype, tolerance))
    assert (decoded[missing] == sentinel).all()
    assert not tolerance.violated(values, decoded).any()


def test_several_sentinels_at_once() -> None:
    rng = np.random.default_rng(4)
    values = rng.exponential(37.0, 4000).astype("f4")
    marks = [-999.0, -99.0, -9.0, 1234.5]
    for i, mark in enumerate(marks):
        values[i::20] = mark
    decoded = there_and_back(values, variable_for(values.dtype, Tolerance("relative", 0.02)))
    for i, mark in enumerate(marks):
        assert (decoded[i::20] == mark).all()


@pytest.mark.parametrize("tolerance", LOSSY, ids=str)
def test_a_sentinel_among_many_other_frequent_values(tolerance: Tolerance) -> None:
    values = np.random.default_rng(0).exponential(37, 20_000).astype("f4")
    values[::20] = -999.3
    for number in range(12):
        values[number + 1 :: 40] = np.float32(3.3 + number * 7.7)
    decoded = there_and_back(values, variable_for(values.dtype, tolerance))
    assert (decoded[::20] == np.float32(-999.3)).all()


def test_fractions_and_azimuths_stay_in_their_ranges() -> None:
    rng = np.random.default_rng(8)
    for low, high in [(0.0, 1.0), (-math.pi, math.pi), (1e-3, 3.7)]:
        values = rng.uniform(low, high, 20_000).astype("f4")
        values[:2] = np.float32(low), np.float32(high)
        for bound in (1e-4, 3e-3, 0.25, 10.0):
            decoded = there_and_back(values, variable_for(values.dtype, Tolerance("absolute", bound)))
            assert values.min() <= decoded.min()
            assert decoded.max() <= values.max()


def test_integers_above_what_a_double_holds() -> None:
    values = (2**53 + np.arange(-3, 4)).astype("i8")
    assert same_bits(there_and_back(values, variable_for(values.dtype)), values)
    wide = np.array([0, 2**64 - 1, 2**63, 2**63 - 1, 1], "u8")
    assert same_bits(there_and_back(np.resize(wide, 3000), variable_for(wide.dtype)), np.resize(wide, 3000))


@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("i2")], ids=str)
@pytest.mark.parametrize("layout", ["C", "F", "strided", "read-only"])
def test_arrays_however_they_lie_in_memory(dtype: np.dtype[Any], layout: str) -> None:
    values = made(dtype, "decimals", 1200, 6).reshape(-1, 3)
    variable = variable_for(dtype, shape=(3,))
    if layout == "F":
        values = np.asfortranarray(values)
    elif layout == "strided":
        values = np.repeat(values, 2, axis=0)[::2]
    elif layout == "read-only":
        values.flags.writeable = False
    assert np.array_equal(there_and_back(values, variable), values)


def test_components_of_different_nature() -> None:
    """An image whose pixels differ, a four-vector: stored by component where that is smaller."""
    rng = np.random.default_rng(8)
    vectors = np.stack([rng.normal(0, s, 4000) for s in (1e-3, 1.0, 1e4)], axis=1).astype("f4")
    for tolerance in [LOSSLESS, *LOSSY]:
        decoded = there_and_back(vectors, variable_for(vectors.dtype, tolerance, shape=(3,)))
        assert not tolerance.violated(vectors, decoded).any()


def test_a_misleading_sample_costs_bytes_not_correctness() -> None:
    values = np.round(np.random.default_rng(1).uniform(0, 50, 40_000), 2)
    values[20_001:20_100] += 1e-9
    for tolerance in [LOSSLESS, *LOSSY]:
        decoded = there_and_back(values, variable_for(values.dtype, tolerance))
        assert not tolerance.violated(values, decoded).any()


def test_a_name_is_remembered_and_a_changed_column_still_comes_back() -> None:
    chooser = Chooser()
    variable = variable_for(np.dtype("f4"))
    for seed, kind in enumerate(KINDS):
        values = made(variable.dtype, kind, 70_000 if seed < 3 else 3000, seed)
        column = encode_column(values, variable, chooser)
        assert same_bits(decode_column(column.description, column.data, len(values), variable), values)


def test_period_alone_changes_nothing() -> None:
    values = made(np.dtype("f4"), "normal", 500, 1)
    variable = variable_for(values.dtype, Tolerance("absolute", 1e-3))
    angle = replace(variable, kind="angle", period=2 * math.pi)
    assert same_bits(there_and_back(values, variable), there_and_back(values, angle))
