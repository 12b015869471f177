"""The latent as integers: codes on a grid of powers of two per dimension."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hepack.autocoder.integers import pack_integers
from hepack.models.fixedpoint import ACTIVATION_BITS

Ints = NDArray[np.int64]


def grid_bits(latent: NDArray[np.float32], levels: int) -> tuple[int, ...]:
    """For each dimension the grid ``2**-b`` that has about ``2**levels`` steps in one standard deviation."""
    spread = latent.astype(np.float64).std(0) if len(latent) else np.ones(latent.shape[1])
    bits = []
    for value in spread:
        power = levels - math.frexp(value)[1] + 1 if value > 0 and math.isfinite(value) else 0
        bits.append(int(np.clip(power, -8, ACTIVATION_BITS)))
    return tuple(bits)


def codes_of(latent: NDArray[np.float32], bits: tuple[int, ...]) -> Ints:
    """The nearest grid point of each number, shape ``(row, latent)``; NaN as 0."""
    scaled = latent.astype(np.float64) * np.array([2.0**b for b in bits])
    whole: Ints = np.clip(np.nan_to_num(np.rint(scaled)), -(2.0**40), 2.0**40).astype(np.int64)
    return whole


def pack_codes(codes: Ints) -> list[bytes]:
    """Each dimension of codes, shape ``(row, latent, ...)``, as a stream of its own."""
    return [pack_integers(np.ascontiguousarray(codes[:, d]).reshape(-1)) for d in range(codes.shape[1])]
