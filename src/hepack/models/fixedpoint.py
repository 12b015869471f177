"""`FixedNet`: a decoder in fixed point, the same bits on every machine; needs NumPy alone.

All values are multiples of powers of two. A layer is a product of integer matrices, done in float64, which is
exact in any order while every partial sum stays below 2**53 (checked when a net is made), then an activation
from single IEEE-754 operations, then rounding to the grid of `ACTIVATION_BITS`.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.transforms.power import exp2

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
ACTIVATION_BITS = 14
"""Activations are multiples of 2**-14 ..."""
CEILING = 2.0**22
"""... and held below 2**22 such units, 256."""
LOG2_E = 1.4426950408889634
MAX_LAYERS = 64
MAX_WIDTH = 8192
MAX_FOLDS = 12
CHUNK = 1024
TABLE_REACH = 16
TABLE_STEPS = 4096


def tanh(x: Floats) -> Floats:
    """``1 - 2 / (e**2x + 1)``, from `exp2`."""
    return np.asarray(1.0 - 2.0 / (exp2(x * (2 * LOG2_E)) + 1.0))


def elu(x: Floats) -> Floats:
    """``e**x - 1`` below zero, ``x`` above."""
    return np.asarray(np.where(x > 0, x, exp2(np.minimum(x, 0.0) * LOG2_E) - 1.0))


def gelu(x: Floats) -> Floats:
    """The tanh form of arXiv:1606.08415, eq. 2."""
    return np.asarray(0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * (x * x * x)))))


CURVED = {"tanh": tanh, "elu": elu, "gelu": gelu}
"""Read from a table of steps of 2**-12 in [-16, 16), which is faster than to compute them; constant beyond for
tanh, and where a curve is its own asymptote ``x`` (above 16, or above 0 for ELU), ``x`` itself."""
STRAIGHT_ABOVE = {"tanh": np.inf, "elu": 0.0, "gelu": TABLE_REACH}


@functools.cache
def curve_table(name: str) -> Floats:
    """The values of a curve on its grid."""
    places = np.arange(-TABLE_REACH * TABLE_STEPS, TABLE_REACH * TABLE_STEPS) / TABLE_STEPS
    return CURVED[name](places.astype(np.float64))


def activate(name: str, x: Floats) -> Floats:
    """The activation ``name`` of ``x``."""
    if name == "relu":
        return np.maximum(x, 0.0)
    if name == "leaky-relu":
        return np.maximum(x, 0.01 * x)
    table = curve_table(name)
    places = np.rint(x * TABLE_STEPS) + len(table) // 2
    values = table[np.clip(places, 0, len(table) - 1).astype(np.int64)]
    return values if name == "tanh" else np.where(x > STRAIGHT_ABOVE[name], x, values)


ACTIVATIONS = ("relu", "leaky-relu", *CURVED)


@dataclass(frozen=True, eq=False)
class FixedLayer:
    """``x @ weights + bias`` in units of ``2**-(ACTIVATION_BITS + bits)``; ``weights`` has shape ``(in, out)``."""

    weights: Ints
    bias: Ints
    bits: int
    residual: bool = False

    def apply(self, units: Floats) -> Floats:
        """Activations in their units, shape ``(row, in)``, to sums as numbers, shape ``(row, out)``."""
        sums = units @ self.weights.astype(np.float64) + self.bias.astype(np.float64)
        return np.asarray(sums * math.ldexp(1.0, -(ACTIVATION_BITS + self.bits)))


@dataclass(frozen=True, eq=False)
class FixedNet:
    """Hidden ``layers``, then ``output``, plus ``skip`` (a layer from the latent without its waves).

    ``latent_bits[d]`` says that the latent code of dimension ``d`` counts units of ``2**-latent_bits[d]``.
    """

    activation: str
    folds: int
    latent_bits: tuple[int, ...]
    layers: tuple[FixedLayer, ...]
    output: FixedLayer
    skip: FixedLayer | None = None

    def __post_init__(self) -> None:
        width = len(self.latent_bits) * (1 + self.folds)
        good = self.activation in ACTIVATIONS and 0 <= self.folds <= MAX_FOLDS
        good = good and all(-64 <= bits <= ACTIVATION_BITS for bits in self.latent_bits)
        for layer in (*self.layers, self.output):
            good = good and _is_sound(layer, width)
            good = good and not (layer.residual and layer.weights.shape[0] != layer.weights.shape[1])
            width = layer.weights.shape[1]
        if self.skip is not None:
            good = good and _is_sound(self.skip, len(self.latent_bits))
            good = good and self.skip.weights.shape[1] == width
        if not good or not self.latent_bits or len(self.layers) > MAX_LAYERS:
            raise CorruptFileError("a decoder network has impossible shapes or numbers")

    @property
    def outputs(self) -> int:
        """The number of variables."""
        return int(self.output.weights.shape[1])

    def run(self, codes: Ints) -> Floats:
        """Latent codes, shape ``(row, latent)``, to normalised variables, shape ``(row, variable)``."""
        out = np.empty((len(codes), self.outputs), np.float64)
        for start in range(0, len(codes), CHUNK):
            out[start : start + CHUNK] = self._run(codes[start : start + CHUNK])
        return out

    def _run(self, codes: Ints) -> Floats:
        steps = np.array([math.ldexp(1.0, -bits) for bits in self.latent_bits])
        latent = np.clip(codes.astype(np.float64) * steps, -CEILING, CEILING)
        units = _to_units(_folded(latent, self.folds))
        for layer in self.layers:
            made = _to_units(activate(self.activation, layer.apply(units)))
            units = np.clip(units + made, -CEILING, CEILING) if layer.residual else made
        result = self.output.apply(units)
        return result if self.skip is None else result + self.skip.apply(_to_units(latent))


def _is_sound(layer: FixedLayer, width: int) -> bool:
    weights, bias = layer.weights, layer.bias
    if weights.ndim != 2 or weights.shape[0] != width or bias.shape != (weights.shape[1],):
        return False
    if not 0 < weights.shape[1] <= MAX_WIDTH or not -64 <= layer.bits <= 64:
        return False
    if np.abs(weights).max(initial=0) >= 2**24 or np.abs(bias).max(initial=0) >= 2**52:
        return False
    largest = np.abs(weights).sum(0).astype(np.float64) * CEILING + np.abs(bias)
    return bool(largest.max(initial=0.0) < 2.0**53)


def _to_units(values: Floats) -> Floats:
    return np.clip(np.rint(values * 2.0**ACTIVATION_BITS), -CEILING, CEILING)


def _folded(latent: Floats, folds: int) -> Floats:
    """The waves of `hepack.models.blocks.folded`, exact for dyadic numbers."""
    waves = [latent]
    for k in range(folds):
        x = latent * 2.0**k
        waves.append(2 * np.abs(x - 2 * np.floor(x / 2 + 0.5)) - 1)
    return np.concatenate(waves, 1)
