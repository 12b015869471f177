"""Real files through pack and unpack, compared by the libraries that own the formats, not by our readers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

import hepack

ROOT_FILES = [
    "skhep/uproot-HZZ.root",
    "skhep/uproot-Zmumu.root",
    "cms_open_data/open-data-example.root",
    "cms_open_data/Run2012B_SingleMu_1000.root",
    "coffea/nano_dy.root",
    "flat/PhaseSpaceSimulation.root",
]
TEXT_FILES = [
    "cms_open_data/Zmumu_Run2011A.csv",
    "cms_open_data/Zmumu_Run2011A_masses.csv",
    "dark_machines/monojet_Zp2000.0_DM_50.0_chan3.csv",
]


def round_trip(source: Path, folder: Path, **recipe: Any) -> Path:
    """Pack, unpack to the original format, and see that the packed file is the smaller."""
    packed, back = folder / "packed.hpk", folder / source.name
    result = hepack.pack(source, packed, **recipe)
    assert result.packed_bytes < source.stat().st_size
    hepack.unpack(packed, back, to=result_format(packed))
    return back


def result_format(packed: Path) -> str:
    """The original's format."""
    with hepack.open(packed) as file:
        return file.plan.format


def bits(array: Any) -> list[Any]:
    """Length and buffers of an array, floats as integers, so that NaN payloads and -0.0 count."""
    _, length, buffers = ak.to_buffers(ak.to_packed(array))
    plain = (np.asarray(value) for value in buffers.values())
    return [length, *(v.view(f"u{v.dtype.itemsize}") if v.dtype.kind == "f" else v for v in plain)]


def same_bits(left: Any, right: Any) -> bool:
    """Whether two arrays have the same structure and the same bits."""
    one, other = bits(left), bits(right)
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def trees(path: Path) -> dict[str, Any]:
    """Every tree of a ROOT file, read by uproot alone."""
    import uproot

    with warnings.catch_warnings(), uproot.open(path) as file:
        warnings.simplefilter("ignore")
        return {
            name: file[name].arrays(library="ak", how=dict)
            for name, kind in file.classnames(cycle=False).items()
            if kind == "TTree"
        }


@pytest.mark.parametrize("name", ROOT_FILES)
def test_root_bit_for_bit(shared_data: Path, tmp_path: Path, name: str) -> None:
    source = shared_data / name
    before, after = trees(source), trees(round_trip(source, tmp_path))
    assert before.keys() == after.keys()
    for tree, columns in before.items():
        for column, values in columns.items():
            assert same_bits(values, after[tree][column]), (tree, column)


@pytest.mark.parametrize("name", ["skhep/uproot-HZZ.root", "cms_open_data/open-data-example.root"])
def test_root_within_a_thousandth(shared_data: Path, tmp_path: Path, name: str) -> None:
    source = shared_data / name
    before, after = trees(source), trees(round_trip(source, tmp_path, tolerance="*=1e-3rel"))
    moved = 0
    for tree, columns in before.items():
        for column, values in columns.items():
            one, other = (ak.to_numpy(ak.flatten(x, axis=None)) for x in (values, after[tree][column]))
            if one.dtype.kind == "f":
                assert (np.abs(other.astype("f8") - one) <= 1e-3 * np.abs(one.astype("f8"))).all(), column
                moved += int((one != other).sum())
            else:
                assert np.array_equal(one, other), column
    assert moved > 1000


@pytest.mark.parametrize("name", TEXT_FILES)
def test_text_byte_for_byte(shared_data: Path, tmp_path: Path, name: str) -> None:
    source = shared_data / name
    assert round_trip(source, tmp_path).read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    "name", ["anomaly/lhco_innerdata_val.npy", "flat/HIGGS_small.npz", "grids/CFD_animation.npz"]
)
def test_numpy_bit_for_bit(shared_data: Path, tmp_path: Path, name: str) -> None:
    source = shared_data / name
    before, after = np.load(source), np.load(round_trip(source, tmp_path))
    names = before.files if name.endswith("npz") else [...]
    for key in names:
        assert before[key].dtype == after[key].dtype
        assert before[key].tobytes() == after[key].tobytes()


def test_hdf5_bit_for_bit(shared_data: Path, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    source = shared_data / "gravitational_waves/H-H1_LOSC_4_V2-1126259446-32.hdf5"
    compared = 0
    with h5py.File(source) as before, h5py.File(round_trip(source, tmp_path)) as after:

        def compare(path: str, item: Any) -> None:
            nonlocal compared
            if isinstance(item, h5py.Dataset):
                assert np.asarray(item[()]).tobytes() == np.asarray(after[path][()]).tobytes(), path
                compared += 1

        before.visititems(compare)
    assert compared > 5


def test_parquet_equal(shared_data: Path, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    source = shared_data / "calorimeter/hgcal_trigger_cells.parquet"
    assert pq.read_table(source).equals(pq.read_table(round_trip(source, tmp_path)), check_metadata=True)
