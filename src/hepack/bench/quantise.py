"""The plain quantiser that generic packers are given: one step for all values, the widest that keeps the bound."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import Tolerance
from hepack.transforms import MANTISSA_BITS, OrderedBits, Ratio, Steps, Symbols, Transform


def ordinary_mask(flat: NDArray[Any]) -> NDArray[np.bool_]:
    """Where floats are finite and not -0.0; the others must come back bit for bit."""
    return np.asarray(np.isfinite(flat) & ~((flat == 0) & np.signbit(flat)))


def filled(flat: NDArray[Any]) -> NDArray[Any] | None:
    """A copy with each special value replaced by the ordinary one before it; None if none is ordinary."""
    good = ordinary_mask(flat)
    if good.all():
        return flat
    if not good.any():
        return None
    places = np.maximum.accumulate(np.where(good, np.arange(len(flat)), np.argmax(good)))
    return np.ascontiguousarray(flat[places])


def quantiser(tolerance: Tolerance, flat: NDArray[Any]) -> Transform | None:
    """The map to integers for a bound; None if the dtype is too coarse for it. ``flat`` is ordinary."""
    bits = MANTISSA_BITS[flat.dtype.itemsize]
    if tolerance.mode == "mantissa":
        return OrderedBits(max(0, bits - int(tolerance.value)))
    if tolerance.mode == "relative":
        room = (tolerance.value - math.ldexp(1.0, -bits - 1)) * (
            1 - 1e-9
        )  # what rounding to the dtype leaves
        magnitude = np.abs(flat[flat != 0])
        if room <= math.ldexp(1.0, -bits - 1) or not len(magnitude):
            return None
        return Ratio.spanning(room, magnitude)
    low, high = float(flat.min()), float(flat.max())
    rounding = float(np.spacing(np.abs(np.array([low, high], flat.dtype))).max()) / 2
    room = (tolerance.value - rounding) * (1 - 1e-9)
    if rounding >= tolerance.value / 2 or (high - low) / (2 * room) > 2.0**52:
        return None
    return Steps(2 * room, 1.0, low, high)


def rounded(tolerance: Tolerance, flat: NDArray[Any]) -> NDArray[Any] | None:
    """Floats with as few mantissa bits as the bound allows; None if it allows no fewer.

    For an absolute bound these are multiples of a power of two.
    """
    bits = MANTISSA_BITS[flat.dtype.itemsize]
    if tolerance.mode == "absolute":
        unit = 2.0 ** math.floor(math.log2(2 * tolerance.value))
        whole = np.rint(flat.astype(np.float64) / unit) * unit
        return np.asarray((whole + 0.0).astype(flat.dtype))  # + 0 makes -0.0 positive
    keep = (
        int(tolerance.value) if tolerance.mode == "mantissa" else math.ceil(-math.log2(tolerance.value)) - 1
    )
    if keep >= bits:
        return None
    grid = OrderedBits(bits - max(0, keep))
    return grid.inverse(grid.forward(flat), flat.dtype)


def narrowed(symbols: Symbols) -> tuple[int, NDArray[Any]]:
    """Integers as an offset and the smallest unsigned dtype."""
    low = int(symbols.min())
    shifted = symbols.view(np.uint64) - np.uint64(low & 0xFFFFFFFFFFFFFFFF)  # wraps for the widest spans
    return low, shifted.astype(np.min_scalar_type(int(shifted.max())))
