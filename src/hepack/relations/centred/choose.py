"""Which centred map a column gets, and rebuilding one from a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.relations.centred.bare import Bare
from hepack.relations.centred.base import Centred
from hepack.relations.centred.bounded import Absolute, Relative
from hepack.relations.centred.exact import Difference, Lattice, Mantissa, Ulps
from hepack.table import Variable
from hepack.transforms import Digits, Identity, OrderedBits, Ratio, Steps, Transform, rebuild


def centred_candidates(variable: Variable, plain: list[Transform]) -> list[Centred]:
    """The centred maps that correspond to the plain ones that `hepack.transforms.candidates` gave."""
    return list(_centred(variable, plain))


def _centred(variable: Variable, plain: list[Transform]) -> Iterator[Centred]:
    period = variable.period or 0.0
    for transform in plain:
        match transform:
            case Identity():
                yield Difference()
            case OrderedBits(shift):
                yield Ulps(shift)
                if variable.tolerance.mode in ("mantissa", "relative") and shift:
                    yield Mantissa(shift)
            case Steps(numerator, 1.0, low, high) if variable.tolerance.mode == "absolute" and low > -np.inf:
                yield Absolute(abs(numerator), low, high, period)
            case Steps() | Digits():
                yield Lattice(transform)
            case Ratio(width, lowest):
                yield Relative(width, lowest)


def rebuild_centred(tag: str, settings: list[Any]) -> Centred:
    """The map that ``tag`` and ``settings`` describe.

    Raises:
        CorruptFileError: unknown tag, or settings that no encoder writes.
    """
    match tag, settings:
        case "diff", []:
            return Difference()
        case "ulps", [int(shift)] if type(shift) is int and 0 <= shift <= 52:
            return Ulps(shift)
        case "mantissa", [int(shift)] if type(shift) is int and 0 <= shift <= 52:
            return Mantissa(shift)
        case "lattice", [str(grid), *rest]:
            found = rebuild(grid, rest, _no_table)
            if isinstance(found, Steps | Digits):
                return Lattice(found)
        case "abs", [cell, low, high, *period] if (
            len(period) <= 1
            and _finite([cell, low, high, *period])
            and cell > 0
            and all(p > 0 for p in period)
        ):
            return Absolute(float(cell), float(low), float(high), *map(float, period))
        case "rel", [width, int(lowest)] if _finite([width, lowest]) and width > 1e-9 and abs(lowest) < 2**53:
            return Relative(float(width), lowest)
        case "bare", [low, high] if _finite([low, high]):
            return Bare(float(low), float(high))
    raise CorruptFileError(f"a column has the impossible map {tag} {str(settings)[:80]}")


def _no_table(count: int) -> NDArray[np.int64]:
    raise CorruptFileError("a centred map has no tables")


def _finite(numbers: list[Any]) -> bool:
    return all(type(number) in (int, float) and abs(number) <= sys.float_info.max for number in numbers)
