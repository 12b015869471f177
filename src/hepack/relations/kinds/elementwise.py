"""Kinds that work entry by entry: sums, products, named functions, guards and tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.relations.kinds.base import Axes, Leaves, Settings, Values, floats, is_number
from hepack.relations.kinds.functions import FUNCTIONS
from hepack.relations.view import View, deepest
from hepack.table import Schema
from hepack.transforms import exact_transform

MAX_TERMS = 48
MAX_ENTRIES = 4096
EXPONENTS = (-2, -1, 1, 2)


@dataclass(frozen=True)
class Elementwise:
    """``fits(settings, n_inputs)`` says whether the settings are possible; ``compute`` does the work."""

    fits: Callable[[Settings, Leaves], bool]
    compute: Callable[[Settings, Values], NDArray[Any]]
    elementwise: bool = True

    def check(self, settings: Settings, axes: Axes, leaves: Leaves, schema: Schema) -> str | None:
        return deepest(schema, axes) if axes and self.fits(settings, leaves) else None

    def evaluate(
        self, settings: Settings, values: Values, axes: Axes, view: View
    ) -> tuple[NDArray[Any], str]:
        axis = deepest(view.schema, axes)
        assert axis is not None
        return self.compute(settings, values), axis


def _linear_fits(settings: Settings, leaves: Leaves) -> bool:
    return 0 < len(leaves) <= MAX_TERMS and len(settings) == len(leaves) + 1 and all(map(is_number, settings))


def _linear(settings: Settings, values: Values) -> NDArray[Any]:
    """``c0 x0 + c1 x1 + ... + b``, in this order; whole numbers over integers stay int64 (and wrap)."""
    whole = all(type(c) is int for c in settings) and all(v.dtype.kind == "i" for v in values)
    convert = (lambda v: v) if whole else floats
    total: NDArray[Any] | None = None
    for factor, part in zip(settings, values, strict=False):
        term = convert(part) if factor == 1 else convert(part) * (factor if whole else float(factor))
        total = term if total is None else total + term
    assert total is not None
    return total + (settings[-1] if whole else float(settings[-1])) if settings[-1] else total


def _quotient_fits(settings: Settings, leaves: Leaves) -> bool:
    return len(leaves) == 1 and len(settings) == 2 and all(map(is_number, settings)) and settings[1] != 0


def _quotient(settings: Settings, values: Values) -> NDArray[Any]:
    """``x n / d``."""
    return floats(values[0]) * float(settings[0]) / float(settings[1])


def _product_fits(settings: Settings, leaves: Leaves) -> bool:
    return (
        0 < len(leaves) <= MAX_TERMS
        and len(settings) == len(leaves) + 1
        and is_number(settings[0])
        and all(type(c) is int and c in EXPONENTS for c in settings[1:])
    )


def _product(settings: Settings, values: Values) -> NDArray[Any]:
    """``c x0**e0 x1**e1 ...``: the factors above the line, times c, then divided by those below it."""
    above: NDArray[np.float64] | None = None
    for exponent, part in zip(settings[1:], map(floats, values), strict=True):
        for _ in range(exponent):
            above = part if above is None else above * part
    if above is None:
        above = np.full(len(values[0]), float(settings[0]))
    elif settings[0] != 1:
        above = above * float(settings[0])
    for exponent, part in zip(settings[1:], map(floats, values), strict=True):
        for _ in range(-exponent):
            above = above / part
    return above


def _call_fits(settings: Settings, leaves: Leaves) -> bool:
    match settings:
        case [str(name)]:
            return name in FUNCTIONS and FUNCTIONS[name].arity == len(leaves)
    return False


def _call(settings: Settings, values: Values) -> NDArray[Any]:
    return FUNCTIONS[settings[0]].compute(*map(floats, values))


def _guard_fits(settings: Settings, leaves: Leaves) -> bool:
    return len(settings) == len(leaves) == 2 and all(map(is_number, settings))


def _guard(settings: Settings, values: Values) -> NDArray[Any]:
    """The second setting where the second input equals the first setting; else the first input."""
    key, value = settings
    if values[0].dtype.kind == "i" and type(value) is int:
        return np.where(values[1] == key, np.int64(value), values[0])
    return np.where(values[1] == key, float(value), floats(values[0]))


def _table_fits(settings: Settings, leaves: Leaves) -> bool:
    if not 0 < len(leaves) <= 3 or len(settings) != len(leaves) + 1 or None in leaves:
        return False
    if not all(type(part) is tuple for part in settings) or not 0 < len(settings[0]) <= MAX_ENTRIES:
        return False
    keys, values = settings[:-1], settings[-1]
    return (
        len({len(part) for part in settings}) == 1
        and all(type(key) is int for part in keys for key in part)
        and (
            all(type(v) is int for v in values) or all(type(v) is float and math.isfinite(v) for v in values)
        )
    )


def _table(settings: Settings, values: Values) -> NDArray[Any]:
    """The value that a stored table has for the keys; nothing where it has none.

    Keys are integers, or the ordered bits of floats as float64.
    """
    result: NDArray[Any] = np.array(settings[-1])
    stored = [np.array(part, np.int64) for part in settings[:-1]]
    seen = [exact_transform(part.dtype).forward(part) for part in values]
    known, place = np.ones(len(seen[0]), np.bool_), np.zeros(len(seen[0]), np.int64)
    code = np.zeros(len(result), np.int64)
    for own, other in zip(stored, seen, strict=True):  # number the keys column by column
        distinct, number = np.unique(own, return_inverse=True)
        found = np.minimum(np.searchsorted(distinct, other), len(distinct) - 1)
        known &= distinct[found] == other
        place, code = place * len(distinct) + found, code * len(distinct) + number
        distinct, code = np.unique(code, return_inverse=True)
        found = np.minimum(np.searchsorted(distinct, place), len(distinct) - 1)
        known &= distinct[found] == place
        place = found
    ordered = np.zeros(int(code.max()) + 1, result.dtype)
    ordered[code[::-1]] = result[::-1]  # of equal keys the first entry counts
    nothing = np.nan if result.dtype.kind == "f" else NOTHING
    return np.where(known, ordered[place], nothing)


NOTHING = -(2**63)
"""What an integer prediction holds where it says nothing."""

ELEMENTWISE: dict[str, Elementwise] = {
    "linear": Elementwise(_linear_fits, _linear),
    "quotient": Elementwise(_quotient_fits, _quotient),
    "product": Elementwise(_product_fits, _product),
    "call": Elementwise(_call_fits, _call),
    "guard": Elementwise(_guard_fits, _guard),
    "table": Elementwise(_table_fits, _table),
}
