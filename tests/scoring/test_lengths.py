"""Code lengths: what they tell, that rows stand alone, and that nothing in the data makes them fail."""

from __future__ import annotations

import numpy as np
import pytest
from scored_tables import changed, flat, ragged

from hepack._errors import BadInputError, CorruptFileError
from hepack.scoring.lengths import DOUBT, CodeLengths, mixed
from hepack.scoring.marginal import Marginal
from hepack.table import EventTable


def test_joint_bits_see_a_broken_correlation_that_marginal_bits_do_not(flat_lengths: CodeLengths) -> None:
    good, bad = (flat_lengths.measure(flat(2000, 2, broken=broken)) for broken in (False, True))
    joint = bad.per_event().sum(1).mean() - good.per_event().sum(1).mean()
    marginal = bad.per_event(bad.marginal).sum(1).mean() - good.per_event(good.marginal).sum(1).mean()
    assert joint > 3.0
    assert abs(marginal) < 0.5
    excess = good.excess()
    worst = max(excess, key=lambda name: abs(float(excess[name].mean())))
    assert worst in ("x", "y")
    assert np.mean(excess[worst]) < -1.0  # about the mutual information, 1.68 bits


def test_marginal_bits_are_those_of_the_distribution() -> None:
    rng = np.random.default_rng(0)
    p = np.array([0.5, 0.25, 0.125, 0.125])
    found = Marginal.of(rng.choice(4, 40_000, p=p)).bits(np.arange(4))
    np.testing.assert_allclose(found, -np.log2(p), atol=0.05)
    normal = np.rint(1e6 * rng.normal(size=50_000)).astype(np.int64)
    entropy = np.log2(1e6 * np.sqrt(2 * np.pi * np.e))
    fresh = np.rint(1e6 * rng.normal(size=50_000)).astype(np.int64)
    assert Marginal.of(normal).bits(fresh).mean() == pytest.approx(entropy, abs=0.05)


def test_a_histogram_takes_any_integer_and_prefers_near_ones() -> None:
    marginal = Marginal.of(np.array([5, 5, 7, 1000], np.int64))
    ends = np.array([-(2**63), 0, 6, 2**63 - 1], np.int64)
    assert np.isfinite(marginal.bits(ends)).all()
    near, far = marginal.bits(np.array([1001, 10**9]))
    assert near < far
    assert np.isfinite(Marginal.of(np.zeros(0, np.int64)).bits(ends)).all()
    whole = Marginal.of(ends)
    assert np.isfinite(whole.bits(ends)).all()


def test_a_histogram_is_stored_and_read_with_distrust() -> None:
    marginal = Marginal.of(np.random.default_rng(1).integers(-50, 50, 3000))
    again = Marginal.from_json(marginal.to_json())
    values = np.arange(-100, 100)
    np.testing.assert_array_equal(again.bits(values), marginal.bits(values))
    first, last, count = marginal.to_json()
    for wrong in ([], [first, last], [first, last, [0] * len(count)], [first[::-1], last[::-1], count],
                  [[1.5], [2], [1]], [[0], [2**63], [1]], [[0] * 10**4] * 3):  # fmt: skip
        with pytest.raises(CorruptFileError):
            Marginal.from_json(wrong)


def test_rows_do_not_depend_on_other_events(ragged_lengths: CodeLengths) -> None:
    table = ragged(300, 3)
    whole = ragged_lengths.measure(table).per_event()
    for start, stop in ((0, 1), (17, 40), (299, 300)):
        part = ragged_lengths.measure(table.slice(start, stop)).per_event()
        np.testing.assert_allclose(part, whole[start:stop], rtol=0, atol=1e-9)
    assert ragged_lengths.measure(table.slice(0, 0)).per_event().shape == (0, 4)


def test_sums_over_objects_are_those_of_their_events(ragged_lengths: CodeLengths) -> None:
    table = ragged(200, 4)
    lengths = ragged_lengths.measure(table)
    objects = lengths.per_object("Jet")
    assert objects.shape == (table.length("Jet"), 2)
    event = 7
    rows = slice(*table.offsets["Jet"][event : event + 2])
    places = [lengths.names.index(name) for name in lengths.names if lengths.axes[name] == "Jet"]
    np.testing.assert_allclose(lengths.per_event()[event, places], objects[rows].sum(0))
    assert set(ragged_lengths.measure(table).joint) == {"lengths of Jet", "ht", "Jet_pt", "Jet_e"}


def test_strange_values_cost_more_and_never_fail(ragged_lengths: CodeLengths) -> None:
    table = ragged(400, 5)
    usual = ragged_lengths.measure(table).per_event().sum(1)
    for value in (np.nan, np.inf, -np.inf, -999.0, 1e38, -0.0):
        ht = table.columns["ht"].copy()
        ht[::2] = value
        found = ragged_lengths.measure(changed(table, ht=ht)).per_event().sum(1)
        assert np.isfinite(found).all()
        assert np.median(found[::2] - usual[::2]) > 5.0
        np.testing.assert_allclose(found[1::2], usual[1::2], atol=1e-9)


def test_an_absent_column_is_an_error_in_one_sentence(ragged_lengths: CodeLengths) -> None:
    table = ragged(10, 6)
    with pytest.raises(BadInputError, match="no variable 'ht'"):
        ragged_lengths.measure(table.select(["Jet_pt", "Jet_e"]))
    with pytest.raises(BadInputError, match="no collection 'Jet'"):
        ragged_lengths.measure(table.select(["ht"]))
    wide = changed_dtype(table, "ht", np.dtype("<f8"))
    np.testing.assert_array_equal(
        ragged_lengths.measure(wide).joint["ht"], ragged_lengths.measure(table).joint["ht"]
    )


def changed_dtype(table: EventTable, name: str, dtype: np.dtype) -> EventTable:
    from dataclasses import replace

    variables = tuple(replace(v, dtype=dtype) if v.name == name else v for v in table.schema.variables)
    schema = replace(table.schema, variables=variables)
    columns = {**table.columns, name: table.columns[name].astype(dtype)}
    return EventTable(schema, len(table), table.offsets, columns)


def test_far_outside_costs_more_than_a_little_outside(flat_lengths: CodeLengths) -> None:
    table = flat(5, 2)
    x = np.array([3.0, 8.0, 20.0, 100.0, 1e4], np.float32)
    found = flat_lengths.measure(changed(table, x=x, y=x))
    for bits in (found.joint, found.marginal):
        assert (np.diff(bits["x"]) > 0).all()
    for name in found.names:
        assert (found.joint[name] <= found.marginal[name] + DOUBT + 1e-9).all()


def test_a_mixture_is_below_both_codes_and_the_weight_of_each() -> None:
    joint, marginal = np.array([5.0, 5.0, 200.0]), np.array([5.0, 40.0, 12.0])
    exact = -np.log2((1 - 2.0**-DOUBT) * 2.0**-joint + 2.0**-DOUBT * 2.0**-marginal)
    np.testing.assert_allclose(mixed(joint, marginal), exact, rtol=1e-12)
