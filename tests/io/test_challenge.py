"""Challenge data become events with named objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hepack._errors import BadInputError
from hepack.io.challenge import frame_names
from hepack.scoring.events import read_events

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def frame(path: Path, names: np.ndarray, values: np.ndarray) -> Path:
    """What pandas writes with ``to_hdf(path, key="df")``, as far as it is read."""
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"] = "frame"
        group["axis0"] = group["block0_items"] = names
        group["axis1"] = np.arange(len(values))
        group["block0_values"] = values
    return path


def test_features_of_the_olympics_have_names(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(40, 3))
    path = frame(tmp_path / "f.h5", np.array([b"pxj1", b"mj1", b"label"]), values)
    table = read_events([path])
    assert [v.name for v in table.schema.variables] == ["pxj1", "mj1", "label"]
    np.testing.assert_array_equal(table.columns["mj1"], values[:, 1])


def test_constituents_of_the_olympics_lose_their_padding(tmp_path: Path) -> None:
    values = np.zeros((5, 2101))
    values[:, -1] = (0, 1, 0, 1, 0)
    values[2, :9] = (1.0, 0.1, 0.2, 5.0, 0.3, 0.4, 2.0, -0.5, -0.6)
    table = read_events([frame(tmp_path / "c.h5", np.arange(2101), values)])
    assert table.counts("Particle").tolist() == [0, 0, 3, 0, 0]
    assert table.columns["Particle_pt"].tolist() == [5.0, 2.0, 1.0]
    assert table.columns["Particle_phi"].tolist() == [0.4, -0.6, 0.2]
    assert table.columns["label"].tolist() == [0, 1, 0, 1, 0]


def test_trigger_inputs_become_objects() -> None:
    pytest.importorskip("h5py", reason="h5py is not installed")
    table = read_events([SAMPLES / "a_4l_trigger.h5"])
    assert [c.name for c in table.schema.collections] == ["Electron", "Muon", "Jet"]
    assert {"MET_pt", "MET_phi"} <= set(table.schema.by_name)
    leptons = table.counts("Electron") + table.counts("Muon")
    assert np.median(leptons) >= 2
    assert (table.columns["Jet_pt"] > 0).all()


def test_dark_machines_objects_are_split_by_kind() -> None:
    table = read_events([SAMPLES / "zjets.phenoml"])
    assert {"Jet", "Electron", "Muon"} <= {c.name for c in table.schema.collections}
    assert table.length("Jet") > 0
    assert {"MET", "Jet_pt", "Muon_eta"} <= set(table.schema.by_name)
    assert set(np.unique(table.columns["Jet_btag"])) == {0, 1}


def test_damaged_names_are_an_error(tmp_path: Path) -> None:
    path = frame(tmp_path / "f.h5", np.array([1.5, 2.5]), np.zeros((3, 2)))
    with pytest.raises(BadInputError, match="wrong form"):
        frame_names(str(path), "df")
    with pytest.raises(BadInputError, match="cannot be read"):
        frame_names(str(path), "other/axis1")
    short = frame(tmp_path / "s.h5", np.array([b"one"]), np.zeros((3, 2)))
    with pytest.raises(BadInputError, match="2 columns, but 1 names"):
        read_events([short])
