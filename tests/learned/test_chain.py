"""Columns that are predicted from themselves, generation by generation: any index, any values, any tolerance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decays import decays
from hepack._errors import CorruptFileError
from hepack.archive.models import conditional_class
from hepack.archive.packed import PackedFile
from hepack.archive.verify import verify
from hepack.learned import Feature, ItemModel, Quantiser, TableModel
from hepack.learned.features import MISSING, integers
from hepack.relations import Expression, Relation, TableView, centred_candidates
from hepack.table import Collection, EventTable, Schema, Tolerance, Variable, offsets_from_counts
from hepack.transforms import candidates, exact_transform
from memory import pack_tables
from promise import broken, same_bits

REST = Expression(
    "linear", (Expression("gather", ("x", "mother")), Expression("elder", ("x", "mother"))), (1, -1, 0)
)
MOTHER = Expression("gather", ("x", "mother"))
CURVED = Expression("gather", (Expression("call", ("x",), ("sinh",)), "mother"))


def maps_of(variable: Variable, values: Any) -> list[Any]:
    """The maps about a prediction that such a column may have."""
    plain = values[np.isfinite(values) & ~((values == 0) & np.signbit(values))]
    return centred_candidates(variable, candidates(variable, plain, plain))


@st.composite
def tables(draw: st.DrawFn) -> EventTable:
    counts = np.array(draw(st.lists(st.integers(0, 12), min_size=1, max_size=4)))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    n = int(counts.sum())
    values = (rng.exponential(10, n) * rng.choice([1, -1], n)).astype(draw(st.sampled_from(["f4", "f8"])))
    odd = rng.random(n) < 0.2
    values[odd] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, -999.0, 1e30], odd.sum())
    tolerance = draw(st.sampled_from(["lossless", "1e-2", "1e-3rel", "6bits"]))
    variables = (
        Variable(name="x", dtype=values.dtype, axis="P", tolerance=Tolerance.parse(tolerance)),
        Variable(name="mother", dtype=np.dtype("i4"), axis="P"),
    )
    schema = Schema("t", variables, (Collection(name="P"),))
    columns = {"x": values, "mother": rng.integers(-2, 14, n).astype("i4")}
    return EventTable(schema, len(counts), {"P": offsets_from_counts(counts)}, columns)


@settings(deadline=None, max_examples=150)
@given(
    tables(), st.sampled_from([MOTHER, REST, CURVED]), st.integers(0, 5), st.sampled_from([1 << 12, 1 << 62])
)
def test_any_values_come_back_within_the_tolerance(
    events: EventTable, formula: Expression, number: int, base: int
) -> None:
    variable, values = events.schema.by_name["x"], events.columns["x"]
    maps = maps_of(variable, values)
    spikes = np.unique(exact_transform(values.dtype).forward(values[:2]))
    item = ItemModel(
        "values", "x", Quantiser(None, maps[number % len(maps)], spikes, base), Relation("x", formula)
    )
    view = TableView(events)
    found = item.quantise(values, view)
    assert found.predicted is None
    blank = TableView(events, {"x": np.full_like(values, np.nan)})  # what unpacking does not have
    back = item.restore(found.targets, found.raw, blank, item.predict(blank))
    assert same_bits(back, found.restored)
    assert not broken(variable.tolerance, values, back)


def test_exact_values_that_do_not_fit_are_refused() -> None:
    events = decays(20)
    name = "GenPart_pt"
    variable = events.schema.by_name[name]
    (centred, *_) = maps_of(variable, events.columns[name])
    relation = Relation(name, Expression("gather", (name, "GenPart_mother")))
    item = ItemModel("values", name, Quantiser(None, centred, np.zeros(0, np.int64), 1 << 20), relation)
    targets = np.full(events.length("GenPart"), (1 << 20) + 3)
    with pytest.raises(CorruptFileError):
        item.restore(targets, np.zeros(0, np.int64), TableView(events), None)


def test_frequent_values_come_back_bit_for_bit_in_every_generation() -> None:
    events = decays(300)
    values = events.columns["GenPart_mass"].copy()
    values[::50] = np.float32(91.1876)
    events = replace(events, columns={**events.columns, "GenPart_mass": values})
    variable = events.schema.by_name["GenPart_mass"]
    relation = Relation("GenPart_mass", Expression("gather", ("GenPart_mass", "GenPart_mother")))
    for centred in maps_of(variable, values):
        item = ItemModel(
            "values", "GenPart_mass", Quantiser(None, centred, np.zeros(0, np.int64), 1 << 20), relation
        )
        restored = item.quantise(values, TableView(events)).restored
        assert (restored[::50] == np.float32(91.1876)).all()


@pytest.mark.parametrize("n", [0, 1, 30])
def test_features_through_an_index(n: int) -> None:
    events = decays(n)
    view, offsets = TableView(events), events.offsets["GenPart"]
    index, pt = events.columns["GenPart_mother"], integers(events.columns["GenPart_pt"])
    starts = np.repeat(offsets[:-1], np.diff(offsets))
    wanted = [int(pt[s + i]) if i >= 0 else MISSING for s, i in zip(starts, index, strict=True)]
    pairs = list(zip(starts.tolist(), index.tolist(), strict=True))

    def column(*words: str) -> list[int]:
        feature = Feature.from_json(list(words), events.schema, "GenPart")
        assert feature.to_json() == list(words)
        found = feature.column(view, "GenPart", None)
        assert found.dtype == np.int32
        return found.tolist()  # type: ignore[no-any-return]

    assert column("at", "GenPart_pt", "GenPart_mother") == wanted
    assert column("siblings", "GenPart_mother") == [pairs.count(p) if p[1] >= 0 else 0 for p in pairs]
    assert column("elders", "GenPart_mother") == [
        pairs[:row].count(p) if p[1] >= 0 else 0 for row, p in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    "value",
    [["at", "GenPart_pt"], ["at", "GenPart_pt", "GenPart_eta"], ["at", "GenPart_pt", "x"], ["siblings", "GenPart_pt"],
     ["elders"], ["own", "GenPart_pt", "GenPart_mother"], ["at", "GenPart_pt", "GenPart_mother", "GenPart_mother"]],
)  # fmt: skip
def test_impossible_features_are_refused(value: Any) -> None:
    with pytest.raises(CorruptFileError):
        Feature.from_json(value, decays(2).schema, "GenPart")


def test_a_model_may_not_look_at_a_prediction_that_comes_after_it() -> None:
    schema = decays(2).schema
    relation = Relation("GenPart_pt", Expression("gather", ("GenPart_pt", "GenPart_mother")))
    row = [
        "values",
        "GenPart_pt",
        ["ulps", 0],
        [],
        1 << 20,
        relation.to_json(),
        [["predicted"]],
        "",
        [],
        [1.0, 1.0],
    ]
    with pytest.raises(CorruptFileError, match="prediction"):
        TableModel.from_parts(schema, [row], b"", conditional_class)


@pytest.mark.parametrize("lossy", [True, False])
def test_a_file_of_decays_is_smaller_and_sound(tmp_path: Any, lossy: bool) -> None:
    events = decays(1500, lossy=lossy)
    packed = tmp_path / "decays.hpk"
    pack_tables(packed, events)
    assert verify(packed).sound
    with PackedFile(packed) as file:
        items = {item.name: item for model in file.models for item in model.items}
        assert items["GenPart_phi"].chained
        assert items["GenPart_eta"].chained
        back = file.tables[0].read()
    for variable in events.schema.variables:
        before, after = events.columns[variable.name], back.columns[variable.name]
        assert not broken(variable.tolerance, before, after, variable.period)
