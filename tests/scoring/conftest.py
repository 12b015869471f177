"""Make the modules beside this file importable; one fit of each kind serves all tests of code lengths."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hepack.scoring.lengths import CodeLengths

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def flat_lengths() -> CodeLengths:
    from fit_options import OPTIONS
    from scored_tables import flat

    return CodeLengths.fit(flat(6000, 1), options=OPTIONS, threads=1)


@pytest.fixture(scope="session")
def ragged_lengths() -> CodeLengths:
    from fit_options import OPTIONS
    from scored_tables import ragged

    return CodeLengths.fit(ragged(2000, 1), options=OPTIONS, threads=1)
