"""Real ROOT files: read, write, read gives the same bits."""

from __future__ import annotations

from pathlib import Path

import pytest
import uproot
from test_root import ROOT, assert_equal, whole

from hepack.io import ReadOptions, WriteOptions
from hepack.io.root_fields import form_of

FILES = {
    "coffea/PHYSLITE_example.root": 1150,
    "coffea/delphes.root": 1500,
    "coffea/nano_dimuon.root": 1587,
    "coffea/nano_dimuon_rntuple.root": 1587,
    "coffea/nano_dy.root": 1474,
    "cms_open_data/Run2012B_SingleMu_1000.root": 81,
    "cms_open_data/open-data-example.root": 5,
    "cms_jets/JetNtuple_RunIISummer16_13TeV_MC_1_skimmed_v1.root": 40,
    "flat/dalitzdata.root": 6,
    "flat/PhaseSpaceSimulation.root": 26,
    "skhep/uproot-HZZ-lzma.root": 47,
    "skhep/uproot-HZZ-uncompressed.root": 47,
    "skhep/uproot-HZZ.root": 47,
    "skhep/uproot-Zmumu.root": 20,
}
"""File -> variables of the first table, at least."""


WIDE = {"coffea/PHYSLITE_example.root", "coffea/delphes.root", "coffea/nano_dimuon.root"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in WIDE else n for n in FILES])
def test_round_trip(name: str, shared_data: Path, tmp_path: Path) -> None:
    with ROOT.open(str(shared_data / name), ReadOptions()) as source:
        contents = source.contents
        tables = [whole(source, number, 1 << 25) for number in range(len(contents.schemas))]
    assert len(contents.schemas[0].variables) >= FILES[name]
    with ROOT.create(str(tmp_path / "a.root"), contents.attributes, WriteOptions()) as sink:
        for table in tables:
            sink.begin(table.schema, len(table))
            sink.write(table)
    with ROOT.open(str(tmp_path / "a.root"), ReadOptions()) as source:
        assert source.contents.skipped == ()
        for number, table in enumerate(tables):
            again = whole(source, number, 1 << 25)
            assert_equal(again, table)
            if not sink.notes:  # type: ignore[attr-defined]
                assert again.schema.collection_by_name == table.schema.collection_by_name


@pytest.mark.slow
def test_the_form_of_projected_fields_is_that_of_uproot(shared_data: Path) -> None:
    with uproot.open(shared_data / "coffea/nano_dimuon_rntuple.root") as file:
        ntuple = file["Events"]
        assert form_of(ntuple, ntuple.fields) == ntuple.to_akform()[0]


@pytest.mark.parametrize("name", ["coffea/nano_dimuon_rntuple.root", "coffea/nano_dy.root"])
def test_bytes_on_disk(name: str, shared_data: Path) -> None:
    path = shared_data / name
    with ROOT.open(str(path), ReadOptions()) as source:
        schema, stored = source.contents.schemas[0], source.stored_bytes(0)
    assert set(stored) == set(schema.by_name)
    assert path.stat().st_size / 2 < sum(stored.values()) < path.stat().st_size
    assert stored["Jet_pt"] > 100


def test_nanoaod_collections(shared_data: Path) -> None:
    with ROOT.open(str(shared_data / "coffea/nano_dy.root"), ReadOptions()) as source:
        events = source.contents.schemas[0]
    assert events.collection_by_name["Jet"].counter == "nJet"
    assert events.by_name["Jet_pt"].axis == "Jet"
    assert "nJet" not in events.by_name
