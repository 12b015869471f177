"""Small packed files to damage, and the helper that forges."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from hepack.table import Collection, EventTable, Schema, Tolerance, Variable, offsets_from_counts
from memory import pack_tables
from strategies import sample_table

sys.path.append(str(Path(__file__).parent))


def small_table(n: int = 60, name: str = "Events") -> EventTable:
    rng = np.random.default_rng(2)
    counts = rng.poisson(2, n)
    pt = rng.exponential(40, int(counts.sum())).astype("f4")
    schema = Schema(
        name,
        (
            Variable(name="run", dtype=np.dtype("i4"), kind="integer"),
            Variable(name="pt", dtype=np.dtype("f4"), axis="Jet"),
            Variable(name="weight", dtype=np.dtype("f8"), tolerance=Tolerance("relative", 1e-3)),
        ),
        (Collection(name="Jet"),),
    )
    columns = {"run": np.full(n, 7, "i4"), "pt": pt, "weight": rng.normal(1, 0.1, n)}
    return EventTable(schema, n, {"Jet": offsets_from_counts(counts)}, columns)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three blocks of a table with a list: about a kilobyte."""
    path = tmp_path_factory.mktemp("hostile") / "small.hpk"
    pack_tables(path, small_table(), events=20)
    return path


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every layout, two blocks, two tables."""
    path = tmp_path_factory.mktemp("hostile") / "rich.hpk"
    pack_tables(path, sample_table(120), small_table(name="Other"), events=60)
    return path
