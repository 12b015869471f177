"""Adder graphs and circuits compute what the net says, within the ranges they state."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import random_inputs, random_net

from hepack._errors import BadRequestError
from hepack.firmware import reference
from hepack.firmware.adders import share_pairs, signed_digits
from hepack.firmware.circuit import build
from hepack.firmware.compand import compand, companding
from hepack.firmware.cost import estimate
from hepack.firmware.net import Dense, TriggerNet
from hepack.firmware.pipeline import schedule


@given(st.lists(st.integers(-4000, 4000), min_size=1, max_size=5))
def test_signed_digits_add_up_and_never_touch(weights):
    terms = signed_digits(weights)
    for node, weight in enumerate(weights):
        mine = sorted(shift for n, shift, _ in terms if n == node)
        assert sum(sign << shift for n, shift, sign in terms if n == node) == weight
        assert all(b - a > 1 for a, b in itertools.pairwise(mine))


@given(st.lists(st.lists(st.integers(-31, 31), min_size=4, max_size=4), min_size=1, max_size=6), st.randoms())
def test_shared_pairs_compute_the_same_product(matrix, random):
    pairs, rows = share_pairs([signed_digits(row) for row in matrix], 4, [0] * 4)
    x = [random.randint(-100, 100) for _ in range(4)]
    known = list(x)
    for p in pairs:
        known.append((known[p.first] << p.shift) + p.sign * (known[p.second] << p.more))
    found = [sum(sign * (known[n] << shift) for n, shift, sign in row) for row in rows]
    assert found == (np.array(matrix) @ x).tolist()


def test_sharing_saves_adders():
    rng = np.random.default_rng(3)
    matrix = rng.integers(-15, 16, (16, 16)).tolist()
    digits = [signed_digits(row) for row in matrix]
    pairs, rows = share_pairs(digits, 16, [0] * 16)
    assert len(pairs) + sum(map(len, rows)) < 0.7 * sum(map(len, digits))


@pytest.mark.parametrize("score", ["sum_squares", "distance"])
@pytest.mark.parametrize("seed", range(4))
def test_the_circuit_is_the_net(score, seed):
    net = random_net((7, 5, 3, 7), score, seed)
    inputs = random_inputs(net, 60)
    circuit = build(net)
    assert [circuit.run(row) for row in inputs.tolist()] == reference.scores(net, inputs).tolist()


def test_zero_weights_and_one_output_still_make_a_circuit():
    layer = Dense(np.array([[0, 0]]), np.array([5]), 0, -7, 7)
    net = TriggerNet((0, 0), (7, 7), (layer,), "sum_squares")
    assert build(net).run([1, 2]) == 25
    nothing = replace(net, layers=(replace(layer, bias=np.array([0])),))
    assert build(nothing).run([1, 2]) == 0


def test_a_deeper_pipeline_never_reads_what_is_not_there():
    circuit = build(random_net((7, 5, 3), "sum_squares"))
    for levels in (2, 3, 5):
        pipeline = schedule(circuit, levels)
        for index, node in enumerate(circuit.nodes):
            assert all(pipeline.stage[source] <= pipeline.stage[index] for source in node.sources)
    assert schedule(circuit, 2).latency > schedule(circuit, 5).latency
    with pytest.raises(BadRequestError, match="2 is the least"):
        schedule(circuit, 1)


def test_cost_follows_the_size():
    small, large = (estimate(schedule(build(random_net(w, "sum_squares")))) for w in ((7, 5, 3), (30, 20, 3)))
    assert small.lut < large.lut
    assert small.dsp == 0
    assert small.nanoseconds == small.latency * 5


def test_companding_is_monotone_and_about_logarithmic():
    pt = np.arange(512)
    counts = np.zeros((512, 42), np.int32)
    counts[:, 0] = pt
    found = compand(counts)[:, 0]
    assert (np.diff(found) >= 0).all()
    assert found[[0, 1, 30, 128, 511]].tolist() == [0, 1, 38, 70, 93]
    assert [layer.outputs for layer in companding(42)] == [14 * 3 + 28, 42]
