"""The peak fit on drawn numbers, and pairs by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hepack._errors import BadRequestError
from hepack.simulate.columns import Columns
from hepack.simulate.validate import dimuon_masses, fit_peak


@pytest.mark.parametrize("seed", range(5))
def test_fit_finds_a_gaussian_on_a_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    masses = np.concatenate([rng.normal(91.0, 2.0, 4000), rng.uniform(70, 110, 3000)])
    peak = fit_peak(masses, window=(75.0, 107.0), bins=64)
    assert abs(peak.mean - 91.0) < 4 * peak.mean_error
    assert abs(peak.width - 2.0) < 4 * peak.width_error
    assert peak.mean_error == pytest.approx(2.0 / np.sqrt(4000), rel=0.4)
    assert peak.chi2 / peak.degrees < 1.8
    assert peak.curve.shape == (200,)


def test_fit_needs_entries() -> None:
    with pytest.raises(BadRequestError, match="too few"):
        fit_peak(np.array([90.0, 91.0]), window=(80.0, 100.0), bins=10)


def test_dimuon_mass_by_hand() -> None:
    columns = Columns("Events", 3)
    columns.collection("Muon", np.array([0, 2, 2, 5]))
    for name, values in (
        ("pt", [45.0, 45.0, 30.0, 30.0, 5.0]),
        ("eta", [0.0] * 5),
        ("phi", [0.0, np.pi, 0.0, 3.0, 1.0]),
        ("mass", [0.0] * 5),
        ("charge", [1, -1, 1, 1, -1]),
    ):
        columns.add(f"Muon_{name}", np.array(values), axis="Muon")
    assert dimuon_masses(columns.build()).tolist() == [pytest.approx(90.0)]
