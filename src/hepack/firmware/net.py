"""`TriggerNet`: the integer net of a trigger, valid by construction. `docs/trigger.md` is the specification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, LimitError

Ints = NDArray[np.int64]
ScoreKind = Literal["sum_squares", "distance"]

MAX_WIDTH, MAX_LAYERS, MAX_SHIFT, MAX_BITS = 256, 16, 24, 24
MAX_WEIGHT = 1 << 15
MAX_SUM = 1 << 40


@dataclass(frozen=True)
class Dense:
    """``out[o] = clip((bias[o] + sum over i of weights[o, i] in[i]) >> shift, low, high)``.

    Half a unit is in the bias, so that the shift rounds; ``low = 0`` makes the clip a ReLU that saturates.

    Raises:
        BadRequestError: shapes that do not fit, weights that are no integers, or a number out of range.
    """

    weights: Ints
    bias: Ints
    shift: int
    low: int
    high: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", _frozen(self.weights, "weights", 2))
        object.__setattr__(self, "bias", _frozen(self.bias, "biases", 1))
        if 0 in self.weights.shape or max(self.weights.shape) > MAX_WIDTH:
            raise LimitError(
                f"a layer has weights of shape {self.weights.shape}; the most is {MAX_WIDTH} a side"
            )
        if self.bias.shape != (self.outputs,):
            raise BadRequestError(f"a layer of {self.outputs} outputs has {len(self.bias)} biases")
        if int(np.abs(self.weights).max()) > MAX_WEIGHT or int(np.abs(self.bias).max()) > MAX_SUM:
            raise LimitError(f"a weight leaves +-{MAX_WEIGHT} or a bias +-{MAX_SUM}")
        if not 0 <= self.shift <= MAX_SHIFT:
            raise BadRequestError(f"a layer shifts by {self.shift}; it must be within 0 and {MAX_SHIFT}")
        if not -(1 << MAX_BITS) <= self.low <= 0 < self.high < 1 << MAX_BITS:
            raise BadRequestError(f"a layer clips to {self.low} .. {self.high}, which is no range around 0")

    @property
    def inputs(self) -> int:
        return int(self.weights.shape[1])

    @property
    def outputs(self) -> int:
        return int(self.weights.shape[0])


@dataclass(frozen=True)
class TriggerNet:
    """Layers one after the other, then a score.

    ``lows`` and ``highs`` bound each input (larger ones saturate). ``sum_squares`` adds the squares of the
    last layer's outputs; ``distance`` adds the absolute differences of the last layer and register ``compare``
    (0 holds the inputs, ``l + 1`` what layer ``l`` gives). The first ``fixed`` layers were given, not trained.
    Scores are integers; ``threshold`` (an event passes at or above it) and ``prescale`` (one
    in how many passing events is kept) are what the firmware loads.

    Raises:
        BadRequestError: the layers do not fit together.
        LimitError: the net is larger than any that hepack builds.
    """

    lows: tuple[int, ...]
    highs: tuple[int, ...]
    layers: tuple[Dense, ...]
    score: ScoreKind
    threshold: int = 0
    prescale: int = 1
    fixed: int = 0
    compare: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            raise LimitError(
                f"a trigger net has {len(self.layers)} layers; it must be within 1 and {MAX_LAYERS}"
            )
        if len(self.lows) != len(self.highs) or len(self.lows) != self.layers[0].inputs:
            raise BadRequestError(f"bounds of {len(self.lows)} inputs for a net of {self.layers[0].inputs}")
        if any(not -(1 << MAX_BITS) <= a <= 0 <= b < 1 << MAX_BITS for a, b in self.bounds):
            raise BadRequestError("an input's bounds are no range around 0")
        for first, second in zip(self.layers, self.layers[1:], strict=False):
            if first.outputs != second.inputs:
                raise BadRequestError(f"{first.outputs} outputs meet a layer of {second.inputs} inputs")
        if self.score not in ("sum_squares", "distance"):
            raise BadRequestError(f"there is no score '{self.score}'; known are sum_squares and distance")
        if not 0 <= self.fixed < len(self.layers) or not 0 <= self.compare < len(self.layers):
            raise BadRequestError("a net names fixed or compared layers that it does not have")
        if self.score == "distance" and self.layers[-1].outputs != self.width(self.compare):
            raise BadRequestError("a distance needs as many outputs as numbers that they are compared with")
        assert (
            max(self.reaches()) < 1 << 53
        )  # 256 inputs of 25 bits times weights of 16 bits, and a bias of 41
        if self.threshold < 0 or not 1 <= self.prescale < 1 << 32:
            raise BadRequestError(f"threshold {self.threshold} or prescale {self.prescale} is out of range")

    @property
    def bounds(self) -> list[tuple[int, int]]:
        return list(zip(self.lows, self.highs, strict=True))

    @property
    def inputs(self) -> int:
        return len(self.lows)

    @property
    def parameters(self) -> int:
        """Trained weights and biases, zeros included."""
        return sum(layer.weights.size + layer.bias.size for layer in self.layers[self.fixed :])

    def width(self, register: int) -> int:
        """How many numbers a register holds."""
        return self.inputs if register == 0 else self.layers[register - 1].outputs

    def reaches(self) -> list[int]:
        """For each layer, what no partial sum exceeds in magnitude, in any order."""
        found = []
        size = np.array([max(-a, b) for a, b in self.bounds], np.int64)
        for layer in self.layers:
            found.append(int((np.abs(layer.weights) @ size + np.abs(layer.bias)).max()))
            size = np.full(layer.outputs, max(-layer.low, layer.high))
        return found


def clip_inputs(net: TriggerNet, inputs: NDArray[Any]) -> Ints:
    """Integer inputs of shape ``(event, input)``, saturated to the net's bounds.

    Raises:
        BadRequestError: floats, or another number of columns.
    """
    if inputs.dtype.kind not in "iu":
        raise BadRequestError(
            f"the net takes integers in hardware units, found {inputs.dtype}; digitise first"
        )
    if inputs.ndim != 2 or inputs.shape[1] != net.inputs:
        raise BadRequestError(f"the net takes {net.inputs} columns, found an array of shape {inputs.shape}")
    return np.clip(inputs.astype(np.int64), np.array(net.lows), np.array(net.highs))


def _frozen(array: Any, name: str, rank: int) -> Ints:
    given = np.asarray(array)
    if given.dtype.kind not in "iu" or given.ndim != rank:
        raise BadRequestError(f"the {name} of a layer must be integers of rank {rank}")
    copy = given.astype(np.int64)
    copy.setflags(write=False)
    return copy
