"""Simulated streams: the filter, the lepton that QCD is given, and the request."""

from __future__ import annotations

import numpy as np
import pytest
from streams import toy_stream

from hepack._errors import BadRequestError
from hepack.triggering.stream import StreamRequest, has_lepton, jets_as_leptons, simulate_stream


def test_requests_are_checked():
    with pytest.raises(BadRequestError, match="no stream 'top'"):
        StreamRequest("top", 10)
    with pytest.raises(BadRequestError, match="1 or more"):
        StreamRequest("w", 0)
    with pytest.raises(BadRequestError, match="pile-up"):
        StreamRequest("w", 1, pile_up=-1.0)


def test_a_jet_becomes_a_lepton():
    stream = toy_stream(500, leptons=0, jets=2.0)
    made = jets_as_leptons(stream, np.random.default_rng(1))
    assert 0 < len(made) < 500
    assert has_lepton(made).all()
    leptons = (made[:, 1:9, 0] > 0).sum(axis=1)
    assert (leptons == 1).all()
    for start, count in ((1, 4), (5, 4), (9, 10)):
        assert (np.diff(made[:, start : start + count, 0], axis=1) <= 0).all()


@pytest.mark.slow
def test_a_stream_passes_its_filter_and_repeats():
    pytest.importorskip("pythia8mc", reason="Pythia is not installed")
    pytest.importorskip("fastjet", reason="FastJet is not installed")
    first, second = (simulate_stream(StreamRequest("w", 30)) for _ in range(2))
    assert first.shape == (30, 19, 3)
    assert has_lepton(first).all()
    assert np.array_equal(first, second)
