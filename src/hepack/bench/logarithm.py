"""Relative bounds for compressors that know only absolute ones: bound the logarithm of the magnitude."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.bench.coders import Lzma
from hepack.table import Tolerance
from hepack.transforms import MANTISSA_BITS


@dataclass(frozen=True, eq=False)
class Smooth:
    """What an absolute-bound compressor gets: ``values``, their ``bound``, and ``signs`` if logarithms
    were taken (packed -1, 0, +1; empty bytes if all are positive)."""

    values: NDArray[Any]
    bound: float
    signs: bytes | None = None


def smooth(tolerance: Tolerance, values: NDArray[Any]) -> Smooth | None:
    """Prepare ordinary ``values`` of any shape; None if the dtype is too coarse for the bound."""
    bits = MANTISSA_BITS[values.dtype.itemsize]
    if tolerance.mode == "absolute":
        rounding = float(np.spacing(np.abs(values).max())) / 2
        room = tolerance.value - rounding
        return Smooth(values, room * (1 - 1e-6)) if room > rounding else None
    relative = tolerance.value if tolerance.mode == "relative" else math.ldexp(0.5, -1 - int(tolerance.value))
    signs = np.sign(values).astype(np.int8)
    magnitude = np.abs(values.astype(np.float64))
    if not magnitude.any():
        return None
    smallest = float(magnitude[magnitude > 0].min())
    logs = np.log2(np.where(magnitude > 0, magnitude, smallest)).astype(values.dtype)
    rounding = float(np.spacing(np.abs(logs).max()))
    room = math.log1p(relative - math.ldexp(1.0, -bits - 1)) / math.log(2) - rounding
    if room <= rounding:
        return None
    packed = b"" if (signs > 0).all() else Lzma().pack_bytes((signs + 1).astype(np.uint8).tobytes())
    return Smooth(logs, room * (1 - 1e-6), packed)


def rough(restored: NDArray[Any], signs: bytes | None) -> NDArray[Any]:
    """Undo `smooth`."""
    if signs is None:
        return restored
    with np.errstate(over="ignore"):
        magnitude = np.exp2(restored.astype(np.float64))
        if signs:
            factor = np.frombuffer(Lzma().unpack_bytes(signs, restored.size), np.uint8).astype(np.int8) - 1
            magnitude = magnitude * factor.reshape(restored.shape)
        return magnitude.astype(restored.dtype)
