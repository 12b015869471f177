"""Rebuild a transform from what a file says of it, trusting nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from hepack._errors import CorruptFileError
from hepack.transforms.base import Symbols, Transform
from hepack.transforms.exact import Dictionary, Identity, OrderedBits
from hepack.transforms.grid import Digits, Ratio, Steps
from hepack.transforms.lattice import MANTISSA_BITS, MAX_DICTIONARY

_INTEGER_BOUND = 2**53


def rebuild(tag: str, settings: list[Any], read_table: Callable[[int], Symbols]) -> Transform:
    """The transform that ``tag`` and ``settings`` describe; ``read_table(count)`` decodes a table of it.

    Raises:
        CorruptFileError: unknown tag, or settings that no encoder writes.
    """
    match tag, settings:
        case "int", []:
            return Identity()
        case "bits", [int(shift)] if 0 <= shift <= max(MANTISSA_BITS.values()):
            return OrderedBits(shift)
        case "dict", [int(count)] if 0 < count <= MAX_DICTIONARY:
            return Dictionary(read_table(count))
        case "step", [*numbers] if (
            len(numbers) in (2, 4) and _finite(numbers) and numbers[0] * numbers[1] != 0
        ):
            return Steps(*map(float, numbers))
        case "digits", [int(digits), int(lowest)] if 1 <= digits <= 17 and abs(lowest) <= 400:
            return Digits(digits, lowest)
        case "ratio", [width, int(lowest)] if _finite([width]) and width > 0 and abs(lowest) < _INTEGER_BOUND:
            return Ratio(float(width), lowest)
        case _:
            raise CorruptFileError(f"a column has the impossible transform {tag} {str(settings)[:80]}")


def _finite(numbers: list[Any]) -> bool:
    return all(type(number) in (int, float) and abs(number) <= sys.float_info.max for number in numbers)
