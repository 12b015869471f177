"""`Variable` and `Collection`: what one column and one jagged group of an event table are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from hepack._errors import BadInputError
from hepack.table.tolerance import LOSSLESS, Tolerance

Kind = Literal["continuous", "angle", "integer", "category", "flag", "text"]
Layout = Literal["list", "option", "text"]

EVENTS = ""
"""The name of the event axis: the axis of variables with one value (or fixed array) per event."""

DTYPES = tuple(
    np.dtype(code) for code in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "<f2", "<f4", "<f8")
)
"""The dtypes a column may have, all little-endian; readers convert and note the original."""

INT32 = np.dtype("i4")

Attributes = Mapping[str, Any]
"""What a writer needs to restore a file's own form (titles, type names); plain JSON values."""


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One column: ``shape`` is the fixed shape of one entry, ``()`` for a plain number.

    ``axis`` is `EVENTS` or the name of the `Collection` whose objects it describes.
    ``period`` is set for angles only. A ``text`` variable is the uint8 column of a text collection.
    """

    name: str
    dtype: np.dtype[Any]
    axis: str = EVENTS
    shape: tuple[int, ...] = ()
    unit: str = ""
    kind: Kind = "continuous"
    period: float | None = None
    tolerance: Tolerance = LOSSLESS
    attributes: Attributes = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise BadInputError(f"variable '{self.name}' has dtype {self.dtype}, which a table cannot hold")
        if (self.period is not None) != (self.kind == "angle"):
            raise BadInputError(f"variable '{self.name}': a period belongs to an angle, and only to it")
        if not self.tolerance.is_lossless and self.dtype.kind != "f":
            raise BadInputError(f"variable '{self.name}' is {self.dtype}: only floats can have a tolerance")

    @property
    def width(self) -> int:
        """Numbers per entry."""
        return math.prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A jagged group such as Jet: every entry of ``parent`` owns a run of its objects.

    ``layout`` says how the runs are presented: ``list`` (any length), ``option`` (length 0 is a
    missing value, 1 a present one) or ``text`` (the bytes of a string, in UTF-8).
    ``counter`` names the column that holds the lengths in the source file (NanoAOD's ``nJet``);
    it is made from the lengths and need not be stored.
    """

    name: str
    parent: str = EVENTS
    layout: Layout = "list"
    counter: str = ""
    counter_dtype: np.dtype[Any] = INT32
    attributes: Attributes = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name:
            raise BadInputError("a collection needs a name")
        if self.counter_dtype.kind not in "iu":
            raise BadInputError(f"collection '{self.name}': the counter must be an integer column")
