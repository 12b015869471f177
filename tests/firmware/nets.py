"""Small random nets for the tests of the firmware."""

from __future__ import annotations

import itertools

import numpy as np

from hepack.firmware.net import Dense, ScoreKind, TriggerNet


def random_net(widths: tuple[int, ...], score: ScoreKind, seed: int = 1, bits: int = 5) -> TriggerNet:
    """Weights of ``bits`` bits, two fifths of them zero; ReLU layers, then a signed one."""
    rng = np.random.default_rng(seed)
    edge = 2 ** (bits - 1) - 1
    layers = []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        weights = rng.integers(-edge, edge + 1, (outputs, inputs)) * (rng.random((outputs, inputs)) < 0.6)
        last = index == len(widths) - 2
        low, high = (-127, 127) if last else (0, 255)
        layers.append(Dense(weights, rng.integers(-300, 300, outputs), 3, low, high))
    return TriggerNet((-60,) * widths[0], (255,) * widths[0], tuple(layers), score)


def random_inputs(net: TriggerNet, events: int, seed: int = 2) -> np.ndarray:
    """Events over the whole range of the inputs, the extremes among them."""
    rng = np.random.default_rng(seed)
    values = rng.integers(net.lows, np.array(net.highs) + 1, (events, net.inputs))
    values[0], values[1], values[2] = net.lows, net.highs, 0
    return values
