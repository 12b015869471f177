"""`Program`: a net of integers, valid by construction, with a proof that floats compute it exactly.

`docs/intnet.md`, "Program", is the specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, LimitError

MAX_WIDTH = 1 << 12
MAX_LAYERS = 64
MAX_WEIGHTS = 1 << 22
MIN_SHIFT, MAX_SHIFT = -15, 40
MAX_INPUT = 1 << 15
MAX_STEP = 1 << 20
MAX_TABLE = 1 << 12
SINGLE, DOUBLE = 1 << 24, 1 << 53


@dataclass(frozen=True)
class Layer:
    """``out[o] = step((bias[o] + sum over i of weights[o, i] in[i]) >> shifts[o])``.

    ``source`` is the register that is read: 0 holds the inputs of the program, ``l + 1`` what layer ``l`` gives.
    ``weights`` are int16, though int8 does for nearly all; a negative shift goes to the left. With a ``table`` of
    ``2 h`` entries (int16), ``step`` clips to ``-h .. h - 1`` and looks ``table[v + h]`` up; without, it clips to
    ``-limit .. limit``.
    """

    source: int
    weights: NDArray[np.int16]
    bias: NDArray[np.int64]
    shifts: NDArray[np.int8]
    table: NDArray[np.int16] | None = None
    limit: int = MAX_STEP

    def __post_init__(self) -> None:
        for name, kind in (
            ("weights", np.int16),
            ("bias", np.int64),
            ("shifts", np.int8),
            ("table", np.int16),
        ):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _frozen(getattr(self, name), kind, name))
        if self.weights.ndim != 2 or 0 in self.weights.shape or max(self.weights.shape) > MAX_WIDTH:
            raise BadRequestError(f"a layer has weights of the impossible shape {self.weights.shape}")
        if self.bias.shape != (self.width,) or self.shifts.shape != (self.width,):
            raise BadRequestError("a layer needs as many biases and shifts as it has rows of weights")
        if int(self.shifts.min()) < MIN_SHIFT or int(self.shifts.max()) > MAX_SHIFT:
            raise BadRequestError(f"a layer's shifts must lie within {MIN_SHIFT} to {MAX_SHIFT}")
        if not -DOUBLE < int(self.bias.min()) <= int(self.bias.max()) < DOUBLE:
            raise BadRequestError("a layer's biases must have 53 bits at most")
        if not 1 <= self.limit <= MAX_STEP:
            raise BadRequestError(f"a layer clips to {self.limit}, outside 1 to {MAX_STEP}")
        if self.table is not None:
            odd = self.table.ndim != 1 or len(self.table) % 2
            if odd or not 2 <= len(self.table) <= MAX_TABLE:
                raise BadRequestError("a table must be a row of an even number of entries")

    @property
    def width(self) -> int:
        return int(self.weights.shape[0])

    @property
    def magnitude(self) -> int:
        """The largest absolute value that the layer can give."""
        return self.limit if self.table is None else int(np.abs(self.table.astype(np.int64)).max())

    def reach(self, magnitude: int) -> int:
        """What no partial sum of the product, in any order, exceeds for inputs up to ``magnitude``."""
        rows = np.abs(self.weights.astype(np.int64)).sum(axis=1) * magnitude + np.abs(self.bias)
        return int(rows.max())


@dataclass(frozen=True)
class Program:
    """Layers in order, each reading one earlier register; the output is the registers ``outputs`` side by side.

    ``inputs`` is the number of inputs, each within ``+-magnitude``.

    Raises:
        BadRequestError: the layers do not fit together, or a sum could leave +-2**53.
        LimitError: the program is larger than any that hepack runs.
    """

    inputs: int
    magnitude: int
    layers: tuple[Layer, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.inputs <= MAX_WIDTH or not 1 <= self.magnitude <= MAX_INPUT:
            raise BadRequestError("a program has an impossible number or range of inputs")
        if not 1 <= len(self.layers) <= MAX_LAYERS or sum(x.weights.size for x in self.layers) > MAX_WEIGHTS:
            raise LimitError(f"a program has {len(self.layers)} layers or over {MAX_WEIGHTS} weights")
        for index, layer in enumerate(self.layers):
            if not 0 <= layer.source <= index:
                raise BadRequestError(f"layer {index} of a program reads register {layer.source}")
            if layer.weights.shape[1] != self.width(layer.source):
                raise BadRequestError(f"layer {index} of a program does not fit the register that it reads")
            if self.reach(index) << max(0, -int(layer.shifts.min())) >= DOUBLE:
                raise BadRequestError(f"a sum in layer {index} of a program could leave 53 bits")
        if not self.outputs or any(not 0 < r <= len(self.layers) for r in self.outputs):
            raise BadRequestError("a program names outputs that no layer gives")

    def width(self, register: int) -> int:
        return self.inputs if register == 0 else self.layers[register - 1].width

    def reach(self, index: int) -> int:
        """The largest magnitude that a partial sum of layer ``index`` can take."""
        source = self.layers[index].source
        return self.layers[index].reach(self.magnitude if source == 0 else self.layers[source - 1].magnitude)

    def single(self, index: int) -> bool:
        """Whether float32 computes layer ``index`` exactly, whatever the order of its sums."""
        return self.reach(index) < SINGLE

    @property
    def columns(self) -> int:
        """The number of outputs."""
        return sum(self.width(r) for r in self.outputs)


def _frozen(array: NDArray[Any], dtype: type, name: str) -> NDArray[Any]:
    given = np.asarray(array)
    copy: NDArray[Any] = np.array(given, dtype)
    if given.dtype.kind not in "iu" or not np.array_equal(copy, given):
        raise BadRequestError(f"the {name} of a layer must be integers that fit {np.dtype(dtype)}")
    copy.setflags(write=False)
    return copy
