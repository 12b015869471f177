"""The contract of a conditional coder, exactness, and hostile bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlp_made_up import made_up, table

from hepack._errors import BadRequestError, CorruptFileError
from hepack.conditional.mlp import Mlp
from hepack.intnet import reference

DIGEST = "0791feb6c8df5d11"
SCRIPT = """
import hashlib, sys
sys.path.insert(0, {folder!r})
from mlp_made_up import made_up, table
features, targets = table(1500)
data = made_up().encode(features, targets)
assert (made_up().decode(features, data) == targets).all()
print(hashlib.sha256(data).hexdigest()[:16])
"""


def test_round_trip(loops, model):
    features, targets = table(700)
    data = model.encode(features, targets)
    assert np.array_equal(model.decode(features, data), targets)
    assert model.used == (0, 1, 2, 4)
    assert not model.lagged
    bits = model.bits(features, targets)
    assert bits.shape == (700,)
    assert abs(8 * len(data) - bits.sum()) < 0.1 * bits.sum()


def test_the_same_bytes_with_the_slow_twins(model, monkeypatch):
    features, targets = table(500)
    monkeypatch.delenv("HEPACK_NO_NUMBA", raising=False)
    data = model.encode(features, targets)
    monkeypatch.setenv("HEPACK_NO_NUMBA", "1")
    assert model.encode(features, targets) == data


def test_waves_are_one_stream(loops, model):
    features, targets = table(300)
    decoder = model.decoder(model.encode(features, targets), 300)
    parts = [decoder.next(part) for part in np.split(features, [100, 100, 101, 290])]
    decoder.finish()
    assert np.array_equal(np.concatenate(parts), targets)


def test_unused_features_may_hold_anything(model):
    features, targets = table(200)
    other = features.copy()
    other[:, [3, 5]] = 7
    assert model.encode(other, targets) == model.encode(features, targets)


def test_no_rows(loops, model):
    features, targets = table(20)
    assert model.encode(features[:0], targets[:0]) == b""
    assert len(model.decode(features[:0], b"")) == 0
    assert len(model.bits(features[:0], targets[:0])) == 0


def test_inputs_come_from_integers_alone(loops, model):
    features, _ = table(1000)
    inputs = model.channels(features)
    for c, channel in enumerate((*model.channels.ramps, *model.channels.marks)):
        near = np.interp(features[:, channel.feature], channel.knots, channel.levels)
        assert np.abs(inputs[:, c] - near).max() <= 1.0
    assert np.array_equal(model.outputs(features), reference.run(model.program, inputs))


def test_bytes_give_the_model_back(model):
    data = model.to_bytes()
    back = Mlp.from_bytes(data, 6)
    features, targets = table(100)
    assert back.to_bytes() == data
    assert back == model
    assert back.encode(features, targets) == model.encode(features, targets)


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("numba", ["0", "1"])
def test_the_same_stream_everywhere(threads, numba):
    settings = {"OPENBLAS_NUM_THREADS": threads, "HEPACK_NO_NUMBA": numba, "OPENBLAS_CORETYPE": "Haswell"}
    script = SCRIPT.format(folder=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert done.stdout.strip() == DIGEST, done.stderr


def test_cut_model_bytes(model):
    data = model.to_bytes()
    for cut in range(len(data)):
        with pytest.raises(CorruptFileError):
            Mlp.from_bytes(data[:cut], 6)
    with pytest.raises(CorruptFileError):
        Mlp.from_bytes(data + b"\0", 6)
    with pytest.raises(CorruptFileError):
        Mlp.from_bytes(data, 2)


def test_damaged_models_and_streams(model):
    features, targets = table(60)
    data, stream = model.to_bytes(), model.encode(features, targets)
    rng = np.random.default_rng(0)
    for _ in range(1000):
        bad = bytearray(data)
        bad[rng.integers(len(bad))] = rng.integers(256)
        try:
            Mlp.from_bytes(bytes(bad), 6).decode(features, stream)
        except CorruptFileError:
            continue


def test_wrong_use_is_refused(model):
    features, targets = table(10)
    with pytest.raises(BadRequestError, match="do not fit"):
        model.encode(features[:, :3], targets)
    with pytest.raises(BadRequestError, match="int64"):
        model.encode(features, targets[:4])
    with pytest.raises(CorruptFileError):
        model.decode(features, b"")


def test_pinned(loops):
    features, targets = table(1500)
    model = made_up()
    assert hashlib.sha256(model.encode(features[:300], targets[:300])).hexdigest()[:16] == "6bb8697f2b6a5fb8"
    assert hashlib.sha256(model.to_bytes()).hexdigest()[:16] == "360677296571d646"
