"""Every test of this folder that asks for ``loops`` runs with the compiled loops and with their slow twins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def slow_twins() -> Iterator[None]:
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
    if request.param == "compiled":
        pytest.importorskip("numba")
        monkeypatch.delenv("HEPACK_NO_NUMBA", raising=False)
    else:
        monkeypatch.setenv("HEPACK_NO_NUMBA", "1")
    return str(request.param)


@pytest.fixture
def twins():  # type: ignore[no-untyped-def]
    """A context in which the slow twins run."""
    pytest.importorskip("numba")
    return slow_twins
