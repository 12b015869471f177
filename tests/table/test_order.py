"""Events taken in any order, objects moved within their events, and the orders that columns give."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepack._errors import BadInputError
from hepack.io.arrays import to_fields
from hepack.table import Cell, Collection, EventTable, Order, Schema, Variable, offsets_from_counts
from hepack.table.gather import permute_objects
from hepack.table.order import rows_within_runs, sorted_events
from hepack.transforms.grid import Ratio, Steps
from strategies import DTYPES, FLOATS, examples, made, same_tables, sample_table, specials


def same_fields(left: EventTable, right: dict[str, ak.Array]) -> bool:
    fields = to_fields(left)
    return fields.keys() == right.keys() and all(
        ak.array_equal(fields[name], right[name], equal_nan=True) for name in fields
    )


@examples(20)
@given(st.integers(0, 30), st.integers(0, 2**32), st.data())
def test_taken_events_are_those_that_awkward_takes(n: int, seed: int, data: st.DataObject) -> None:
    table = sample_table(n, seed)
    size = data.draw(st.integers(0, 40 if n else 0))
    events = np.random.default_rng(seed).integers(0, max(n, 1), size)
    expected = {name: array[events] for name, array in to_fields(table).items()}
    assert same_fields(table.take(events), expected)


def test_a_permutation_and_its_inverse_give_the_table_back() -> None:
    table = sample_table(100)
    events = np.random.default_rng(2).permutation(100)
    assert not same_tables(table.take(events), table)
    assert same_tables(table.take(events).take(np.argsort(events)), table)


@pytest.mark.parametrize("events", [[-1], [100], [[1]]])
def test_events_that_are_not_there_are_refused(events: list[int]) -> None:
    with pytest.raises(BadInputError, match="outside the events"):
        sample_table(100).take(np.array(events))


def test_objects_stay_in_their_events() -> None:
    table = sample_table(100)
    with pytest.raises(BadInputError, match="between events"):
        permute_objects(table, "Jet", np.arange(table.length("Jet"))[::-1].copy())
    with pytest.raises(BadInputError, match="between events"):
        permute_objects(table, "Jet", np.zeros(table.length("Jet"), np.int64))


@examples(20)
@given(st.integers(0, 30), st.integers(0, 2**32))
def test_sorted_objects_are_those_that_awkward_sorts(n: int, seed: int) -> None:
    table = sample_table(n, seed)
    fields = to_fields(table)
    moved = Order(objects=(("Jet", "Jet_pt"),)).apply(table)
    places = ak.argsort(fields["Jet_pt"], axis=1, ascending=False, stable=True)
    expected = {name: a[places] if name.startswith("Jet_") else a for name, a in fields.items()}
    assert same_fields(moved, expected)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_sorts_with_nan_last_and_equals_in_their_order(dtype: np.dtype) -> None:  # type: ignore[type-arg]
    values = np.tile(np.concatenate([specials(dtype), made(dtype, "small", 50, 1)]), 2)
    table = EventTable(Schema("t", (Variable(name="x", dtype=dtype),)), len(values), {}, {"x": values})
    rows = sorted_events(table, Order("x"))
    falling = rows_within_runs(values, np.array([0, len(values)]))
    for order, sign in ((rows, 1), (falling, -1)):
        numbers = [float("nan") if v != v else v for v in values.astype(object)[order]]
        end = next((i for i, v in enumerate(numbers) if v != v), len(numbers))
        assert all(v != v for v in numbers[end:])
        steps = list(zip(numbers[:end], numbers[1:end], order[:end], order[1:end], strict=False))
        assert all((a < b if sign > 0 else a > b) or (a == b and i < j) for a, b, i, j in steps)


def test_events_go_by_their_first_object_and_empty_ones_last() -> None:
    pt = np.array([5.0, 9.0, np.nan, 3.0, 5.0, 1.0])
    schema = Schema(
        "t",
        (Variable(name="pt", dtype=pt.dtype, axis="jet"), Variable(name="id", dtype=np.dtype("i4"))),
        (Collection(name="jet"),),
    )
    columns = {"pt": pt, "id": np.arange(6, dtype="i4")}
    table = EventTable(schema, 6, {"jet": offsets_from_counts(np.array([2, 0, 1, 1, 0, 2]))}, columns)
    assert Order("pt").apply(table).columns["id"].tolist() == [3, 0, 5, 2, 1, 4]
    both = Order("pt", (("jet", "pt"),)).apply(table)
    assert both.columns["id"].tolist() == [3, 5, 0, 2, 1, 4]
    assert both.columns["pt"].tolist()[:5] == [3, 5, 1, 9, 5]


@pytest.mark.parametrize(
    "order",
    [
        Order("nothing"),
        Order("image"),
        Order("trigger"),
        Order("Jet_parts_id"),
        Order("flat_f4", then="Jet_pt"),
        Order("flat_f4", then="nothing"),
        Order(then="flat_f4"),
        Order(objects=(("Jet", "flat_f4"),)),
        Order(objects=(("none", "Jet_pt"),)),
        Order(objects=(("Jet", "Jet_pt"), ("Jet", "Jet_phi"))),
    ],
)
def test_keys_that_cannot_be_are_refused(order: Order) -> None:
    with pytest.raises(BadInputError):
        order.check(sample_table(3).schema)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize(
    "cell", [Cell("step", 0.5), Cell("step", 1.0, 1000.0), Cell("ratio", 0.01, 0.005)], ids=str
)
def test_cells_rise_with_the_values(dtype: np.dtype, cell: Cell) -> None:  # type: ignore[type-arg]
    values = np.concatenate(
        [specials(dtype), *(made(dtype, kind, 300, 1) for kind in ("normal", "wide", "small"))]
    )
    values = np.sort(values)
    numbers = cell.numbers(values)
    assert (np.isnan(numbers) == np.isnan(values)).all()
    inside = numbers[~np.isnan(numbers)]
    assert (inside[1:] >= inside[:-1]).all()


def test_cells_are_those_of_the_grids() -> None:
    values = made(np.dtype("f8"), "normal", 5000, 3)
    ratio = Ratio(Ratio.width_for(1e-3), -5000)
    rho = 2.0**ratio.width
    for grid, cell in [
        (Steps(0.002), Cell("step", 0.002)),
        (ratio, Cell("ratio", ratio.width, math.log2(2 * rho / (rho + 1)))),
    ]:
        order = np.argsort(values)
        mine, theirs = np.diff(cell.numbers(values)[order]) > 0, np.diff(grid.forward(values)[order]) > 0
        assert (mine != theirs).sum() <= 1  # a value at the very edge of a level may fall to either side
        assert 1000 < mine.sum() < 5000


def test_a_second_key_sorts_within_cells() -> None:
    rng = np.random.default_rng(4)
    columns = {"x": rng.normal(size=1000), "y": rng.normal(size=1000)}
    schema = Schema("t", tuple(Variable(name=name, dtype=np.dtype("f8")) for name in columns))
    table = EventTable(schema, 1000, {}, columns)
    after = Order("x", then="y", cell=Cell("step", 0.5)).apply(table)
    expected = np.lexsort((columns["y"], np.rint(columns["x"] * 2)))
    assert np.array_equal(after.columns["x"], columns["x"][expected])
    assert np.array_equal(after.columns["y"], columns["y"][expected])
