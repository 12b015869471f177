"""A trained float net to the `Program` that computes the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from hepack.entropy.mixture_tables import silus
from hepack.intnet import Layer, Program
from hepack.models.net import HIDDEN_BITS, INPUT_BITS, PLACE_BITS, SKIP_LIMIT, Nets
from hepack.models.steps import exponents_of

Floats = NDArray[np.float64]


def lower(nets: Nets, net: int, inputs: int, classes: int, magnitude: int) -> Program:
    """The program of one net of a group that uses its first ``inputs`` inputs and its last ``classes`` classes.

    Without components the net gives class logits alone.
    """
    s = nets.shape
    first = _layer(net, nets.first, nets.first_bias, INPUT_BITS, [HIDDEN_BITS] * s.hidden, 0, s.weight_limit)
    second = _layer(
        net, nets.second, nets.second_bias, HIDDEN_BITS, [HIDDEN_BITS] * s.hidden, 1, s.weight_limit
    )
    last = _layer(net, nets.last, nets.last_bias, HIDDEN_BITS, s.output_bits, 2, s.weight_limit)
    last = _rows(last, s.classes - classes)
    first = _columns(_table(first), inputs)
    if s.components == 0:
        return Program(inputs, magnitude, (first, _table(second), last), (3,))
    skip = _layer(net, nets.skip, nets.skip_bias, INPUT_BITS, [PLACE_BITS], 0, SKIP_LIMIT)
    layers = (first, _table(second), last, _columns(skip, inputs))
    return Program(inputs, magnitude, layers, (3, 4))


def _layer(
    net: int, weights: Tensor, bias: Tensor, in_bits: int, out_bits: list[int], source: int, limit: int
) -> Layer:
    exponents = exponents_of(weights[net : net + 1], limit)[0].numpy().astype(np.int64)
    scale = np.ldexp(1.0, exponents)
    rows = weights[net].detach().numpy().astype(np.float64)
    # as float32 computes it in training, where the sum of a product and a half may round
    fine = np.clip(np.floor((rows * scale[:, None]).astype(np.float32) + np.float32(0.5)), -limit, limit)
    base = np.ldexp(bias[net].detach().numpy().astype(np.float32), exponents + in_bits)
    shifts = exponents + in_bits - np.array(out_bits)
    half = np.where(shifts > 0, np.left_shift(1, np.maximum(shifts - 1, 0)), 0)
    whole = np.floor(base + np.float32(0.5)).astype(np.int64) + half
    return Layer(source, fine.astype(np.int16), whole, shifts.astype(np.int8))


def _table(layer: Layer) -> Layer:
    return Layer(layer.source, layer.weights, layer.bias, layer.shifts, silus())


def _columns(layer: Layer, columns: int) -> Layer:
    return Layer(layer.source, layer.weights[:, :columns], layer.bias, layer.shifts, layer.table)


def _rows(layer: Layer, first: int) -> Layer:
    return Layer(layer.source, layer.weights[first:], layer.bias[first:], layer.shifts[first:], layer.table)
