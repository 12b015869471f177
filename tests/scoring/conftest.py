"""Put the tables of known structure beside this file on the path; one fit of each kind serves all tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hepack.fitting import FitOptions
from hepack.scoring.lengths import CodeLengths

sys.path.append(str(Path(__file__).parent))

import scored_tables

OPTIONS = FitOptions(rows=1 << 13, leaves=64, independent=True)


@pytest.fixture(scope="session")
def flat_lengths() -> CodeLengths:
    return CodeLengths.fit(scored_tables.flat(6000, 1), options=OPTIONS, threads=1)


@pytest.fixture(scope="session")
def ragged_lengths() -> CodeLengths:
    return CodeLengths.fit(scored_tables.ragged(2000, 1), options=OPTIONS, threads=1)
