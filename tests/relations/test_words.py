"""What people read of a formula; and that every kind has words."""

from __future__ import annotations

import pytest

from hepack.relations import Expression, Relation
from hepack.relations.kinds import KINDS
from hepack.relations.words import _KINDS, LONGEST, in_words


def test_every_kind_has_words() -> None:
    assert set(_KINDS) == set(KINDS)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (Expression("linear", ("a", "b", "c"), (-1, 1, 2.5, 0)), "b + 2.5 c - a"),
        (Expression("linear", ("a",), (-1, 1)), "1 - a"),
        (Expression("linear", ("a",), (0, 0)), "0 a"),
        (Expression("linear", ("a",), (-2, 0)), "-2 a"),
        (Expression("quotient", ("a",), (1, 256)), "a * 1 / 256"),
        (Expression("product", ("a", "b", "c"), (1, 2, -1, -2)), "a^2 / b / c^2"),
        (Expression("product", ("a",), (0.5, -1)), "0.5 / a"),
        (Expression("product", ("a", Expression("linear", ("b",), (1, 3))), (1, 1, 1)), "a (b + 3)"),
        (Expression("call", ("y", "x"), ("atan2",)), "atan2(y, x)"),
        (Expression("vector", ("px", "py"), ("pt", (1, ("px", "py"), "", 0))), "pt(px, py)"),
        (
            Expression("vector", ("a", "b", "c", "d"), ("E", (1, ("px", "py"), "m", 0.5), (-1, ("px", "py"), "", 0))),
            "E(a, b, m = 0.5; -c, d)",
        ),
        (Expression("guard", ("x", "key"), (-1, -999.0)), "x (-999 where key = -1)"),
        (Expression("table", ("pdgId",), ((1, 2), (3, 4))), "table of pdgId"),
        (Expression("length", (), ("Jet",)), "length of Jet"),
        (Expression("rank", (), ("Jet", 1)), "place in Jet + 1"),
        (Expression("reduce", ("Jet_pt", "Jet_id"), ("sum",)), "sum of Jet_pt where Jet_id"),
        (Expression("reduce", ("Jet_pt",), ("nth", 0)), "number 0 of Jet_pt"),
        (Expression("gather", ("Jet_pt", "Muon_jetIdx")), "Jet_pt[Muon_jetIdx]"),
        (Expression("elder", ("x", "mother")), "sum over elders of x by mother"),
    ],
)  # fmt: skip
def test_words(formula: Expression, words: str) -> None:
    assert in_words(formula) == words
    assert str(Relation("out", formula)) == f"out = {words}"


def test_families_are_told_without_the_formula() -> None:
    copy, elders = Expression("gather", ("x", "mother")), Expression("elder", ("x", "mother"))
    assert in_words(copy, "x") == "x[mother]"
    assert (
        in_words(Expression("linear", (copy, elders), (1, -1, 0)), "x")
        == "what elder siblings leave of x[mother]"
    )


def test_long_formulas_are_cut() -> None:
    long = Expression("linear", tuple(f"column_number_{i}" for i in range(40)), (1,) * 40 + (0,))
    assert len(in_words(long)) == LONGEST
