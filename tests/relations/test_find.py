"""The finder finds what was planted, and nothing in noise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_tables import table

from hepack.io import open_source
from hepack.relations import Found, TableView, find_relations
from hepack.table import EventTable

RNG = np.random.default_rng(21)


def by_target(found: list[Found]) -> dict[str, Found]:
    return {item.relation.target: item for item in found}


def check_order(found: list[Found]) -> None:
    derived = [item.relation.target for item in found]
    assert len(set(derived)) == len(derived)
    for number, item in enumerate(found):
        assert not set(item.relation.sources) & set(derived[number:])


def particles(n: int, dtype: str = "f4") -> dict[str, Any]:
    pt, eta = RNG.exponential(30, n) + 5, RNG.normal(0, 1.2, n)
    phi, m = RNG.uniform(-np.pi, np.pi, n), np.abs(RNG.normal(8, 2, n))
    p = pt * np.cosh(eta)
    columns = {
        "a_pt": pt, "a_eta": eta, "a_phi": phi, "a_m": m, "a_px": pt * np.cos(phi), "a_py": pt * np.sin(phi),
        "a_pz": pt * np.sinh(eta), "a_E": np.hypot(p, m),
    }  # fmt: skip
    return {name: values.astype(dtype) for name, values in columns.items()}


def test_four_vectors_lossless() -> None:
    found = find_relations(table(particles(4000)), rows=4000)
    check_order(found)
    assert len(found) == 4
    assert sum(item.bits for item in found) < 0.35 * sum(item.plain_bits for item in found)


def test_four_vectors_with_tolerance() -> None:
    tolerances = dict.fromkeys(particles(4), "1e-3rel") | {"a_eta": "1e-3", "a_phi": "1e-3"}
    found = find_relations(table(particles(4000), tolerances=tolerances), rows=4000)
    check_order(found)
    assert len(found) == 4
    assert sum(item.bits for item in found) < 5


def test_names_are_not_needed() -> None:
    columns = {f"v{i}": values for i, values in enumerate(particles(3000).values())}
    found = find_relations(table(columns), rows=3000)
    assert len(found) >= 4


def test_noise() -> None:
    columns: dict[str, Any] = {f"x{i}": RNG.normal(size=2000).astype("f4") for i in range(20)}
    columns |= {f"e{i}": RNG.exponential(size=2000).astype("f4") for i in range(10)}
    columns |= {f"i{i}": RNG.integers(0, 40, 2000) for i in range(8)}
    columns |= {f"f{i}": RNG.random(2000) < 0.2 for i in range(8)}
    assert find_relations(table(columns), rows=2000) == []
    small = {name: values[:60] for name, values in columns.items()}
    assert find_relations(table(small), rows=10**6) == []


def test_integers_and_tables() -> None:
    n = 3000
    parts = {f"n{i}": RNG.integers(0, 30, n).astype("i4") for i in range(4)}
    cell = RNG.integers(0, 200, n).astype("i4")
    position = RNG.normal(size=200).astype("f4")
    columns = {
        **parts, "total": sum(parts.values()), "cell": cell, "position": position[cell],
        "event": RNG.integers(2**60, 2**62, n), "same": np.zeros(n, np.int64),
    }  # fmt: skip
    columns["same"] = columns["event"] + 12
    found = by_target(find_relations(table(columns), rows=10**5))
    assert set(found) >= {"position"}
    assert len(found) == 3
    assert found["position"].relation.kind == "table"
    assert all(item.bits < 0.1 for item in found.values())


def test_products_sums_and_units() -> None:
    n = 2000
    x, y, z = (RNG.exponential(10, n).astype("f4") + 1 for _ in range(3))
    columns = {
        "x": x,
        "y": y,
        "z": z,
        "xy": x * y,
        "gev": x / 1000,
        "ratio": 3.5 * z / y,
        "sum": x + y + z,
        "minus": 1 - z,
    }
    found = by_target(find_relations(table(columns), rows=n))
    assert len(found) == 5
    assert sum(item.bits for item in found.values()) < 15


def jagged(n: int) -> EventTable:
    counts, others = RNG.integers(0, 6, n), RNG.integers(0, 3, n)
    total, k = int(counts.sum()), int(others.sum())
    pt = -np.sort(-RNG.exponential(30, total).astype("f4") - 20)
    pt = pt[RNG.permutation(total)]
    owner = np.repeat(np.arange(n), counts)
    room = np.repeat(counts, others)
    index = np.where(room > 0, RNG.integers(0, 6, k) % np.maximum(room, 1), -1).astype("i4")
    first = np.concatenate([[0], np.cumsum(counts)])[:-1]
    copied = np.where(index >= 0, pt[np.minimum(np.repeat(first, others) + index, total - 1)], -1).astype(
        "f4"
    )
    events = {
        "njet": counts.astype("i4"), "ht": np.bincount(owner, pt.astype("f8"), n).astype("f4"),
        "lead": np.array([pt[owner == i].max(initial=0.0) for i in range(n)], "f4"),
        "met": RNG.exponential(20, n).astype("f4"),
    }  # fmt: skip
    tagged = RNG.random(total) < 0.3
    events["ntag"] = np.bincount(owner, tagged, n).astype("i4")
    jets = {"jet_pt": pt, "jet_tag": tagged, "jet_no": (np.arange(total) - first[owner]).astype("i2")}
    return table(events, {"jet": (counts, jets), "mu": (others, {"mu_jet": index, "mu_jetpt": copied})})


def test_collections() -> None:
    found = by_target(find_relations(jagged(1500), rows=1500))
    assert set(found) == {"njet", "ht", "lead", "ntag", "jet_no", "mu_jetpt"}
    assert found["mu_jetpt"].relation.kind in ("gather", "guard")


def test_matched_objects() -> None:
    """Jets near those that their index names, a third without one, and phi across the seam."""
    n = 1500
    counts, others = RNG.integers(0, 5, n), RNG.integers(0, 5, n)
    owner = np.repeat(np.arange(n), counts)
    room = np.repeat(counts, others)
    index = np.where(
        (room > 0) & (RNG.random(len(room)) < 0.7), RNG.integers(0, 5, len(room)) % np.maximum(room, 1), -1
    )
    place = np.repeat(np.concatenate([[0], np.cumsum(counts)])[:-1], others) + np.maximum(index, 0)
    matched = index >= 0
    gen = {"gen_eta": RNG.uniform(-4, 4, len(owner)), "gen_phi": RNG.uniform(-np.pi, np.pi, len(owner))}
    jet = {"jet_gen": index.astype("i4")}
    for name, width in (("eta", 8.0), ("phi", 2 * np.pi)):
        near = gen[f"gen_{name}"][np.minimum(place, len(owner) - 1)] + RNG.normal(0, 0.02, len(room))
        alone = RNG.uniform(-width / 2, width / 2, len(room))
        jet[f"jet_{name}"] = np.where(matched, near, alone)
    jet["jet_phi"] = (jet["jet_phi"] + np.pi) % (2 * np.pi) - np.pi
    events = table(
        {"met": RNG.exponential(20, n).astype("f4")},
        {
            "gen": (counts, {name: v.astype("f4") for name, v in gen.items()}),
            "jet": (others, {name: v.astype("i4" if name == "jet_gen" else "f4") for name, v in jet.items()}),
        },
        dict.fromkeys(("gen_eta", "gen_phi", "jet_eta", "jet_phi"), "1e-3"),
        dict.fromkeys(("gen_phi", "jet_phi"), 2 * np.pi),
    )
    found = by_target(find_relations(events, rows=n))
    assert set(found) == {"jet_eta", "jet_phi"}
    assert all(item.relation.kind == "gather" and item.bits < item.plain_bits - 1 for item in found.values())


def test_sentinels() -> None:
    n = 3000
    x, y = RNG.exponential(20, (2, n)).astype("f4")
    missing = RNG.random(n) < 0.4
    y[missing] = -999
    columns = {"x": x, "y": y, "sum": np.where(missing, np.float32(-25), x + y), "z": RNG.normal(size=n)}
    for tolerances in ({}, {"x": "1e-3rel", "y": "1e-3rel", "sum": "1e-3rel"}):
        found = by_target(find_relations(table(columns, tolerances=tolerances), rows=n))
        assert len(found) == 1
        assert next(iter(found.values())).bits < 1.6


def test_predictions_use_what_a_decoder_has() -> None:
    """The promised bits hold when the sources come back through their own coders."""
    tolerances = dict.fromkeys(particles(4), "1e-3rel") | {"a_eta": "1e-3", "a_phi": "1e-3"}
    data = table(particles(3000), tolerances=tolerances)
    for item in find_relations(data, rows=3000):
        variable = data.schema.by_name[item.relation.target]
        values = data.columns[variable.name]
        predicted = item.relation.predict(TableView(data))
        symbols = item.centred.forward(values, predicted)
        back = item.centred.inverse(symbols, predicted, values.dtype)
        assert variable.tolerance.violated(values, back).mean() < 0.01


def test_edges() -> None:
    data = table(particles(200))
    for n in (0, 1, 3, 8, 20):
        assert isinstance(find_relations(data.slice(0, n), rows=n), list)
    odd = {
        name: np.full(100, value) for name, value in [("n", np.nan), ("i", np.inf), ("z", -0.0), ("c", 5.0)]
    }
    odd["x"] = RNG.normal(size=100)
    odd["x"][::9] = np.nan
    odd["y"] = odd["x"] * 2
    assert list(by_target(find_relations(table(odd), rows=100))) in (["x"], ["y"])


def test_seed_decides() -> None:
    data = jagged(400)
    assert find_relations(data, rows=400, seed=5) == find_relations(data, rows=400, seed=5)


@pytest.mark.parametrize(
    ("name", "least"),
    [("cms_open_data/Zmumu_Run2011A_masses.csv", 9), ("anomaly/fair_universe_train/data.parquet", 11),
     ("cms_jets/JetNtuple_RunIISummer16_13TeV_MC_1_skimmed_v1.root", 4), ("skhep/uproot-HZZ.root", 3)],
)  # fmt: skip
def test_real_tables(shared_data: Path, name: str, least: int) -> None:
    with open_source(str(shared_data / name)) as source:
        block = next(iter(source.blocks(0, max_bytes=1 << 24)))
    block = replace(block.slice(0, 6000))
    found = find_relations(block, rows=block.n_events)
    check_order(found)
    assert len(found) >= least
