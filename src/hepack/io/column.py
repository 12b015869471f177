"""A column of numbers, with the kind that its name and first values suggest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.io.naming import guess_kind
from hepack.table import EVENTS, Variable


def number_column(
    name: str,
    dtype: np.dtype[Any],
    *,
    axis: str = EVENTS,
    shape: tuple[int, ...] = (),
    unit: str = "",
    sample: NDArray[Any] | None = None,
    **attributes: Any,
) -> Variable:
    """A variable that is a flag, an integer, an angle (see `guess_kind`) or continuous.

    An angle in degrees is none: its name may say phi, but the period is not 2 pi.
    """
    kind, period = guess_kind(name, dtype, sample)
    if kind == "angle" and unit not in ("", "rad", "radian", "radians"):
        kind, period = "continuous", None
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
