"""Packing without the order of events or objects: the same sets, block by block, in fewer bytes."""

from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner

from hepack import api
from hepack._errors import BadRequestError, CorruptFileError
from hepack.archive.batch import pack_many
from hepack.archive.order import as_stored, matching_collections
from hepack.archive.packed import PackedFile
from hepack.archive.pointers import refuse_pointers
from hepack.archive.verify import verify
from hepack.bench.run import bench
from hepack.cli.main import cli
from hepack.codec.plan import Plan
from hepack.codec.recipe import Recipe
from hepack.table import Collection, EventTable, Order, Schema, Variable, offsets_from_counts
from memory import MemorySource, pack_tables
from strategies import same_tables, sample_table

EVENTS = Recipe(effort="fast", free_event_order=True)
OBJECTS = Recipe(free_object_order=("Jet",))


def flat(n: int = 3000, seed: int = 1) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(seed)
    return {
        "pt": rng.exponential(40, n).astype("f4"),
        "phi": rng.uniform(-np.pi, np.pi, n).astype("f4"),
        "count": rng.poisson(3, n).astype("i4"),
    }


def table_of(columns: dict[str, np.ndarray], name: str = "Events") -> EventTable:  # type: ignore[type-arg]
    variables = tuple(Variable(name=k, dtype=v.dtype, kind="integer" if v.dtype.kind in "iu" else "continuous")
                      for k, v in columns.items())  # fmt: skip
    n = len(next(iter(columns.values())))
    return EventTable(Schema(name, variables), n, {}, columns)


def jets(n: int = 1500, **extra: np.ndarray) -> EventTable:  # type: ignore[type-arg]
    """Events with jets in no order; ``extra`` are columns of muons, one an event."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(6, n)
    total = int(counts.sum())
    columns = {
        "Jet_pt": np.round(rng.exponential(40, total), 1).astype("f4"),
        "Jet_area": np.round(rng.normal(0.5, 0.01, total), 2).astype("f4"),
        **extra,
    }
    axes = {name: "Jet" if name.startswith("Jet") else "Muon" for name in columns}
    variables = tuple(
        Variable(
            name=k, dtype=v.dtype, axis=axes[k], kind="integer" if v.dtype.kind in "iu" else "continuous"
        )
        for k, v in columns.items()
    )
    offsets = {"Jet": offsets_from_counts(counts), "Muon": np.arange(n + 1)}
    collections = (Collection(name="Jet"), Collection(name="Muon"))
    return EventTable(Schema("Events", variables, collections), n, offsets, columns)


def save(path: Path, n: int = 3000, **changed: np.ndarray) -> Path:  # type: ignore[type-arg]
    columns = flat(n) | changed
    table = np.empty(n, [(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        table[name] = values
    np.save(path, table)
    return path


def rows(table: EventTable) -> list[tuple[float, ...]]:
    return sorted(zip(*(column.tolist() for column in table.columns.values()), strict=True))


def test_blocks_hold_the_same_events_in_fewer_bytes(tmp_path: Path) -> None:
    table = table_of(flat())
    kept = pack_tables(tmp_path / "a.hpk", table, events=1000, recipe=Recipe(effort="fast"))
    freed = pack_tables(tmp_path / "b.hpk", table, events=1000, recipe=EVENTS)
    assert 8 * (kept.packed_bytes - freed.packed_bytes) > 5 * len(table)  # log2(1000!) / 1000 is 8.5
    with PackedFile(tmp_path / "b.hpk") as packed:
        assert packed.plan.order(0).events in ("pt", "phi")
        stored = packed.tables[0]
        for start in range(0, 3000, 1000):
            part = stored[start : start + 1000].read()
            assert rows(part) == rows(table.slice(start, start + 1000))
            assert (np.diff(part.columns[packed.plan.order(0).events]) >= 0).all()


def test_a_file_is_verified_reported_and_inspected(tmp_path: Path) -> None:
    source, target = save(tmp_path / "a.npy"), tmp_path / "a.hpk"
    recipe = api.make_recipe("pt=1e-3rel,phi=1e-3", effort="fast", free_event_order=True)
    api.pack(source, target, recipe=Recipe(**{**vars(recipe), "block_bytes": 20_000}))
    with PackedFile(target) as packed:
        assert len(packed.tables[0].blocks) > 1
    result = verify(target, original=str(source))
    assert result.sound
    assert 0 < result.worst["phi"] <= 1e-3
    shown = CliRunner().invoke(cli, ["inspect", str(target)])
    assert "events: order not kept (sorted by p" in shown.output
    shown = CliRunner().invoke(cli, ["inspect", str(target), "--json"])
    assert json.loads(shown.output)["tables"][0]["order"]["events"] in ("pt", "phi")
    found = api.compare(source, target).tables[0]
    assert found.paired
    assert [each.promise.violations for each in found.variables if each.promise] == [0, 0, 0]


def test_a_changed_value_is_found_out(tmp_path: Path) -> None:
    source, target = save(tmp_path / "a.npy"), tmp_path / "a.hpk"
    api.pack(source, target, recipe=EVENTS)
    counts = flat()["count"]
    counts[7] += 1
    save(source, count=counts)
    assert not verify(target, original=str(source)).sound
    np.save(source, np.zeros(3000, [("other", "f4")]))
    (problem,) = verify(target, original=str(source)).problems
    assert "cannot be sorted as the packed file is" in problem


def test_a_second_key_decides_where_the_tolerance_leaves_few_values(tmp_path: Path) -> None:
    source, target = save(tmp_path / "a.npy"), tmp_path / "a.hpk"
    recipes = [api.make_recipe("pt=0.5,phi=0.02", free_event_order=free) for free in (False, True)]
    sizes = [api.pack(source, target, recipe=each, overwrite=True).packed_bytes for each in recipes]
    with PackedFile(target) as packed:
        order = packed.plan.order(0)
        assert {order.events, order.then} == {"pt", "phi"}
        assert order.cell.kind == "step"
    assert 8 * (sizes[0] - sizes[1]) > 8 * 3000  # log2(3000!) / 3000 is 10.1
    assert verify(target, original=str(source)).sound


def test_an_order_that_helps_is_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    steps = np.cumsum(rng.normal(0, 1e-3, (2, 4000)), axis=1).astype("f4")
    table = table_of(
        {"number": np.arange(4000), "x": steps[0], "y": steps[1], "noise": rng.normal(size=4000)}
    )
    kept = pack_tables(tmp_path / "a.hpk", table, recipe=Recipe(effort="fast"))
    freed = pack_tables(tmp_path / "b.hpk", table, recipe=EVENTS)
    assert freed.variables == kept.variables
    with PackedFile(tmp_path / "b.hpk") as packed:
        assert not packed.plan.order(0)


@pytest.mark.parametrize("n", [0, 1, 40])
def test_few_events_of_every_layout_come_back(tmp_path: Path, n: int) -> None:
    recipe = Recipe(effort="fast", free_event_order=True, free_object_order=("Jet", "Jet_*"))
    table = sample_table(n)
    pack_tables(tmp_path / "a.hpk", table, recipe=recipe)
    with PackedFile(tmp_path / "a.hpk") as packed:
        expected = list(as_stored(iter([table]), [n], packed.plan.order(0)))
        assert all(same_tables(each, packed.tables[0].read()) for each in expected)


def test_objects_are_sorted_within_their_events(tmp_path: Path) -> None:
    table = jets(Muon_pt=np.round(np.random.default_rng(1).exponential(30, 1500), 1))
    kept = pack_tables(tmp_path / "a.hpk", table)
    freed = pack_tables(tmp_path / "b.hpk", table, recipe=OBJECTS)
    assert freed.packed_bytes < 0.95 * kept.packed_bytes
    with PackedFile(tmp_path / "b.hpk") as packed:
        assert packed.plan.order(0) == Order(objects=(("Jet", "Jet_pt"),))
        assert same_tables(packed.tables[0].read(), packed.plan.order(0).apply(table))
    with mock.patch("hepack.archive.verify.open_source", return_value=MemorySource([table], 400)):
        assert verify(tmp_path / "b.hpk", original="x").sound


def test_columns_that_point_into_a_collection_are_named() -> None:
    table = jets(Muon_pt=np.ones(1500, "f4"))
    counts = table.counts("Jet")
    near = np.minimum(np.arange(1500) % 3, counts - 1).astype("i4")
    refuse_pointers(table, "Jet")
    for name in ("Muon_jetIdx", "Muon_jet", "Muon_closest_jet_index"):
        with pytest.raises(BadRequestError, match=name):
            refuse_pointers(jets(**{name: near}), "Jet")
    with pytest.raises(BadRequestError, match="Muon_someIdx"):  # no name, but all values are places
        refuse_pointers(jets(Muon_someIdx=near), "Jet")
    refuse_pointers(jets(Muon_nJets=counts.astype("i4")), "Jet")
    refuse_pointers(jets(Muon_charge=near), "Jet")
    with pytest.raises(BadRequestError, match="Jet_jetIdx"):
        refuse_pointers(jets(Jet_jetIdx=np.zeros(int(counts.sum()), "u8")), "Jet")


def test_a_twin_of_a_collection_is_named() -> None:
    table = jets()
    schema = Schema("Events", table.schema.variables, (*table.schema.collections, Collection(name="Tag")))
    twin = EventTable(schema, len(table), {**table.offsets, "Tag": table.offsets["Jet"]}, table.columns)
    with pytest.raises(BadRequestError, match="'Tag'"):
        refuse_pointers(twin, "Jet")


def test_what_cannot_be_freed_is_refused(tmp_path: Path) -> None:
    one, two = table_of(flat(100)), table_of(flat(100), "friend")
    with pytest.raises(BadRequestError, match="2 tables have events"):
        pack_tables(tmp_path / "a.hpk", one, two, recipe=EVENTS)
    pack_tables(tmp_path / "b.hpk", one, table_of(flat(0), "friend"), recipe=EVENTS)
    with pytest.raises(BadRequestError, match=r"no 'Jte'.*'Jet'"):
        pack_tables(tmp_path / "c.hpk", jets(), recipe=Recipe(free_object_order=("Jte",)))
    assert matching_collections(jets().schema, ("*",)) == ["Jet", "Muon"]
    source = save(tmp_path / "a.npy", 50)
    with pytest.raises(BadRequestError, match="only packing"):
        api.reduce(source, tmp_path / "r.npy", recipe=EVENTS)
    with pytest.raises(BadRequestError, match="peers keep the order"):
        bench(source, EVENTS)


def test_two_files_sorted_in_different_ways_are_not_compared(tmp_path: Path) -> None:
    columns = flat(500)
    for name in ("pt", "phi"):
        order = mock.patch("hepack.archive.order.event_order", return_value=Order(name))
        with order:
            pack_tables(tmp_path / f"{name}.hpk", table_of(columns), recipe=EVENTS)
    with pytest.raises(BadRequestError, match="each in its own way"):
        api.compare(tmp_path / "pt.hpk", tmp_path / "phi.hpk")
    assert api.compare(tmp_path / "pt.hpk", tmp_path / "pt.hpk").tables[0].paired
    np.save(tmp_path / "a.npy", np.zeros(500, [("pt", "f4")]))
    with pytest.raises(BadRequestError, match="cannot be sorted"):
        api.compare(tmp_path / "a.npy", tmp_path / "phi.hpk")


def test_a_folder_is_packed_again_when_the_order_is_freed(tmp_path: Path) -> None:
    source, out = save(tmp_path / "a.npy", 500), tmp_path / "out"
    states = [
        pack_many([str(source)], out, recipe)[0].state for recipe in (EVENTS, EVENTS, Recipe(effort="fast"))
    ]
    assert states == ["packed", "unchanged", "packed"]


def test_the_command_takes_names_with_commas(tmp_path: Path) -> None:
    source = save(tmp_path / "a.npy", 500)
    run = CliRunner().invoke(cli, ["pack", str(source), "--fast", "--free-object-order", "Jet, Muon"])
    assert run.exit_code != 0
    assert "'Jet'" in str(run.exception)
    run = CliRunner().invoke(cli, ["pack", str(source), "--fast", "--free-event-order"])
    assert run.exit_code == 0
    run = CliRunner().invoke(cli, ["verify", f"{source}.hpk", "--against", str(source)])
    assert run.exit_code == 0, run.output


@pytest.mark.parametrize(
    "order",
    [5, {}, [], [{}, {}], ["pt"], [{"events": 5}], [{"events": "nothing"}], [{"z": 1}], [{"objects": ["pt"]}],
     [{"then": "phi"}], [{"events": "pt", "then": "none"}], [{"events": "pt", "cell": ["step"], "then": 5}],
     [{"events": "pt", "cell": ["round", 1.0, 1.0]}], [{"events": "pt", "cell": ["step", 0.0, 1.0]}],
     [{"events": "pt", "cell": ["step", 1e308, 1e-308]}], [{"events": "pt", "cell": ["ratio", 1e999, 1.0]}],
     [{"events": "pt", "cell": ["ratio", 1.0, "x"]}], [{"events": "pt", "cell": ["ratio", 1.0, 1.0, 1.0]}],
     [{"objects": {"Jet": "pt"}}], [{"objects": {"none": "pt"}}], [{"events": "x" * 5000}]],
)  # fmt: skip
def test_a_plan_that_lies_of_its_order_is_corrupt(order: object) -> None:
    value = Plan(schemas=(table_of(flat(10)).schema,), orders=(Order("pt"),)).to_json()
    assert Plan.from_json(value).order(0) == Order("pt")
    value["source"]["order"] = order
    with pytest.raises(CorruptFileError):
        Plan.from_json(value)
