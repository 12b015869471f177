"""The integer net: fast and slow twin agree, and what is wrong is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nets import random_inputs, random_net

from hepack._errors import BadRequestError, LimitError
from hepack.firmware import emulate, reference, run
from hepack.firmware.net import Dense, TriggerNet


@pytest.mark.parametrize("score", ["sum_squares", "distance"])
def test_fast_and_slow_twin_agree(score):
    net = random_net((9, 6, 4, 9), score)
    inputs = random_inputs(net, 500)
    assert np.array_equal(run.scores(net, inputs), reference.scores(net, inputs))


def test_sums_beyond_single_precision_stay_exact():
    net = random_net((9, 6, 4), "sum_squares", bits=14)
    wide = replace(net, lows=(-(1 << 20),) * 9, highs=((1 << 20) - 1,) * 9)
    assert max(wide.reaches()) > 1 << 24
    inputs = random_inputs(wide, 300)
    assert np.array_equal(run.scores(wide, inputs), reference.scores(wide, inputs))


@pytest.mark.parametrize("score", ["sum_squares", "distance"])
def test_float_emulation_is_the_integer_program(score):
    net = random_net((9, 6, 4, 9), score)
    points = (6, 5, 4, 6)
    inputs = random_inputs(net, 500)
    found = emulate.scores(net, inputs, points) / emulate.score_unit(net, points)
    assert np.array_equal(found, reference.scores(net, inputs))


def test_distance_reads_the_compared_register():
    net = replace(random_net((9, 6, 4, 6), "sum_squares"), score="distance", compare=1)
    inputs = random_inputs(net, 100)
    layers = reference.layers(net, inputs)
    assert np.array_equal(run.scores(net, inputs), np.abs(layers[1] - layers[3]).sum(axis=1))


def test_inputs_outside_their_range_saturate():
    net = random_net((4, 3, 2), "sum_squares")
    assert np.array_equal(run.scores(net, np.full((1, 4), 9999)), run.scores(net, np.full((1, 4), 255)))


def test_an_empty_stream_gives_no_scores():
    net = random_net((4, 3, 2), "sum_squares")
    assert run.scores(net, np.zeros((0, 4), np.int32)).shape == (0,)
    with pytest.raises(BadRequestError, match="4 columns"):
        run.scores(net, np.zeros((0, 5), np.int32))


def test_wrong_inputs_are_refused():
    net = random_net((4, 3, 2), "sum_squares")
    with pytest.raises(BadRequestError, match="digitise"):
        run.scores(net, np.zeros((3, 4)))
    with pytest.raises(BadRequestError, match="4 columns"):
        run.scores(net, np.zeros((3, 5), np.int32))


def test_impossible_nets_are_refused():
    good = random_net((4, 3, 2), "sum_squares")
    with pytest.raises(BadRequestError, match="3 outputs meet"):
        TriggerNet(good.lows, good.highs, (good.layers[0], good.layers[0]), "sum_squares")
    with pytest.raises(BadRequestError, match="distance needs"):
        replace(good, score="distance")
    with pytest.raises(BadRequestError, match="prescale"):
        replace(good, prescale=0)
    with pytest.raises(BadRequestError, match="integers"):
        Dense(np.ones((2, 2)), np.zeros(2, np.int64), 0, 0, 1)
    with pytest.raises(LimitError):
        Dense(np.full((2, 2), 1 << 20), np.zeros(2, np.int64), 0, 0, 1)
