"""A small file of every kind of column, and columns for single peers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hepack.bench.column import Column
from hepack.table import Tolerance


@pytest.fixture
def momenta() -> np.ndarray:
    """A falling spectrum, float32."""
    return np.random.default_rng(7).exponential(40.0, 3000).astype(np.float32) + np.float32(20)


@pytest.fixture(scope="session")
def jets_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 jets: floats of three decimals, an integer, and a name."""
    rng = np.random.default_rng(3)
    pt, eta = rng.exponential(40, 400) + 20, rng.normal(0, 2, 400)
    phi = rng.uniform(-np.pi, np.pi, 400)
    rows = [
        f"{pt[i]:.3f},{eta[i]:.3f},{phi[i]:.3f},{i % 7},{'light' if i % 5 else 'bottom'}" for i in range(400)
    ]
    path = tmp_path_factory.mktemp("bench") / "jets.csv"
    path.write_text("\n".join(["pt,eta,phi,n,flavour", *rows]) + "\n")
    return path


@pytest.fixture
def pt_column(momenta: np.ndarray) -> Column:
    """Within 1e-3 relative, with values that no quantiser can keep."""
    values = momenta.copy()
    values[[5, 50, 500]] = [np.nan, -0.0, np.inf]
    return Column("jets", "pt", "values", values, Tolerance.parse("1e-3rel"))
