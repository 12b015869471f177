"""The made-up model, and the switch to the slow twins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from mlp_made_up import made_up

from hepack.conditional.mlp import Mlp


@pytest.fixture(params=["compiled", "slow"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "compiled":
        pytest.importorskip("numba")
        monkeypatch.delenv("HEPACK_NO_NUMBA", raising=False)
    else:
        monkeypatch.setenv("HEPACK_NO_NUMBA", "1")
    return str(request.param)


@pytest.fixture
def model() -> Mlp:
    return made_up()
