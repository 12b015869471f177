"""Good runs alarm at the stated rate, bad ones do, and the words say why."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from monitored_events import make_events

from hepack._errors import BadInputError, BadRequestError
from hepack.evaluate.intervals import clopper_pearson
from hepack.monitoring.faults import (
    dead_region,
    hot_tower,
    missing_objects,
    scaled,
    smeared,
    stuck,
    wrong_unit,
)
from hepack.monitoring.judge import judge
from hepack.monitoring.picking import kept_objects, with_columns
from hepack.monitoring.record import to_json
from hepack.monitoring.reference import Reference, make_reference
from hepack.monitoring.results import MonitorResult
from hepack.monitoring.watch import monitor_tables
from hepack.table import EventTable

RUN = 1500


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make_reference(make_events(6000, 1), "reference.root", bits=False)


def watched(reference: Reference, *tables: EventTable) -> MonitorResult:
    runs = ((f"run{place}", table) for place, table in enumerate(tables))
    return monitor_tables(reference, runs)


def nan_values(table: EventTable, size: float, rng: np.random.Generator) -> EventTable:
    values = np.where(rng.random(len(table)) < size, np.nan, table.columns["MET_pt"])
    return with_columns(table, {"MET_pt": values})


FAULTS: tuple[tuple[Callable[..., EventTable], float, str, str], ...] = (
    (dead_region, 1.2, "occupancy", "Jet: occupancy hole at eta 0."),
    (hot_tower, 0.1, "occupancy", "Jet: occupancy hot spot at eta −1."),
    (wrong_unit, 1.0, "unit", "MET_pt: unit looks like MeV, factor 1000"),
    (wrong_unit, 0.1, "unit", "% of the values looks like MeV"),
    (missing_objects, 0.1, "rate", "% of events lack objects"),
    (stuck, 0.1, "rate", "% repeat the value before (0 % in the reference)"),
    (nan_values, 0.05, "rate", "% are NaN (0 % in the reference)"),
)


@pytest.mark.parametrize(
    ("fault", "size", "quantity", "text"), FAULTS, ids=lambda v: getattr(v, "__name__", None)
)
def test_a_fault_alarms_and_is_named(
    reference: Reference, fault: Callable[..., EventTable], size: float, quantity: str, text: str
) -> None:
    result = watched(reference, fault(make_events(RUN, 2), size, np.random.default_rng(3)))
    assert result.alarm
    first = result.runs[0].findings[0]
    assert first.effect.quantity == quantity
    assert text in first.effect.text


def test_a_moved_scale_is_measured(reference: Reference) -> None:
    run = make_events(4000, 2)
    pt = run.columns["MET_pt"] * 0.8
    result = watched(reference, with_columns(run, {"MET_pt": pt}))
    effect = next(f.effect for f in result.runs[0].findings if f.column == "MET_pt")
    assert effect.quantity == "scale"
    assert effect.text.startswith("MET_pt scale −")
    assert abs(effect.value + 20) < 3 * effect.error
    assert 1 < effect.error < 4


@pytest.mark.parametrize("fault", [scaled, smeared])
def test_energies_of_jets(reference: Reference, fault: Callable[..., EventTable]) -> None:
    result = watched(reference, fault(make_events(RUN, 2), 0.3, np.random.default_rng(3)))
    assert result.alarm
    assert any("Jet" in finding.column for finding in result.runs[0].findings)


def test_good_runs_alarm_at_the_stated_rate() -> None:
    """Independent references and runs; the tests are correlated, the objects of an event as well."""
    alarms, count, rate = 0, 100, 0.1
    names = {"MET_pt", "MET_phi", "Jet_pt", "Jet_mass"}
    for seed in range(count):
        events = make_events(1500, 1000 + seed).select(sorted(names))
        known = make_reference(events.slice(0, 1000), "reference", bits=False)
        columns = known.measured(events.slice(1000, 1500))
        judged = judge(known, columns, "run", trials=99, rng=np.random.default_rng(seed))
        alarms += judged.global_p <= rate
    low, high = clopper_pearson(alarms, count, 0.998)
    assert low <= rate <= high, alarms


def test_code_lengths_see_what_no_distribution_shows() -> None:
    """Values of other events: each column alone is as it was."""
    known = make_reference(make_events(6000, 1), "reference")
    run = make_events(RUN, 2)
    mixed = with_columns(run, {"MET_sumEt": np.random.default_rng(3).permutation(run.columns["MET_sumEt"])})
    good, bad = watched(known, run, mixed).runs
    assert not good.alarm
    assert bad.alarm
    assert {test.measure for finding in bad.findings for test in finding.tests} == {"bits"}
    assert "bits" in bad.findings[0].effect.text
    assert bad.bits_per_event[1] > good.bits_per_event[1]


def test_the_same_seed_gives_the_same_record(reference: Reference) -> None:
    runs = [make_events(RUN, seed) for seed in (11, 12, 13)]
    one, two = (to_json(watched(reference, *runs)) for _ in range(2))
    one["seconds"] = two["seconds"] = 0
    assert json.dumps(one, allow_nan=False) == json.dumps(two, allow_nan=False)
    assert {"hepack_monitor", "alarm", "runs", "drift", "moved", "reference"} <= set(one)
    assert {"file", "events", "alarm", "p", "findings", "bits_per_event"} <= set(one["runs"][0])
    assert len(one["drift"]["charts"][0]["z"]) == 3


def test_event_numbers_are_not_watched(reference: Reference) -> None:
    assert not any(test.column == "event" for test in reference.tests)


def test_what_cannot_be_judged_is_refused(reference: Reference) -> None:
    run = make_events(RUN, 2)
    with pytest.raises(BadInputError, match=r"lacks 'MET_pt' of the reference"):
        watched(reference, run.select([n for n in run.columns if n != "MET_pt"]))
    with pytest.raises(BadInputError, match="has 100 events, too few"):
        watched(reference, run.slice(0, 100))
    with pytest.raises(BadInputError, match="has 80 events; give one of at least"):
        make_reference(run.slice(0, 80), "small")
    with pytest.raises(BadInputError, match="give a larger reference"):
        watched(make_reference(make_events(600, 1), "small", bits=False), make_events(20_000, 2))
    with pytest.raises(BadRequestError, match="alarm rate"):
        monitor_tables(reference, iter([]), alarm_rate=1e-6)


def test_a_column_of_nan_and_infinities_fails_nothing_else(reference: Reference) -> None:
    run = make_events(RUN, 2)
    result = watched(reference, with_columns(run, {"MET_pt": np.full(RUN, np.nan)}))
    assert result.runs[0].findings[0].effect.text == "MET_pt: 100 % are NaN (0 % in the reference)"
    assert watched(reference, with_columns(run, {"MET_pt": np.full(RUN, np.inf)})).alarm


def test_picked_events_keep_their_objects() -> None:
    table = make_events(50, 3)
    order = np.array([7, 7, 0, 49])
    made = table.take(order)
    for place, event in enumerate(order):
        one, two = made.slice(place, place + 1), table.slice(int(event), int(event) + 1)
        assert all((one.columns[name] == two.columns[name]).all() for name in one.columns)
        assert one.counts("Jet").tolist() == two.counts("Jet").tolist()


def test_indices_follow_the_objects() -> None:
    table = make_events(200, 4)
    first = np.zeros(table.length("Jet"), bool)
    first[table.offsets["Jet"][:-1]] = True
    without = kept_objects(table, "Jet", ~first)
    assert (without.columns["Tau_jetIdx"] == -1).all()
    same = kept_objects(table, "Jet", np.ones(table.length("Jet"), bool))
    assert (same.columns["Tau_jetIdx"] == table.columns["Tau_jetIdx"]).all()
