"""Kinds and units from names and titles."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hepack.io.naming import guess_kind, unit_in

FLOAT = np.dtype("f4")


@pytest.mark.parametrize("name", ["phi", "Jet_phi", "Jet.Phi", "METphi", "MET_phi", "jet1_phi"])
def test_an_azimuth_is_an_angle(name: str) -> None:
    assert guess_kind(name, FLOAT) == ("angle", 2 * math.pi)
    assert guess_kind(name, FLOAT, np.array([0.1, -3.1, np.nan])) == ("angle", 2 * math.pi)


@pytest.mark.parametrize("name", ["pt", "phiErr", "Jet_phi_resolution", "philosophy", "eta", "sigma_phi_err"])
def test_other_names_are_continuous(name: str) -> None:
    assert guess_kind(name, FLOAT) == ("continuous", None)


def test_values_in_degrees_are_no_angle() -> None:
    assert guess_kind("phi", FLOAT, np.array([10.0, 200.0])) == ("continuous", None)


def test_kinds_of_integers_and_flags() -> None:
    assert guess_kind("phi", np.dtype("i4"))[0] == "integer"
    assert guess_kind("Jet_id", np.dtype("?"))[0] == "flag"


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("transverse momentum [GeV]", "GeV"),
        ("[ mm ]", "mm"),
        ("weights [0] and [1]", ""),
        ("Jet_pt[nJet]", ""),
        ("[GeV] or [mm]", ""),
        ("", ""),
    ],
)
def test_unit_in_title(title: str, unit: str) -> None:
    assert unit_in(title) == unit
