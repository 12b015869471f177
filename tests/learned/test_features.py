"""Features against a twin that goes row by row, over every layout."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from hepack._errors import CorruptFileError
from hepack.learned import Feature
from hepack.learned.features import MISSING, integers
from hepack.relations import TableView
from hepack.table import EVENTS, EventTable
from strategies import FLOATS, sample_table, specials

TOP = (1 << 24) - 1


def as_integer(value: Any) -> int:
    """One number as the integer that docs/learned.md defines."""
    if value.dtype.kind != "f":
        return max(-TOP, min(TOP, int(value)))
    width = 8 * value.dtype.itemsize
    form = {16: "<h", 32: "<i", 64: "<q"}[width]
    signed = struct.unpack(form, value.tobytes())[0]
    if signed < 0:
        signed = -1 - (signed + (1 << (width - 1)))
    return int(signed >> max(0, width - 24))


def owners(table: EventTable, axis: str) -> list[int]:
    """The owner of each row; on the event axis all have the same."""
    if axis == EVENTS:
        return [0] * len(table)
    counts = table.counts(axis)
    return [owner for owner, count in enumerate(counts) for _ in range(count)]


def twin(table: EventTable, axis: str, feature: Feature) -> list[int]:
    owner = owners(table, axis)
    rows = range(table.length(axis))
    if feature.kind == "rank":
        return [0 if axis == EVENTS else sum(owner[j] == owner[i] for j in range(i)) for i in rows]
    if feature.kind == "count":
        return [1 if axis == EVENTS else owner.count(owner[i]) for i in rows]
    if feature.kind == "length":
        return [int(n) for n in table.counts(feature.source)]
    values = table.columns[feature.source]
    place = table.schema.by_name[feature.source].axis
    if feature.kind == "lead":
        offsets = table.offsets[place]
        return [as_integer(values[offsets[i]]) if offsets[i + 1] > offsets[i] else MISSING for i in rows]
    if feature.kind == "up":
        chain, step = list(rows), axis
        while step != place:
            above = owners(table, step)
            chain = [above[i] for i in chain]
            step = table.schema.collection_by_name[step].parent
        return [as_integer(values[i]) for i in chain]
    before = [i > 0 and owner[i - 1] == owner[i] for i in rows]
    if feature.kind == "previous":
        return [as_integer(values[i - 1]) if before[i] else MISSING for i in rows]
    if feature.kind == "same":
        return [int(before[i] and values[i].tobytes() == values[i - 1].tobytes()) for i in rows]
    return [as_integer(value) for value in values]


CASES = [
    (EVENTS, Feature("own", "flat_f4")), (EVENTS, Feature("own", "flat_u8")), (EVENTS, Feature("own", "flat_f8")),
    (EVENTS, Feature("previous", "flat_f2")), (EVENTS, Feature("same", "flat_i1")),
    (EVENTS, Feature("lead", "Jet_pt")), (EVENTS, Feature("lead", "best_mass")),
    (EVENTS, Feature("length", "Jet")), (EVENTS, Feature("rank")), (EVENTS, Feature("count")),
    ("Jet", Feature("own", "Jet_phi")), ("Jet", Feature("up", "flat_i4")),
    ("Jet", Feature("previous", "Jet_pt")), ("Jet", Feature("same", "Jet_pt")),
    ("Jet", Feature("lead", "Jet_parts_id")), ("Jet", Feature("length", "Jet_parts")),
    ("Jet", Feature("rank")), ("Jet", Feature("count")),
    ("Jet_parts", Feature("up", "flat_f4")), ("Jet_parts", Feature("up", "Jet_pt")),
    ("Jet_parts", Feature("rank")),
]  # fmt: skip


@pytest.mark.parametrize(("axis", "feature"), CASES, ids=lambda case: str(case))
@pytest.mark.parametrize("n", [0, 1, 60])
def test_features_are_those_of_the_twin(n: int, axis: str, feature: Feature) -> None:
    table = sample_table(n)
    assert feature.fits(table.schema, axis)
    found = feature.column(TableView(table), axis, None)
    assert found.dtype == np.int32
    assert found.tolist() == twin(table, axis, feature)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_integers_keep_the_order_of_floats(dtype: np.dtype[Any]) -> None:
    odd = specials(dtype)
    numbers = np.unique(odd[~np.isnan(odd)])
    assert (np.diff(integers(numbers)) >= 0).all()
    assert np.abs(integers(odd)).max() <= TOP
    assert integers(odd).tolist() == [as_integer(value) for value in odd]


@pytest.mark.parametrize(
    ("axis", "value"),
    [(EVENTS, ["own", "Jet_pt"]), ("Jet", ["own", "flat_f4"]), ("Jet", ["up", "Jet_pt"]), ("Jet", ["up", "nope"]),
     (EVENTS, ["lead", "Jet_parts_id"]), (EVENTS, ["length", "Jet_parts"]), (EVENTS, ["length", "trigger"]),
     (EVENTS, ["own", "trigger"]), (EVENTS, ["own", "image"]), (EVENTS, ["own"]), (EVENTS, "rank"),
     (EVENTS, ["rank", "x"]), (EVENTS, ["magic", "flat_f4"]), (EVENTS, [1]), (EVENTS, None)],
)  # fmt: skip
def test_impossible_features_are_refused(axis: str, value: Any) -> None:
    with pytest.raises(CorruptFileError):
        Feature.from_json(value, sample_table(3).schema, axis)


def test_features_survive_json() -> None:
    schema = sample_table(3).schema
    for axis, feature in CASES:
        assert Feature.from_json(feature.to_json(), schema, axis) == feature
