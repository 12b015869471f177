"""`Kind`: one way of making values from values."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hepack.relations.view import View
from hepack.table import Schema, Variable

Settings = tuple[Any, ...]
Axes = tuple[str, ...]
Leaves = tuple[Variable | None, ...]
"""For each input its variable, or None where it is a formula itself."""
Values = list[NDArray[Any]]


class Kind(Protocol):
    """``elementwise`` kinds get their inputs spread to the deepest axis among them."""

    @property
    def elementwise(self) -> bool: ...

    def check(self, settings: Settings, axes: Axes, leaves: Leaves, schema: Schema) -> str | None:
        """The axis of the result; None where settings and inputs do not fit. Settings are not trusted."""

    def evaluate(
        self, settings: Settings, values: Values, axes: Axes, view: View
    ) -> tuple[NDArray[Any], str]:
        """Float64 or int64 values and their axis, from single IEEE-754 and integer operations."""


def floats(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.astype(np.float64, copy=False)


def is_number(value: Any) -> bool:
    """A finite float, or an integer."""
    return type(value) is int or (type(value) is float and math.isfinite(value))
