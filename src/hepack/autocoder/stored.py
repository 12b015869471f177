"""A `FixedNet` as JSON and streams of integers, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hepack._errors import CorruptFileError
from hepack.autocoder.integers import pack_integers, unpack_integers
from hepack.container import check
from hepack.models.fixedpoint import MAX_LAYERS, MAX_WIDTH, FixedLayer, FixedNet

MAX_WEIGHTS = 1 << 24
"""Of one network; a constant layer takes a few bytes in the file and eight for each weight in memory."""


def net_to_sections(net: FixedNet) -> tuple[dict[str, Any], list[bytes]]:
    """What the header says of a net, and its weights and biases as sections."""
    layers = [*net.layers, net.output, *([net.skip] if net.skip else [])]
    sections = []
    for layer in layers:
        sections += [pack_integers(layer.weights.reshape(-1)), pack_integers(layer.bias)]
    settings = {
        "activation": net.activation,
        "folds": net.folds,
        "latent_bits": list(net.latent_bits),
        "layers": [[*layer.weights.shape, layer.bits, int(layer.residual)] for layer in layers],
        "skip": net.skip is not None,
    }
    return settings, sections


def net_from_sections(settings: Mapping[str, Any], sections: Iterator[bytes]) -> FixedNet:
    """Undo `net_to_sections`.

    Raises:
        CorruptFileError: the settings or sections are none that `net_to_sections` writes.
        LimitError: the network has more weights than any that is written.
    """
    try:
        shapes = [tuple(map(int, layer)) for layer in settings["layers"]]
        bits = tuple(map(int, settings["latent_bits"]))
        folds, activation, skip = int(settings["folds"]), str(settings["activation"]), bool(settings["skip"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"the description of a decoder network cannot be read: {error}") from None
    if not 1 + skip <= len(shapes) <= MAX_LAYERS + 2 or any(len(shape) != 4 for shape in shapes):
        raise CorruptFileError("a decoder network has an impossible number of layers")
    check(
        sum(max(0, shape[0] * shape[1]) for shape in shapes), MAX_WEIGHTS, "the weights of a decoder network"
    )
    layers = [_layer(shape, sections) for shape in shapes]
    bypass = layers.pop() if skip else None
    return FixedNet(activation, folds, bits, tuple(layers[:-1]), layers[-1], bypass)


def _layer(shape: tuple[int, ...], sections: Iterator[bytes]) -> FixedLayer:
    rows, columns, bits, residual = shape
    if not (0 < rows <= MAX_WIDTH * 16 and 0 < columns <= MAX_WIDTH and rows * columns <= 1 << 26):
        raise CorruptFileError(f"a decoder network has a layer of {rows} x {columns}")
    weights = unpack_integers(next(sections, b""), rows * columns).reshape(rows, columns)
    bias = unpack_integers(next(sections, b""), columns)
    return FixedLayer(np.ascontiguousarray(weights), bias, bits, bool(residual))
