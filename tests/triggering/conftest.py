"""Makes `streams` importable, and trains one small trigger for all tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def built():
    """A trigger of two layers, trained on a toy stream with its quantised and its float net."""
    pytest.importorskip("torch", reason="torch is not installed")
    from streams import toy_stream

    from hepack.training.trigger_fit import FitRecipe
    from hepack.triggering.build import RateRequest, build_trigger

    recipe = FitRecipe(shape="8-3", epochs=12, quantised_epochs=6, batch=128, sparsity=0.4)
    wanted = RateRequest(rate=0.01, input_hz=1e6, output_hz=2000)
    signals = {"many": toy_stream(400, leptons=3, jets=3.0, seed=7)}
    return build_trigger(toy_stream(4000), recipe, wanted, signals=signals)
