"""Columns are understood by their names, in several layouts; candidates agree with plain loops."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from hepack.io import open_source
from hepack.physics.candidates import dijet, hadronic_top
from hepack.physics.fields import Field, fields_of
from hepack.physics.kinematics import FourMomenta, cylindrical, transverse_mass, wrap
from hepack.physics.objects import Objects, build, row_starts
from hepack.physics.quantities import Cuts, available, compute
from hepack.physics.roles import find_roles, kind_of
from hepack.physics.triggers import online
from hepack.table import EventTable, Schema, Variable

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def flat(names: list[str]) -> tuple[Field, ...]:
    return fields_of(Schema("t", tuple(Variable(name=name, dtype=np.dtype("<f4")) for name in names)))


def test_nanoaod_names() -> None:
    with open_source(str(SAMPLES / "ttbar.root")) as source:
        roles = find_roles(fields_of(source.contents.schemas[0]))
    kinds = {role.kind: role.axis for role in roles.objects}
    assert kinds == {
        "jet": "Jet", "fatjet": "FatJet", "electron": "Electron", "muon": "Muon", "photon": "Photon", "tau": "Tau",
    }  # fmt: skip
    assert roles.met == {"pt": "MET_pt", "phi": "MET_phi"}
    assert roles.identity == ("run", "luminosityBlock", "event")


def test_phenoml_labels_split_objects_by_kind() -> None:
    with open_source(str(SAMPLES / "zjets.phenoml")) as source:
        fields = fields_of(source.contents.schemas[0])
        block = next(source.blocks(0, max_bytes=1 << 24))
    roles = find_roles(fields)
    event = build(block, {item.name: item for item in fields}, roles)
    assert {"jet", "electron", "muon"} <= set(event.objects)
    assert set(np.unique(event.objects["muon"].charge)) == {-1.0, 1.0}
    assert event.objects["jet"].pt.min() > 10  # GeV, from MeV
    found = compute(event, available(frozenset(event.objects)), Cuts())
    assert np.nanmedian(found["m_mumu"]) == pytest.approx(91, abs=2)


def test_flat_names() -> None:
    assert find_roles(flat(["m", "pt", "phi", "eta"])).lone
    slots = find_roles(flat(["pt1", "eta1", "phi1", "Q1", "pt2", "eta2", "phi2", "Q2", "dxy1"])).objects
    assert [(role.kind, len(role.slots)) for role in slots] == [("lepton", 2)]
    named = find_roles(flat(["jetPt", "jetEta", "jetPhi", "jetMass", "time", "alpha"]))
    assert named.objects[0].kind == "jet"
    assert named.objects[0].slots[0]["mass"] == "jetMass"
    assert find_roles(flat(["x", "y"])).objects == ()


def test_units_are_those_of_the_file_or_judged_by_the_median() -> None:
    fields = flat(["pt", "eta", "phi"])
    assert find_roles(fields, medians={"pt": 27_000.0}).objects[0].scale == 1e-3
    assert find_roles(fields, medians={"pt": 27.0}).objects[0].scale == 1.0
    assert find_roles(fields, medians={"pt": 27.0}, unit="TeV").objects[0].scale == 1e3


def test_the_policy_may_name_columns() -> None:
    fields = flat(["a", "b", "c", "d"])
    roles = find_roles(fields, overrides={"muon": {"pt": "a", "eta": "b", "phi": "c"}, "met": {"pt": "d"}})
    assert roles.objects[0].kind == "muon"
    assert roles.met == {"pt": "d"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("GenJet", ""), ("Jet", "jet"), ("FatJet", "fatjet"), ("AnalysisElectrons", "electron"), ("SV", "")],
)
def test_kinds(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_rows_are_grouped_by_their_event_number() -> None:
    names = ["event", "pt", "eta", "phi"]
    columns = {
        "event": np.array([7, 7, 8, 9, 9, 9]),
        "pt": np.full(6, 40.0),
        "eta": np.zeros(6),
        "phi": np.arange(6.0),
    }
    columns = {name: columns[name].astype("<f4") for name in names}
    schema = Schema("t", tuple(Variable(name=name, dtype=np.dtype("<f4")) for name in names))
    table = EventTable(schema, 6, {}, columns)
    fields = {item.name: item for item in fields_of(schema)}
    roles = find_roles(list(fields.values()))
    assert roles.grouping == "event"
    starts = row_starts(table, fields, roles)
    assert starts is not None
    assert starts.tolist() == [0, 2, 3, 6]
    event = build(table, fields, roles, starts)
    assert compute(event, available(frozenset({"jet"})), Cuts())["njet25"].tolist() == [2, 1, 3]


def jets(counts: list[int], seed: int = 1) -> Objects:
    rng = np.random.default_rng(seed)
    n = sum(counts)
    return Objects(
        kind="jet", offsets=np.concatenate([[0], np.cumsum(counts)]), pt=rng.uniform(25, 200, n),
        eta=rng.normal(0, 1, n), phi=rng.uniform(-3, 3, n), mass=rng.uniform(2, 20, n), charge=np.zeros(n),
        btag=rng.uniform(0, 1, n), rows=np.arange(n),
    ).by_pt()  # fmt: skip


def test_top_and_w_are_those_of_a_plain_loop() -> None:
    found = jets([0, 2, 3, 5, 6, 9, 4])
    top, w = hadronic_top(found, 0.5)
    for event in range(7):
        low, high = found.offsets[event], min(found.offsets[event + 1], found.offsets[event] + 6)
        best = (-1.0, np.nan, np.nan)
        for triple in itertools.combinations(range(low, high), 3):
            tagged = [i for i in triple if found.btag[i] > 0.5]
            if len(tagged) != 1:
                continue
            light = [i for i in triple if i not in tagged]
            pair = found.momenta[light[0]] + found.momenta[light[1]]
            whole = pair + found.momenta[tagged[0]]
            best = max(best, (float(whole.pt), float(whole.mass), float(pair.mass)))
        assert top[event] == pytest.approx(best[1], nan_ok=True)
        assert w[event] == pytest.approx(best[2], nan_ok=True)


def test_dijet_needs_two() -> None:
    masses = dijet(jets([0, 1, 2]))
    assert np.isnan(masses).tolist() == [True, True, False]


def test_kinematics() -> None:
    one = FourMomenta.from_pt(np.array([45.0]), np.array([0.3]), np.array([0.1]), np.array([0.0]))
    two = FourMomenta.from_pt(np.array([45.0]), np.array([0.3]), np.array([0.1 + np.pi]), np.array([0.0]))
    assert (one + two).mass == pytest.approx(90.0)
    pt, eta, phi, mass = cylindrical(one.px, one.py, one.pz, one.e)
    assert (pt[0], eta[0], phi[0], mass[0]) == pytest.approx((45.0, 0.3, 0.1, 0.0), abs=1e-5)
    assert wrap(np.array([2 * np.pi + 0.1, -6.2]))[0] == pytest.approx(0.1)
    assert transverse_mass(*(np.array([x]) for x in (40.0, 0.0, 40.0, np.pi)))[0] == pytest.approx(80.0)


def test_the_online_quantity_does_not_depend_on_blocks() -> None:
    values = np.linspace(10, 500, 1000)
    whole = online(values, 0.1, 0)
    parts = np.concatenate([online(values[:300], 0.1, 0), online(values[300:], 0.1, 300)])
    assert np.array_equal(whole, parts)
    spread = whole / values - 1
    assert abs(spread.mean()) < 0.01
    assert spread.std() == pytest.approx(0.1, rel=0.1)
