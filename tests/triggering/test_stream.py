"""Simulated streams: the filter, the lepton that QCD is given, and the request."""

from __future__ import annotations

import numpy as np
import pytest
from streams import toy_stream

from hepack._errors import BadRequestError
from hepack.simulate.pileup import PileUp
from hepack.triggering.inputs import read_mean_pile_up, read_stream
from hepack.triggering.stream import StreamRequest, has_lepton, jets_as_leptons, simulate_stream


def test_requests_are_checked():
    with pytest.raises(BadRequestError, match="no stream 'top'"):
        StreamRequest("top", 10)
    with pytest.raises(BadRequestError, match="1 or more"):
        StreamRequest("w", 0)
    with pytest.raises(BadRequestError, match="pile-up"):
        StreamRequest("w", 1, pile_up=PileUp(-1.0, 0.0))


def test_a_jet_becomes_a_lepton():
    stream = toy_stream(500, leptons=0, jets=2.0)
    made, events = jets_as_leptons(stream, np.random.default_rng(1))
    assert len(events) == len(made)
    assert (made[:, 0] == stream[events, 0]).all()
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
    first, second = (simulate_stream(StreamRequest("w", 30)).particles for _ in range(2))
    assert first.shape == (30, 19, 3)
    assert has_lepton(first).all()
    assert np.array_equal(first, second)


@pytest.mark.slow
def test_a_file_with_pile_up_names_it(tmp_path, monkeypatch):
    pytest.importorskip("pythia8mc", reason="Pythia is not installed")
    pytest.importorskip("fastjet", reason="FastJet is not installed")
    from hepack.triggering.files import write_stream

    monkeypatch.setattr("hepack.triggering.stream.AT_ONCE", 100)  # several pieces
    path = tmp_path / "a.h5"
    write_stream("a_4l", 40, path, pile_up=PileUp(0.0, 3.0))
    assert read_stream(str(path)).shape == (40, 19, 3)
    mean = read_mean_pile_up(str(path))
    assert mean is not None
    assert mean.shape == (40,)
    assert 0 <= mean.min() < mean.max() <= 3
