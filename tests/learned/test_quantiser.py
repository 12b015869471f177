"""Targets and back: within the tolerance for any values, bit for bit what must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepack._errors import CorruptFileError
from hepack.archive.models import conditional_class
from hepack.learned import ItemModel, Quantiser, TableModel
from hepack.table import DTYPES, Schema, Tolerance, Variable
from hepack.transforms import Identity, OrderedBits, Ratio, Steps, exact_transform
from promise import broken, same_bits
from strategies import columns, examples, tolerances

NONE = np.zeros(0, np.int64)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], Variable, Quantiser]:
    dtype = draw(st.sampled_from(DTYPES))
    values = draw(columns(dtype))
    kind: Any = {"b": "flag", "f": "continuous"}.get(dtype.kind, "integer")
    variable = Variable(name="x", dtype=dtype, kind=kind, tolerance=draw(tolerances(dtype)))
    transform: Any = Identity()
    if dtype.kind == "f":
        transform = draw(st.sampled_from([OrderedBits(), OrderedBits(3), Steps(0.01), Steps(1.0, 1000.0),
                                          Ratio(0.003, -5000)]))  # fmt: skip
    exact = exact_transform(dtype).forward(values)
    spikes = np.unique(exact[: draw(st.integers(0, 4))])
    return values, variable, Quantiser(transform, None, spikes, draw(st.sampled_from([2, 1 << 12, 1 << 62])))


@given(cases())
@examples(300)
def test_any_values_come_back_within_the_tolerance(case: Any) -> None:
    values, variable, quantiser = case
    found = quantiser.forward(values, variable, None)
    back = quantiser.inverse(found.targets, found.raw, variable, None)
    assert same_bits(back, found.restored)
    assert not broken(variable.tolerance, values, back)


def test_spikes_may_lie_at_both_ends_of_int64() -> None:
    """Infinities of both signs, as float64, are further apart than an int64 can say."""
    ends = exact_transform(np.dtype("f8")).forward(np.array([-np.inf, np.inf, np.nan]))
    schema = Schema("t", (Variable(name="x", dtype=np.dtype("f8")),))
    item = ItemModel("values", "x", Quantiser(OrderedBits(), None, np.sort(ends), 1 << 62))
    rows, blobs = TableModel(schema, (item,)).parts
    back = TableModel.from_parts(schema, rows, b"".join(blobs), conditional_class)
    assert back.items[0].quantiser.spikes.tolist() == sorted(ends.tolist())


def test_a_frequent_value_comes_back_bit_for_bit_though_the_bound_would_let_it_move() -> None:
    values = np.random.default_rng(1).exponential(50, 2000).astype("f4")
    values[::10] = -999.0
    variable = Variable(name="x", dtype=values.dtype, tolerance=Tolerance("relative", 0.01))
    for spikes in (NONE, exact_transform(values.dtype).forward(np.array([-999.0], "f4"))):
        found = Quantiser(Ratio(0.02, -2000), None, spikes, 1 << 20).forward(values, variable, None)
        assert (found.restored[::10] == -999.0).all()
        assert len(found.raw) == (0 if len(spikes) else 200)


def test_frequent_values_that_stay_do_not_hide_one_that_would_move() -> None:
    """Also one so large that adding 1 changes nothing."""
    rng = np.random.default_rng(2)
    values = rng.exponential(50, 4000).astype("f4")
    values[: 12 * 200] = np.repeat(np.arange(1, 13), 200)  # multiples of the step: they come back as they are
    values[3800:] = np.float32(1e10) + np.float32(4096)
    variable = Variable(name="x", dtype=values.dtype, tolerance=Tolerance("absolute", 1e6))
    found = Quantiser(Steps(1.0, low=0.0, high=1e10), None, NONE, 1 << 62).forward(values, variable, None)
    assert (found.restored[3800:] == values[3800:]).all()


@pytest.mark.parametrize(
    ("targets", "raw"),
    [([5, 1 << 20], []), ([5, (1 << 20) - 1], []), ([5], [7]), ([(1 << 20) + 1], []), ([1 << 61], [])],
)
def test_targets_that_contradict_the_exact_values_are_refused(targets: list[int], raw: list[int]) -> None:
    variable = Variable(name="x", dtype=np.dtype("f4"))
    quantiser = Quantiser(OrderedBits(), None, NONE, 1 << 20)
    with pytest.raises(CorruptFileError):
        quantiser.inverse(np.array(targets, np.int64), np.array(raw, np.int64), variable, None)
