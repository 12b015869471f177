"""Mothers, siblings and generations against a twin that goes row by row; formulas that read their own target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tables import table

from decays import decays
from hepack._errors import CorruptFileError
from hepack.relations import Expression, Families, Relation, TableView, find_relations
from hepack.relations.families import MAX_GENERATIONS

INDEX = "GenPart_mother"


def cases(counts: list[int], index: list[int]) -> Any:
    columns = {
        "mother": np.array(index, np.int32),
        "x": np.arange(len(index)) * 0.5,
        "y": np.zeros(len(index)),
    }
    return table({"n": np.array(counts, np.int64)}, {"P": (np.array(counts, np.int64), columns)})


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    counts = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    return counts, [draw(st.integers(-2, 10)) for _ in range(sum(counts))]


@settings(deadline=None)
@given(lists())
def test_families_are_those_of_the_twin(case: tuple[list[int], list[int]]) -> None:
    counts, index = case
    events = cases(counts, index)
    found = Families(np.array(index), "P", TableView(events))
    starts = [
        start for start, count in zip(np.cumsum(counts) - counts, counts, strict=True) for _ in range(count)
    ]
    mothers = [
        s + i if 0 <= i < row - s else -1 for row, (s, i) in enumerate(zip(starts, index, strict=True))
    ]
    elders = [
        [j for j in range(row) if mother >= 0 and mothers[j] == mother] for row, mother in enumerate(mothers)
    ]
    assert found.mother.tolist() == mothers
    assert found.elder.tolist() == [before[-1] if before else -1 for before in elders]
    assert found.elders.tolist() == [len(before) for before in elders]
    assert found.siblings().tolist() == [mothers.count(m) if m >= 0 else 0 for m in mothers]
    x = events.columns["x"]
    assert found.sums(x).tolist() == [sum(float(x[j]) for j in before) for before in elders]
    number: dict[int, int] = {-1: -1}
    for row, (mother, before) in enumerate(zip(mothers, elders, strict=True)):
        number[row] = 1 + max(number[mother], number[before[-1]] if before else -1)
    assert sorted(row for rows in found.generations() for row in rows) == list(range(len(index)))
    for place, rows in enumerate(found.generations()):
        assert {number[row] for row in rows.tolist()} <= {place}


def test_generations_end() -> None:
    n = 3 * MAX_GENERATIONS
    generations = Families(np.arange(n) - 1, "P", TableView(cases([n], list(range(-1, n - 1))))).generations()
    assert len(generations) == MAX_GENERATIONS + 1
    assert sum(map(len, generations)) == n


def test_sums_end() -> None:
    n = 2 * MAX_GENERATIONS
    sums = Families(np.minimum(np.arange(n) - 1, 0), "P", TableView(cases([n], [0] * n))).sums(np.ones(n))
    assert sums.tolist() == [0, *range(MAX_GENERATIONS + 1), *[0] * (n - MAX_GENERATIONS - 2)]


def gather(part: Any, index: str = INDEX) -> Expression:
    return Expression("gather", (part, index))


@pytest.mark.parametrize(
    "formula",
    [
        gather("GenPart_pt"),
        Expression("elder", ("GenPart_pt", INDEX)),
        Expression("call", (gather("GenPart_pt"), Expression("elder", ("GenPart_pt", INDEX))), ("absdiff",)),
        gather(Expression("call", ("GenPart_pt", "GenPart_eta"), ("max",))),
    ],
)
def test_a_target_may_be_read_through_an_index(formula: Expression) -> None:
    schema = decays(3).schema
    relation = Relation("GenPart_pt", formula)
    assert Relation.from_json(relation.to_json(), schema) == relation
    assert relation.index == INDEX
    assert "GenPart_pt" not in relation.sources
    assert INDEX in relation.sources


@pytest.mark.parametrize(
    "formula",
    [
        Expression("call", ("GenPart_pt",), ("abs",)),
        gather("GenPart_pt", "GenPart_pt"),
        gather("GenPart_pt", "GenPart_eta"),
        Expression("call", (gather("GenPart_pt"), "GenPart_pt"), ("max",)),
        Expression("call", (gather("GenPart_pt"), gather("GenPart_pt", "GenPart_pdgId")), ("max",)),
    ],
)
def test_a_target_is_read_in_no_other_way(formula: Expression) -> None:
    with pytest.raises(CorruptFileError):
        Relation.from_json(Relation("GenPart_pt", formula).to_json(), decays(3).schema)


@pytest.mark.parametrize("lossy", [True, False])
def test_products_of_decays_are_found_to_follow_from_their_mothers(lossy: bool) -> None:
    found = {each.relation.target: each for each in find_relations(decays(400, lossy=lossy), rows=4000)}
    for name in ("GenPart_phi", "GenPart_eta"):
        assert "elder" in str(found[name].relation), name
        assert found[name].bits < found[name].plain_bits - 2


def test_nothing_is_found_where_mothers_are_drawn_by_lot() -> None:
    events = decays(300)
    rng = np.random.default_rng(5)
    place = np.arange(events.length("GenPart")) % 12
    drawn = (rng.random(len(place)) * place).astype(np.int16)
    events = replace(events, columns={**events.columns, INDEX: drawn})
    assert not [each for each in find_relations(events, rows=3000) if each.relation.index]
