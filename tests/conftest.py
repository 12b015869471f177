"""Fixtures that every test may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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


@contextmanager
def _slow_twins() -> Iterator[None]:
    before = os.environ.get("HEPACK_NO_NUMBA")
    os.environ["HEPACK_NO_NUMBA"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["HEPACK_NO_NUMBA"]
        else:
            os.environ["HEPACK_NO_NUMBA"] = before


@pytest.fixture(params=["compiled", "slow"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A test that asks for this runs with the compiled loops, and again with their slow twins."""
    if request.param == "compiled":
        pytest.importorskip("numba")
        monkeypatch.delenv("HEPACK_NO_NUMBA", raising=False)
    else:
        monkeypatch.setenv("HEPACK_NO_NUMBA", "1")
    return str(request.param)


@pytest.fixture
def twins() -> Callable[[], AbstractContextManager[None]]:
    """A context in which the slow twins run."""
    pytest.importorskip("numba")
    return _slow_twins
