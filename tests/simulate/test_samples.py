"""The committed samples: peaks, shapes and balances, with stated tolerances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hepack.io import open_source
from hepack.simulate.backgrounds import HIGGS, TOP, W, Z
from hepack.simulate.validate import (
    dijet_masses,
    dimuon_masses,
    fit_peak,
    four_lepton_masses,
    groomed_masses,
    w_and_top_masses,
)
from hepack.table import EventTable

JET_VARIABLES = (
    "pt",
    "eta",
    "phi",
    "mass",
    "area",
    "energyChHad",
    "energyNeHad",
    "energyPhoton",
    "energyElectron",
    "energyMuon",
    "energyHFHad",
    "energyHFEM",
    "nChHad",
    "nNeHad",
    "nPhoton",
    "nElectron",
    "nMuon",
    "nHFHad",
    "nHFEM",
    "nConstituents",
    "tau1",
    "tau2",
    "tau3",
    "width",
    "charge",
    "btag",
    "time",
)


def load(path: Path) -> EventTable:
    with open_source(str(path)) as source:
        return EventTable.concatenate(list(source.blocks(0, max_bytes=1 << 28)))


@pytest.fixture(scope="module")
def top_pairs(samples: Path) -> EventTable:
    return load(samples / "ttbar.root")


def test_jet_variables(top_pairs: EventTable) -> None:
    assert len(JET_VARIABLES) == 27
    assert {f"Jet_{name}" for name in JET_VARIABLES} <= set(top_pairs.columns)
    assert top_pairs.columns["Jet_pt"].dtype == np.float32
    assert len(top_pairs) == 1500


def test_w_peak_within_2_percent_and_errors(top_pairs: EventTable) -> None:
    peak = fit_peak(w_and_top_masses(top_pairs)[0], window=(45.0, 135.0), bins=30)
    assert peak.mean == pytest.approx(W, abs=0.02 * W + 2 * peak.mean_error)
    assert 3.0 < peak.width < 12.0


def test_top_peak_within_2_percent_and_errors(top_pairs: EventTable) -> None:
    peak = fit_peak(w_and_top_masses(top_pairs)[1], window=(110.0, 260.0), bins=25)
    assert peak.mean == pytest.approx(TOP, abs=0.02 * TOP + 2 * peak.mean_error)
    assert 10.0 < peak.width < 30.0


def test_boosted_top_peak_within_2_percent_and_errors(samples: Path) -> None:
    masses = groomed_masses(load(samples / "zprime_tt.root"), min_pt=500.0)
    peak = fit_peak(masses, window=(110.0, 230.0), bins=20)
    assert peak.mean == pytest.approx(TOP, abs=0.02 * TOP + 2 * peak.mean_error)


def test_z_peak_within_1_percent(samples: Path) -> None:
    peak = fit_peak(dimuon_masses(load(samples / "zmumu.root")), window=(80.0, 102.0), bins=22)
    assert peak.mean == pytest.approx(Z, rel=0.01)
    assert 1.2 < peak.width < 2.4  # natural width 2.5 GeV (half maximum) and 1 to 3 % per muon


def test_higgs_peak_within_1_percent(samples: Path) -> None:
    peak = fit_peak(four_lepton_masses(load(samples / "higgs_4l.root")), window=(110.0, 140.0), bins=30)
    assert peak.mean == pytest.approx(HIGGS, rel=0.01)
    assert 0.5 < peak.width < 2.0


def test_dijet_resonance_within_8_percent(samples: Path) -> None:
    """Radiation out of the cone pulls the peak below 2 TeV."""
    peak = fit_peak(dijet_masses(load(samples / "zprime_qq.root")), window=(1200.0, 2600.0), bins=20)
    assert peak.mean == pytest.approx(2000.0, rel=0.08)


def test_jet_shapes_are_sensible(top_pairs: EventTable) -> None:
    columns = top_pairs.columns
    counts = top_pairs.counts("Jet")
    assert 5.5 < counts.mean() < 8.5  # above 15 GeV
    pt, eta = columns["Jet_pt"], columns["Jet_eta"]
    assert (pt > 15).all()
    assert (np.abs(eta) < 4.7).all()
    assert abs(eta.mean()) < 4 * eta.std() / np.sqrt(len(eta))
    assert 45 < np.median(pt) < 65
    assert 5 < np.median(columns["Jet_mass"]) < 10
    assert columns["Jet_area"].min() >= 0
    assert columns["Jet_area"].max() <= np.pi * 0.16 * 1.001
    phi = np.histogram(columns["Jet_phi"], 8, (-np.pi, np.pi))[0]
    assert ((phi - phi.mean()) ** 2 / phi.mean()).sum() < 24  # 7 degrees of freedom, 0.1 %


def test_b_tag_efficiencies_as_stated(top_pairs: EventTable) -> None:
    score, flavour = top_pairs.columns["Jet_btag"], top_pairs.columns["Jet_hadronFlavour"]
    for kind, expected in ((5, 0.79), (4, 0.16), (0, 0.01)):
        passed = score[flavour == kind] > 0.278
        error = np.sqrt(expected * (1 - expected) / len(passed))
        assert passed.mean() == pytest.approx(expected, abs=4 * error)


def test_energies_add_up_to_the_jet(top_pairs: EventTable) -> None:
    columns = {name: top_pairs.columns[f"Jet_{name}"].astype(float) for name in JET_VARIABLES}
    total = sum(column for name, column in columns.items() if name.startswith("energy"))
    raw = 1 - top_pairs.columns["Jet_rawFactor"].astype(float)
    energy = np.hypot(columns["pt"] * np.cosh(columns["eta"]), columns["mass"]) * raw
    np.testing.assert_allclose(total, energy, rtol=1e-4)
    number = sum(top_pairs.columns[f"Jet_n{k}"] for k in ("ChHad", "NeHad", "Photon", "Electron", "Muon"))
    number = number + top_pairs.columns["Jet_nHFHad"] + top_pairs.columns["Jet_nHFEM"]
    assert (number == top_pairs.columns["Jet_nConstituents"]).all()


def test_photon_and_jet_balance(samples: Path) -> None:
    """The photon's pt and the sum of all jets' balance within 5 % in the median."""
    table = load(samples / "gamma_jets.root")
    with_photon = table.counts("Photon") >= 1
    photon = table.columns["Photon_pt"][table.offsets["Photon"][:-1][with_photon]]
    met = table.columns["MET_pt"][with_photon]
    phi = (
        table.columns["MET_phi"][with_photon]
        - table.columns["Photon_phi"][table.offsets["Photon"][:-1][with_photon]]
    )
    assert len(photon) > 30
    assert np.median(met * np.cos(phi) / photon) == pytest.approx(0.0, abs=0.05)


def test_nano_precision_drops_bits(samples: Path) -> None:
    table = load(samples / "ttbar_nano.root")
    bits = table.columns["Jet_pt"].view(np.uint32)
    assert (bits % 4096 == 0).all()
    assert (bits % 8192 != 0).any()


def test_every_sample_has_its_command(samples: Path) -> None:
    readme = (samples / "README.md").read_text()
    files = sorted(path for path in samples.iterdir() if path.suffix != ".md")
    assert len(files) >= 20
    assert sum(path.stat().st_size for path in files) < 6_000_000
    for path in files:
        assert f"-o samples/{path.name}\n" in readme


@pytest.mark.parametrize(
    ("name", "events", "column"),
    [
        ("ttbar_rntuple.root", 100, "Jet_pt"),
        ("zjets.phenoml", 500, "pt"),
        ("ttbar_trigger.h5", 500, "Particles"),
        ("wprime_xy_jet_images.h5", 60, "JetImages"),
        ("ttbar_event_images.h5", 40, "EventImages"),
    ],
)
def test_samples_of_every_layout_open(samples: Path, name: str, events: int, column: str) -> None:
    table = load(samples / name)
    assert len(table) == events
    assert np.isfinite(table.columns[column]).all()
    assert table.columns[column].any()


def test_constituents_point_to_their_jets(samples: Path) -> None:
    table = load(samples / "ttbar_constituents.root")
    index, counts = table.columns["PFCand_jetIdx"], table.counts("PFCand")
    assert (index < np.repeat(table.counts("Jet"), counts)).all()
    number = np.add.reduceat(index >= 0, table.offsets["PFCand"][:-1])
    expected = np.add.reduceat(table.columns["Jet_nConstituents"], table.offsets["Jet"][:-1])
    assert (number == expected)[table.counts("Jet") > 0].all()
