"""A made-up model with spikes, bins, ramps and marks, and rows for it."""

from __future__ import annotations

import numpy as np

from hepack.conditional.mlp import Mlp
from hepack.conditional.mlp.channels import Channels, Mark, Ramp, snapped
from hepack.entropy.mixture_axis import MixtureAxis
from hepack.entropy.mixture_tables import silus
from hepack.intnet import Layer, Program


def layer(rng: np.random.Generator, source: int, inputs: int, width: int, table: bool) -> Layer:
    weights = rng.integers(-31, 32, (width, inputs)).astype(np.int8)
    shifts = np.full(width, 8 if source == 0 else 5, np.int8)
    return Layer(source, weights, rng.integers(-500, 500, width), shifts, silus() if table else None)


def made_up() -> Mlp:
    rng = np.random.default_rng(3)
    ramps = (
        Ramp(1, (-992, 0, 992)),
        Ramp(4, snapped(np.array([-(1 << 24) + 1, -70000, 3, 4, 1 << 23]))),
        Ramp(2, (0, 1)),
    )
    channels = Channels(6, ramps, (Mark(4, -70000), Mark(0, 5)))
    axis = MixtureAxis(
        np.array([0, -999]),
        -300,
        1,
        np.array([20, 60, 25]),
        np.array([3, 1, 4]),
        np.array([-20000, -4000, 5000, 30000]),
        3,
        1 << 14,
    )
    last = layer(rng, 2, 12, axis.columns - 1, False)
    layers = (layer(rng, 0, 5, 12, True), layer(rng, 1, 12, 12, True), last, layer(rng, 0, 5, 1, False))
    return Mlp(channels, Program(5, 512, layers, (3, 4)), axis)


def table(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    features = rng.integers(-(1 << 24) + 1, 1 << 24, (n, 6)).astype(np.int32)
    features[:, 1] >>= 13
    features[:, 2] &= 1
    features[::3, 4] = -70000
    targets = rng.integers(-300, 300, n)
    targets[::5] = 0
    targets[::17] = rng.integers(-(1 << 63), 1 << 63, n, dtype=np.int64)[::17]
    return features, targets
