"""A study end to end on small files: every section, its figures and its plots; what cannot run says why."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="a study trains networks")
pytest.importorskip("matplotlib", reason="a study draws plots")
h5py = pytest.importorskip("h5py", reason="the series and images come as HDF5")

from hepack._errors import BadRequestError  # noqa: E402
from hepack.models.architecture import parse_layers  # noqa: E402
from hepack.study.effort import QUICK  # noqa: E402
from hepack.study.page import write  # noqa: E402
from hepack.study.quality import quality, worst  # noqa: E402
from hepack.study.run import SECTIONS, Request, study  # noqa: E402
from hepack.study.series import Strain, read_strain  # noqa: E402
from hepack.study.table import Table, extract, jets_27, objects_by_kind  # noqa: E402

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def jets(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    pt = rng.pareto(3, 500) * 30 + 20
    lines = [
        f"{a:.4f},{b:.4f},{c:.5f},{a * 0.1 * math.exp(0.3 * d):.4f}"
        for a, b, c, d in zip(
            pt, rng.normal(0, 1.4, 500), rng.uniform(-3.1, 3.1, 500), rng.normal(size=500), strict=True
        )
    ]
    path = tmp_path / "jets.csv"
    path.write_text("Jet_pt,Jet_eta,Jet_phi,Jet_mass\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def strain(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    noise = np.convolve(rng.normal(size=70_000), np.ones(8) / 8, "same") * 1e-21
    path = tmp_path / "strain.hdf5"
    with h5py.File(path, "w") as file:
        file["strain"] = noise
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    path = tmp_path / "images.h5"
    with h5py.File(path, "w") as file:
        file["images"] = rng.exponential(1.0, (40, 12, 10)).astype(np.float32)
    return path


@pytest.mark.slow
def test_every_section(
    jets: Path, strain: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortest = replace(QUICK, epochs=1, ablation_epochs=1, wide_epochs=1, small_epochs=1, repeat=1)
    monkeypatch.setattr("hepack.study.run.QUICK", shortest)
    monkeypatch.setattr("hepack.study.wide.LATENTS", (20, 18))
    monkeypatch.setattr("hepack.study.combine.BOUNDS", (0.1, 1e-3))
    monkeypatch.setattr("hepack.study.combine.LEVELS", (2, 6))
    own = (parse_layers("8-2-8", 4), "standard", "l1")
    request = Request(
        file=jets, samples=SAMPLES, series=(strain,), images=(pictures,), quick=True, models=tmp_path, own=own
    )
    result = study(request, command="hepack study")
    assert result.skipped == {}
    assert [section.name for section in result.sections] == list(SECTIONS)
    write(result, tmp_path / "s.html", plots=tmp_path / "plots")
    assert "response rms" in (tmp_path / "published-1.md").read_text()
    page = (tmp_path / "s.html").read_text()
    names = [picture.name for section in result.sections for picture in section.pictures]
    assert len(names) == len(set(names)) >= 14
    assert page.count("<svg") == len(names)
    assert {f"{name}{suffix}" for name in names for suffix in (".png", ".pdf")} == {
        path.name for path in (tmp_path / "plots").iterdir()
    }
    found = json.loads((tmp_path / "s.json").read_text())
    sheets = [sheet for section in found["sections"] for sheet in section["sheets"]]
    assert all(len(row) == len(sheet["header"]) for sheet in sheets for row in sheet["rows"])
    assert any(row[0] == "yours" for sheet in sheets for row in sheet["rows"])
    assert (tmp_path / "published-1.safetensors").exists()


def test_what_cannot_run_says_why(jets: Path, tmp_path: Path) -> None:
    request = Request(file=jets, samples=tmp_path, sections=("times", "wide", "strain"), quick=True)
    result = study(request)
    assert [section.name for section in result.sections] == ["times"]
    assert "ttbar.root" in result.skipped["wide"]
    assert "--series" in result.skipped["strain"]
    with pytest.raises(BadRequestError, match="no section"):
        Request(sections=("everything",))


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_files_too_small_are_refused(rows: int, tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("Jet_pt,Jet_eta,Jet_phi,Jet_mass\n" + "1.5,2.5,0.5,3.5\n" * rows)
    with pytest.raises(BadRequestError):
        study(Request(file=path, sections=("recipes",), quick=True))


def test_constant_and_broken_values_do_not_crash(jets: Path, tmp_path: Path) -> None:
    lines = jets.read_text().splitlines()
    made = [lines[0], *(line.rsplit(",", 1)[0] + ",7.0" for line in lines[1:])]
    made[3] = "nan,0.5,1.0,7.0"
    made[4] = "1e30,0.5,1.0,7.0"
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(made) + "\n")
    result = study(Request(file=path, sections=("recipes",), quick=True))
    assert result.sections
    assert result.sections[0].sheets


def test_tables_out_of_any_file(jets: Path) -> None:
    table = extract(jets)
    assert table.names == ("Jet_pt", "Jet_eta", "Jet_phi", "Jet_mass")
    assert table.angles == (2,)
    named = extract(SAMPLES / "ttbar.root", ["Muon_pt", "Muon_charge"])
    assert named.values.shape[1] == 2
    assert jets_27(SAMPLES / "ttbar.root").values.shape[1] == 27
    by_kind, counts = objects_by_kind(SAMPLES / "zjets.phenoml")
    assert len(by_kind["all"]) == counts.sum() == sum(len(t) for k, t in by_kind.items() if k != "all")
    with pytest.raises(BadRequestError, match="different axes"):
        extract(SAMPLES / "ttbar.root", ["Muon_pt", "Jet_pt"])
    with pytest.raises(BadRequestError, match="Jet_weight"):
        extract(SAMPLES / "ttbar.root", ["Jet_weight"])


def test_quality_wraps_angles_and_leaves_out_what_is_near_zero() -> None:
    values = np.array([[10.0, 3.14], [20.0, -3.14], [30.0, 0.0], [40.0, 1.0]])
    table = Table("t", ("pt", "phi"), values, (1,))
    restored = values * [1.01, 1.0] + [0.0, 0.01]
    restored[0, 1] -= 2 * math.pi
    found = quality(table, restored)
    assert found[0].response_rms == pytest.approx(0.01)
    assert found[1].residual_rms == pytest.approx(0.01)
    assert found[1].counted == 0.75
    assert worst(found).name == "pt"


def test_snr_loss_of_added_noise_is_as_expected(strain: Path) -> None:
    series = read_strain(strain)
    assert series.snr_loss(series.values) == 0.0
    rng = np.random.default_rng(5)
    error = np.convolve(rng.normal(size=len(series.values)), np.ones(8) / 8, "same") * 1e-22
    loss = series.snr_loss(series.values + error)  # noise of the same shape and a tenth of the size
    assert loss == pytest.approx(1 - 1 / math.sqrt(1.01), rel=0.4)  # seven segments estimate it
    assert isinstance(series, Strain)
