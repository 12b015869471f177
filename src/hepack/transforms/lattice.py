"""Find the grid that a column lies on, and the grids that its tolerance allows.

`candidates` proposes; the encoder measures each proposal, keeps the smallest, and checks every value.
A wrong proposal can therefore cost bytes, never correctness.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import Variable
from hepack.transforms.base import Transform
from hepack.transforms.exact import Dictionary, Identity, OrderedBits
from hepack.transforms.grid import Digits, Ratio, Steps, decimal_exponent

MANTISSA_BITS = {2: 10, 4: 23, 8: 52}
MAX_DICTIONARY = 4096
MAX_MERGE = 2.0**52
"""Cells of a lattice that a tolerance may join; beyond, plain steps do as well."""


def candidates(variable: Variable, values: NDArray[Any], sample: NDArray[Any]) -> list[Transform]:
    """Transforms worth trying for a column.

    Args:
        variable: gives dtype and tolerance.
        values: the whole column, shape ``(n,)``, finite, without -0.0.
        sample: some of the values.
    """
    if variable.dtype.kind != "f":
        return [Identity(), *_dictionary(values, sample)]
    if not len(values):
        return [OrderedBits()]
    lossless = _lossless(values, sample)
    tolerance = variable.tolerance
    if tolerance.mode == "mantissa":
        shift = MANTISSA_BITS[variable.dtype.itemsize] - int(tolerance.value)
        return [*lossless, OrderedBits(shift)] if shift > 0 else lossless
    if tolerance.mode == "relative":
        return [*lossless, *_relative(tolerance.value, values)]
    if tolerance.mode == "absolute":
        return [*lossless, *_absolute(tolerance.value, values, lossless)]
    return lossless


def _lossless(values: NDArray[Any], sample: NDArray[Any]) -> list[Transform]:
    found: list[Transform] = [OrderedBits(_dead_bits(sample))]
    nonzero = sample[sample != 0]
    if not len(nonzero):
        return found
    found.extend(step for step in (_dyadic_step(nonzero), _decimal_step(nonzero)) if step is not None)
    if len(found) == 1 or isinstance(found[-1], Steps):
        digits = _significant_digits(nonzero, values)
        if digits is not None:
            found.append(digits)
    return [*found, *_dictionary(values, sample)]


def _dead_bits(sample: NDArray[Any]) -> int:
    """How many low mantissa bits are zero in every value."""
    size = sample.dtype.itemsize
    used = int(np.bitwise_or.reduce(sample.view(np.dtype(f"u{size}")))) | (1 << MANTISSA_BITS[size])
    return (used & -used).bit_length() - 1


def _dyadic_step(nonzero: NDArray[Any]) -> Steps | None:
    """The largest power of two (times a whole number) of which every value is a multiple."""
    size = nonzero.dtype.itemsize
    if size == 2:
        return None
    mantissa, exponent = np.frexp(nonzero.astype(np.float64))
    whole = np.abs(np.ldexp(mantissa, 53)).astype(np.int64)
    trailing = np.log2((whole & -whole).astype(np.float64)).astype(np.int64)
    lowest = int((exponent - 53 + trailing).min())
    if lowest < -1000 or int(exponent.max()) - lowest > 52:
        return None
    unit = math.ldexp(1.0, lowest)
    common = int(np.gcd.reduce(np.abs(nonzero.astype(np.float64) / unit).astype(np.int64)))
    return Steps(unit * common)


def _decimal_step(nonzero: NDArray[Any]) -> Steps | None:
    """The fewest decimal places that give every value back."""
    largest = float(np.abs(nonzero).max())
    most = 9 if nonzero.dtype.itemsize <= 4 else 17
    for places in range(1, most + 1):
        if largest * 10**places >= 2.0**53:
            return None
        step = Steps(1.0, 10.0**places)
        probe = nonzero[:64]
        if not _restores(step, probe):
            continue
        if _restores(step, nonzero):
            return step
    return None


def _significant_digits(nonzero: NDArray[Any], values: NDArray[Any]) -> Digits | None:
    """The fewest significant decimal digits that give every value back."""
    lowest = _lowest_decade(nonzero)
    most = 8 if nonzero.dtype.itemsize <= 4 else 16
    for digits in range(2, most + 1):
        grid = Digits(digits, lowest - digits + 1)
        if lowest > -300 and _restores(grid, nonzero[:64]) and _restores(grid, nonzero):
            return Digits(digits, max(-300, _lowest_decade(values)) - digits + 1)
    return None


def _lowest_decade(values: NDArray[Any]) -> int:
    """The decimal exponent of the smallest magnitude above zero."""
    magnitude = np.abs(values)
    smallest = np.min(magnitude, where=magnitude > 0, initial=np.inf)
    return int(decimal_exponent(np.array([smallest], np.float64))[0])


def _restores(grid: Transform, values: NDArray[Any]) -> bool:
    return bool(np.array_equal(grid.inverse(grid.forward(values), values.dtype), values))


def _dictionary(values: NDArray[Any], sample: NDArray[Any]) -> list[Transform]:
    """A dictionary where the sample repeats few values that are spread widely."""
    if len(sample) < 32:
        return []
    distinct = len(np.unique(sample))
    if distinct > min(MAX_DICTIONARY, len(sample) // 4):
        return []
    if values.dtype.kind in "bui" and int(values.max()) - int(values.min()) < 4 * distinct:
        return []
    whole = Dictionary.of(values)
    return [whole] if len(whole.entries) <= min(MAX_DICTIONARY, len(values) // 4) else []


def _relative(bound: float, values: NDArray[Any]) -> list[Transform]:
    bits = MANTISSA_BITS[values.dtype.itemsize]
    room = (bound - math.ldexp(1.0, -bits - 1)) * (1 - 1e-9)  # the result is rounded to the dtype
    magnitude = np.abs(values[values != 0])
    if not len(magnitude):
        return []
    found: list[Transform] = []
    if room > math.ldexp(1.0, -bits - 1):
        found.append(Ratio.spanning(room, magnitude))
    keep = math.ceil(-math.log2(bound)) - 1
    if 0 <= keep < bits:
        found.append(OrderedBits(bits - keep))
    return found


def _absolute(bound: float, values: NDArray[Any], lossless: list[Transform]) -> list[Transform]:
    low, high = float(values.min()), float(values.max())
    with np.errstate(over="ignore", invalid="ignore"):  # the largest float has no next one
        rounding = float(np.spacing(np.abs(np.array([low, high], values.dtype))).max()) / 2
    bound = min(bound, 2.0**1020)  # so that a cell is finite
    room = (bound - rounding) * (1 - 1e-9) if rounding < bound / 2 else bound
    found: list[Transform] = [Steps(2 * room, 1.0, low, high)]
    for grid in lossless:
        if isinstance(grid, Steps):
            cell = grid.numerator / grid.denominator
            merge = math.floor(min(room / cell * (1 + 1e-9), MAX_MERGE))
            if merge >= 1:
                found.append(replace(grid, numerator=grid.numerator * (2 * merge + 1), low=low, high=high))
    return found
