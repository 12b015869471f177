"""Recipes: rules, presets, TOML files; and plans as JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hepack._errors import BadRequestError, CorruptFileError
from hepack.api import make_recipe
from hepack.codec.plan import Plan
from hepack.codec.presets import PRESETS
from hepack.codec.recipe import Recipe, load_rules, parse_rules
from hepack.container import pack_json, unpack_json
from hepack.io import Skipped
from hepack.table import LOSSLESS, Schema, Tolerance, Variable
from strategies import sample_table

F4, I4 = np.dtype("f4"), np.dtype("i4")
SCHEMAS = (
    Schema("Events", (*(Variable(name=name, dtype=F4) for name in ("Jet_pt", "Jet_eta", "MET_pt")),
                      Variable(name="nJet", dtype=I4, kind="integer"))),
    Schema("Runs", (Variable(name="MET_pt", dtype=F4),)),
)  # fmt: skip


def chosen(recipe: Recipe) -> dict[str, str]:
    return {f"{s.name}:{v.name}": str(v.tolerance) for s in recipe.resolve(SCHEMAS) for v in s.variables}


def test_later_rules_win_and_tables_can_be_named() -> None:
    found = chosen(
        Recipe(rules=parse_rules(["*_pt=1e-2rel, Jet_pt=lossless", "Runs:MET_*=3bits,Events:nJe*=1"]))
    )
    assert found == {
        "Events:Jet_pt": "lossless", "Events:Jet_eta": "lossless", "Events:MET_pt": "0.01rel",
        "Events:nJet": "lossless", "Runs:MET_pt": "3bits",
    }  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_resolve_and_give_reasons(preset: str) -> None:
    found = chosen(Recipe(preset=preset))
    assert found["Events:nJet"] == "lossless"
    assert (found["Events:Jet_pt"] != "lossless") == (preset != "lossless")
    assert all(row.reason for row in PRESETS[preset].table)


def test_rules_win_over_the_preset() -> None:
    assert chosen(Recipe(preset="analysis", rules=parse_rules(["Jet_pt=2bits"])))["Events:Jet_pt"] == "2bits"


@pytest.mark.parametrize("rules", ["Jet_ptt=1", "Muon_*=1", "nJet=1e-3", "Runs:Jet_pt=1"])
def test_rules_that_name_nothing_or_an_integer(rules: str) -> None:
    with pytest.raises(BadRequestError):
        Recipe(rules=parse_rules([rules])).resolve(SCHEMAS)


def test_the_nearest_names_are_given() -> None:
    with pytest.raises(BadRequestError, match="Jet_pt"):
        Recipe(rules=parse_rules(["Jet_pT=1"])).resolve(SCHEMAS)


@pytest.mark.parametrize("text", ["Jet_pt", "=1", "Jet_pt=", "Jet_pt=x", "a=1,b"])
def test_rules_that_cannot_be_read(text: str) -> None:
    with pytest.raises(BadRequestError):
        parse_rules([text])


@pytest.mark.parametrize("keywords", [{"preset": "analysys"}, {"block_bytes": 3}], ids=str)
def test_impossible_recipes(keywords: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        Recipe(**keywords)


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('preset = "trigger"\n[tolerance]\n"Jet_*" = "1e-3rel"\nMET_pt = 0.5\n')
    recipe = load_rules(path)
    assert recipe == Recipe(
        preset="trigger",
        rules=(("Jet_*", Tolerance("relative", 1e-3)), ("MET_pt", Tolerance("absolute", 0.5))),
    )
    assert make_recipe(path) == make_recipe(str(path)) == recipe
    both = make_recipe([str(path), "Jet_pt=lossless"], preset="analysis", effort="fast")
    assert both.rules == (*recipe.rules, ("Jet_pt", LOSSLESS))
    assert (both.preset, both.effort) == ("analysis", "fast")


@pytest.mark.parametrize(
    "text", ["tolerance = 3", "[tolerance]\na = true", "[tolerance]\na = -1", "[tolerance]\na = inf",
    "[tolerance]\na = []",
             "other = 1", "preset = 7", "= broken", "[tolerance]\na = 'nonsense'"],
)  # fmt: skip
def test_bad_toml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(BadRequestError):
        load_rules(path)


def test_missing_toml(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError):
        load_rules(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRequestError):
        load_rules(tmp_path / "binary.toml")


def test_a_mapping_makes_a_recipe() -> None:
    recipe = make_recipe({"a": 1e-3, "b": "3bits", "c": LOSSLESS})
    assert recipe.rules == (
        ("a", Tolerance("absolute", 1e-3)),
        ("b", Tolerance("mantissa", 3)),
        ("c", LOSSLESS),
    )


PLAN = Plan(
    schemas=(sample_table(2, tolerance=Tolerance("relative", 1e-3)).schema, SCHEMAS[0]),
    format="root",
    attributes={"compression": "zstd", "titles": {"Jet_pt": "pt"}},
    skipped=(Skipped("histogram", "not a table"),),
    source={"name": "a.root", "bytes": 5},
    creator="hepack test",
)


def test_a_plan_survives_json() -> None:
    assert Plan.from_json(unpack_json(pack_json(PLAN.to_json()), "a plan")) == PLAN


def damaged_plans() -> list[Any]:
    good = PLAN.to_json()

    def with_variable(row: Any) -> Any:
        return {**good, "tables": [{"name": "t", "attributes": {}, "collections": [], "variables": [row]}]}

    def with_collection(row: Any) -> Any:
        return {**good, "tables": [{"name": "t", "attributes": {}, "collections": [row], "variables": []}]}

    plans: list[Any] = [None, 5, [], {}, "plan", {**good, "unknown": 1}, {**good, "tables": {}}, {**good, "creator": 3},
                        {**good, "skipped": [["a"]]}, {**good, "skipped": [[1, 2]]}, {**good,
                        "attributes": []}]  # fmt: skip
    plans += [{key: value for key, value in good.items() if key != left_out} for left_out in good]
    rows: list[Any] = [
        [], ["x"], ["x", "f3"], ["x", None], ["x", []], [5, "f4"], ["x", "f4", 7], ["x", "f4", {}, {}], {"x": 1},
        ["x", "f4", {"colour": "red"}], ["x", "f4", {"axis": "nowhere"}], ["x", "f4", {"axis": 3}],
        ["x", "f4", {"shape": [-1]}], ["x", "f4", {"shape": [1.5]}], ["x", "f4", {"shape": [1] * 40}],
        ["x", "f4", {"shape": [0, 2**60]}], ["x", "f4", {"shape": [2**20, 2**20]}], ["x", "f4", {"shape": [10**30]}],
        ["x", "f4", {"kind": "angle"}], ["x", "f4", {"kind": "sharp"}], ["x", "f4", {"period": 1.0}],
        ["x", "f4", {"kind": "angle", "period": 10**400}], ["x", "f4", {"tolerance": ["absolute", 10**400]}],
        ["x", "f4", {"tolerance": ["absolute", -1]}], ["x", "f4", {"tolerance": ["absolute"]}],
        ["x", "f4", {"tolerance": ["mantissa", 0.5]}], ["x", "f4", {"tolerance": ["sharp", 1]}],
        ["x", "i4", {"tolerance": ["absolute", 1.0]}], ["x", "f4", {"tolerance": 5}], ["x", "f4", {"unit": 5}],
        ["x", "f4", {"tolerance": ["absolute", []]}], ["x", "f4", {"tolerance": [[], 1.0]}],
    ]  # fmt: skip
    plans += [with_variable(row) for row in rows]
    collections: list[Any] = [[], [""], [3], ["c", {"parent": "d"}], ["c", {"layout": "ring"}], ["c",
    {"layout": "text"}],
                              ["c", {"counter_dtype": "f4"}], ["c", {"counter_dtype": "zz"}], ["c", {"x": 1}],
                              ["c", 1]]  # fmt: skip
    return plans + [with_collection(row) for row in collections]


@pytest.mark.parametrize("plan", damaged_plans())
def test_a_plan_of_another_form_is_refused(plan: Any) -> None:
    with pytest.raises(CorruptFileError):
        Plan.from_json(plan)


def test_names_must_be_unique() -> None:
    twice = replace(PLAN, schemas=()).to_json()
    twice["tables"] = [
        {"name": "t", "attributes": {}, "collections": [], "variables": [["x", "f4"], ["x", "f4"]]}
    ]
    with pytest.raises(CorruptFileError):
        Plan.from_json(twice)
