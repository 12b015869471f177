"""A column of numbers, with the kind that its name suggests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hepack.io.naming import guess_kind
from hepack.table import EVENTS, Variable


def number_column(
    name: str,
    dtype: np.dtype[Any],
    *,
    axis: str = EVENTS,
    shape: tuple[int, ...] = (),
    unit: str = "",
    **attributes: Any,
) -> Variable:
    """A variable that is a flag, an integer, an angle (by its name) or continuous."""
    kind = guess_kind(name, dtype)
    period = math.tau if kind == "angle" else None
    return Variable(
        name=name,
        dtype=dtype,
        axis=axis,
        shape=shape,
        unit=unit or ("rad" if kind == "angle" else ""),
        kind=kind,
        period=period,
        attributes=attributes,
    )
