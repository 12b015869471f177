"""The made-up model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from mlp_made_up import made_up

from hepack.conditional.mlp import Mlp


@pytest.fixture
def model() -> Mlp:
    return made_up()
