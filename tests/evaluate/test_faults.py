"""Faults that are put into a file are found, and called by their names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from events import ANGLE, Memory, changed, flat_jets, jagged, renamed, rounded, with_extra_jets, with_rows

from hepack.evaluate.compare import compare_tables
from hepack.evaluate.results import Finding, TableComparison
from hepack.evaluate.settings import Settings
from hepack.table import EventTable, Schema, Tolerance, Variable

FAST = Settings(classifier=False)


def compare(before: EventTable, after: EventTable, settings: Settings = FAST) -> TableComparison:
    return compare_tables(Memory(before), Memory(after, step=700), settings)


def found(result: TableComparison, code: str) -> list[Finding]:
    return [item for item in result.findings if item.code == code]


def broken(result: TableComparison) -> list[str]:
    return [item.code for item in result.findings if item.severity == "broken"]


@pytest.mark.parametrize("table", [flat_jets(), jagged()], ids=["flat", "jagged"])
def test_rounding_within_a_tolerance_is_no_fault(table: EventTable) -> None:
    assert broken(compare(table, rounded(table))) == []


def test_a_bias_above_500_gev_alone_is_found_there_and_only_there() -> None:
    table = flat_jets(20_000)
    after = rounded(table)
    pt = after.columns["pt"]
    biased = np.where(table.columns["pt"] > 500, pt * np.float32(1.005), pt).astype("<f4")
    result = compare(table, changed(after, pt=biased))
    (bias,) = found(result, "bias")
    assert bias.subject == "pt"
    assert "pt above 500 GeV" in bias.text
    assert "too high by 0.5" in bias.text
    assert bias.value is not None
    assert bias.value.value == pytest.approx(0.005, abs=5e-5)
    assert bias.value.count == int((table.columns["pt"] >= 500).sum())


def test_a_bias_in_mev_is_found_at_the_same_edge() -> None:
    table = flat_jets(20_000, unit="MeV")
    pt = table.columns["pt"]
    result = compare(table, changed(table, pt=np.where(pt > 500_000, pt * np.float32(1.005), pt)))
    assert "pt above 500 GeV" in found(result, "bias")[0].text


def test_swapped_columns_are_named() -> None:
    table = flat_jets()
    after = rounded(table)
    result = compare(table, changed(after, eta=after.columns["width"], width=after.columns["eta"]))
    (swap,) = found(result, "swapped")
    assert "eta and width are swapped" in swap.text or "width and eta are swapped" in swap.text
    assert found(result, "bias") == []  # said once


def test_swapped_columns_of_other_events_are_named() -> None:
    table, other = flat_jets(8000, 1), flat_jets(7000, 9)
    after = changed(other, eta=other.columns["width"], width=other.columns["eta"])
    result = compare(table, after)
    assert not result.paired
    assert found(result, "swapped")


def test_wrapped_angles_are_counted() -> None:
    table = flat_jets()
    phi = rounded(table).columns["phi"].copy()
    phi[::100] += np.float32(ANGLE) * np.where(phi[::100] > 0, 1, -1).astype("<f4")
    result = compare(table, changed(table, phi=phi))
    (turned,) = found(result, "turned")
    assert turned.value is not None
    assert turned.value.value == 60
    assert "wrapped by a whole turn" in turned.text
    variable = next(item for item in result.variables if item.name == "phi")
    assert variable.residual is not None
    assert variable.residual.high < 2e-3  # the wrapped difference is small all the same


def test_going_over_the_edge_of_the_circle_is_no_fault() -> None:
    table = flat_jets()
    near = table.columns["phi"].copy()
    near[:] = np.float32(3.1415)
    moved = np.full_like(near, np.float32(-3.1415))
    result = compare(changed(table, phi=near), changed(table, phi=moved))
    assert found(result, "turned") == []


@pytest.mark.parametrize(("low", "turns"), [(-np.pi, 0), (0.0, 0), (-0.05, 0), (-np.pi, 1), (0.0, -1)])
def test_angles_of_other_events_are_held_to_the_range_of_the_original(low: float, turns: int) -> None:
    first, second = (
        changed(table, phi=np.random.default_rng(n).uniform(low, low + 6.2, n).astype("<f4"))
        for n in (3000, 2500)
        for table in [flat_jets(n, n)]
    )
    phi = second.columns["phi"].copy()
    phi[::50] += np.float32(ANGLE * turns)
    result = compare(first, changed(second, phi=phi))
    assert not result.paired
    assert len(found(result, "turned")) == abs(turns)


def test_duplicated_rows_are_counted_and_set_aside() -> None:
    table = flat_jets(8000)
    rng = np.random.default_rng(4)
    rows = np.sort(np.concatenate([np.arange(8000), rng.choice(8000, 8, replace=False)]))
    result = compare(table, with_rows(rounded(table), rows))
    (double,) = found(result, "duplicated")
    assert double.value is not None
    assert double.value.value == 8
    assert "0.1 %" in double.text
    assert result.paired
    assert "leaving 8 exact copies aside" in result.pairing


def test_duplicates_at_the_end_of_the_file_are_found_too() -> None:
    table = flat_jets(5000)
    result = compare(table, with_rows(table, np.concatenate([np.arange(5000), np.arange(5)])))
    assert found(result, "duplicated")[0].value.value == 5  # type: ignore[union-attr]
    assert found(result, "count")


def test_duplicates_in_place_of_others_are_found() -> None:
    table = flat_jets(5000)
    rows = np.arange(5000)
    rows[::1000] += 1
    result = compare(table, with_rows(table, rows))
    assert found(result, "duplicated")[0].severity == "broken"


def test_duplicated_jets_in_events_are_counted() -> None:
    table = jagged(3000)
    after = with_extra_jets(table, 0.001)
    extra = after.length("Jet") - table.length("Jet")
    result = compare(table, after)
    (double,) = found(result, "duplicated")
    assert double.value is not None
    assert double.value.value == extra
    assert "of the same event" in double.text
    (number,) = found(result, "count")
    assert f"{extra:,} more" in number.text


def test_a_constant_a_scale_and_a_sign_are_named() -> None:
    table = flat_jets()
    after = changed(
        table, width=np.full(len(table), 0.2, "<f4"), mass=table.columns["mass"] * np.float32(1000),
        eta=-table.columns["eta"],
    )  # fmt: skip
    result = compare(table, after)
    assert found(result, "constant")[0].subject == "width"
    scaled = {item.subject: item.text for item in found(result, "scaled")}
    assert scaled["mass"].startswith("mass of the other file is 1000")
    assert any("opposite sign" in item.text for item in found(result, "scaled"))


def test_nan_and_missing_columns_are_named() -> None:
    table = flat_jets()
    pt = table.columns["pt"].copy()
    pt[5:9] = np.nan
    result = compare(table, renamed(changed(table, pt=pt), {"width": "breadth"}))
    assert found(result, "nan")[0].value.value == 4  # type: ignore[union-attr]
    assert found(result, "missing")[0].subject == "width"
    assert found(result, "extra")[0].subject == "breadth"


def test_columns_of_other_names_are_paired_by_their_order() -> None:
    table = flat_jets(3000)
    process = Variable(name="process", dtype=np.dtype("<i4"), kind="integer")
    schema = replace(table.schema, variables=(*table.schema.variables, process))
    columns = {**table.columns, "process": np.repeat([0, 1], 1500).astype("<i4")}
    table = EventTable(schema, 3000, {}, columns)
    result = compare(table, renamed(rounded(table), {name: f"new_{name}" for name in columns}))
    assert broken(result) == []
    assert "paired by their order" in result.notes[0]
    assert {"process 0", "process 1"} <= {group.group for group in result.groups}


def test_columns_of_other_names_in_other_collections_are_missing() -> None:
    table = jagged(300)
    names = {variable.name: f"new_{variable.name}" for variable in table.schema.variables}
    variables = tuple(
        replace(v, name=names[v.name], axis=v.axis and f"new_{v.axis}") for v in table.schema.variables
    )
    collections = tuple(replace(c, name=f"new_{c.name}") for c in table.schema.collections)
    after = EventTable(
        Schema("Events", variables, collections),
        len(table),
        {f"new_{name}": offsets for name, offsets in table.offsets.items()},
        {names[name]: values for name, values in table.columns.items()},
    )
    (missing,) = found(compare(table, after), "missing")
    assert missing.value is not None
    assert missing.value.value == len(names)


def test_moved_and_shuffled_rows_are_named() -> None:
    table = flat_jets(3000)
    moved = compare(table, with_rows(table, np.roll(np.arange(3000), 1)))
    assert found(moved, "moved")
    shuffled = compare(table, with_rows(table, np.random.default_rng(1).permutation(3000)))
    assert found(shuffled, "reordered")


def test_a_broken_promise_is_counted_value_by_value() -> None:
    table = flat_jets()
    pt = table.columns["pt"].copy()
    pt[:7] *= np.float32(1.01)
    promises = {"pt": (Tolerance("relative", 1e-3), "by a test")}
    result = compare_tables(Memory(table), Memory(changed(table, pt=pt)), FAST, promises)
    assert found(result, "bound")[0].value.value == 7  # type: ignore[union-attr]


def test_the_classifier_names_what_gave_it_away() -> None:
    table = flat_jets(6000)
    worse = table.columns["width"] + np.float32(0.15)
    result = compare_tables(
        Memory(table), Memory(changed(table, width=worse)), replace(FAST, classifier=True)
    )
    assert result.tests is not None
    (tree,) = result.tests.classifiers
    assert tree.auc.value > 0.7
    assert next(iter(tree.importances)) == "width"
    worst = min(result.tests.variables, key=lambda test: test.p_holm)
    assert worst.variable == "width"
    assert worst.p_holm < 1e-6
