"""Small simulated samples, made once per session."""

from __future__ import annotations

from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The committed samples."""
    return SAMPLES


@pytest.fixture(scope="session")
def generators() -> None:
    """Skips where Pythia and FastJet are not installed."""
    for module in ("pythia8mc", "fastjet"):
        pytest.importorskip(module, reason=f"{module} is not installed (extra 'simulate')")


@pytest.fixture(scope="session")
def ttbar(generators: None):
    """40 top-pair events with all objects, and their generator record."""
    import numpy as np

    from hepack.simulate import get_process
    from hepack.simulate.detector import CMS_LIKE
    from hepack.simulate.event import observe, visible_particles
    from hepack.simulate.generator import generate

    record = generate(get_process("ttbar"), events=40, energy=13600.0, seed=11, tick=lambda made: None)
    events = observe(
        record,
        visible_particles(record),
        pile_up=np.zeros(40, np.int64),
        detector=CMS_LIKE,
        rng=np.random.default_rng(3),
        first=0,
    )
    return record, events
