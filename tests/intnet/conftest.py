"""Random programs."""

from __future__ import annotations

import numpy as np
import pytest

from hepack.entropy.mixture_tables import silus
from hepack.intnet import Layer, Program


def random_layer(rng: np.random.Generator, source: int, inputs: int, width: int, table: bool) -> Layer:
    weights = rng.integers(-127, 128, (width, inputs)).astype(np.int8)
    bias = rng.integers(-(1 << 16), 1 << 16, width)
    shifts = rng.integers(-3, 14, width).astype(np.int8)
    return Layer(source, weights, bias, shifts, silus() if table else None)


def random_program(seed: int, inputs: int = 11, hidden: int = 24, outputs: int = 9) -> Program:
    rng = np.random.default_rng(seed)
    layers = (
        random_layer(rng, 0, inputs, hidden, True),
        random_layer(rng, 1, hidden, hidden, True),
        random_layer(rng, 2, hidden, outputs, False),
        random_layer(rng, 0, inputs, 1, False),
    )
    return Program(inputs, 512, layers, (3, 4))


@pytest.fixture
def program() -> Program:
    return random_program(1)


@pytest.fixture
def inputs() -> np.ndarray:
    return np.random.default_rng(2).integers(-512, 513, (9001, 11)).astype(np.int16)
