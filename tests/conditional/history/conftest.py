"""The context in which the slow twins run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

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


@pytest.fixture
def twins() -> Callable[[], AbstractContextManager[None]]:
    """A context in which the slow twins run."""
    pytest.importorskip("numba")
    return slow_twins
