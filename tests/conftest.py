"""Fixtures that every test may use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.append(str(Path(__file__).parent))  # for `strategies` and `promise` beside this file

# several workers with several threads each wait for one another; torch reads this when it is first imported
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("hepack", deadline=None, derandomize=True)
settings.load_profile("hepack")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; the test is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no shared/data folder beside the checkout")
    return SHARED_DATA
