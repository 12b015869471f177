"""A column about its prediction: the residual in steps that keep the tolerance; what decoding repeats is exact.

With the prediction ``p`` (float64) and the stored integer ``k``, the value is

======== =====================================================================
steps    ``p + k * width`` (absolute tolerance, ``width`` just below twice the bound); of an angle, brought into
         ``low`` to ``high`` by a period more or less, then kept within
ratio    ``p * 2**(k * width)`` (relative tolerance)
bits     the float (or integer) whose ordered bits are those of ``p`` plus ``k``, ``shift`` low bits dropped
======== =====================================================================

rounded to the dtype. A value that comes back outside the tolerance is an exception, stored exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.table import Tolerance
from hepack.transforms import MANTISSA_BITS, Identity, OrderedBits, Ratio
from hepack.transforms.power import exp2

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MAX_STEP = 2.0**40


@dataclass(frozen=True)
class Residual:
    """``form`` is one of ``steps``, ``ratio``, ``bits``; ``width`` its step, or the shift of ``bits``. ``period``,
    with ``low`` and ``high``, of an angle in steps."""

    form: str
    width: float
    period: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        shift = self.form == "bits" and self.width in range(53)
        step = self.form in ("steps", "ratio") and math.isfinite(self.width) and self.width > 0
        turn = self.period == 0 or (
            self.form == "steps"
            and self.period > 0
            and all(map(math.isfinite, (self.period, self.low, self.high)))
        )
        if not ((shift or step) and turn):
            raise CorruptFileError(f"a residual has the impossible form {self.form} {self.width}")

    @classmethod
    def for_column(cls, values: NDArray[Any], tolerance: Tolerance, period: float | None = None) -> Residual:
        """The form for a column (shape ``(n,)``, finite) and its tolerance."""
        if values.dtype.kind != "f" or tolerance.is_lossless or not len(values):
            return cls("bits", 0)
        bits = MANTISSA_BITS[values.dtype.itemsize]
        if tolerance.mode == "mantissa":
            return cls("bits", max(0, bits - int(tolerance.value)))
        half_unit = math.ldexp(1.0, -bits - 1)
        if tolerance.mode == "relative":
            room = (tolerance.value - 2 * half_unit) * (1 - 1e-7)
            return cls("ratio", Ratio.width_for(room)) if room > half_unit else cls("bits", 0)
        rounding = float(np.abs(values).max()) * half_unit
        room = (tolerance.value - 2 * rounding) * (1 - 1e-7)
        if not 0 < room < math.inf:
            return cls("bits", 0)
        turn = (period, float(values.min()), float(values.max())) if period else ()
        return cls("steps", 2 * room, *turn)

    def to_list(self) -> list[str | float]:
        """Plain values, for JSON; the constructor takes them back."""
        return [self.form, self.width, *([self.period, self.low, self.high] if self.period else [])]

    def forward(self, values: NDArray[Any], prediction: Floats) -> Ints:
        """The integers; any number where there is none."""
        with np.errstate(all="ignore"):
            if self.form == "bits":
                base = _as_dtype(prediction, values.dtype)
                exact = self._exact(values.dtype)
                return exact.forward(values) - exact.forward(base)
            x = values.astype(np.float64)
            steps = (x - prediction) if self.form == "steps" else np.log2(x / prediction)
            if self.period:
                steps -= self.period * np.rint(steps / self.period)
            k = np.rint(steps / self.width)
            k[~(np.abs(k) < MAX_STEP)] = 0.0
        return k.astype(np.int64)

    def inverse(self, steps: Ints, prediction: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
        """The values."""
        with np.errstate(all="ignore"):
            if self.form == "bits":
                exact = self._exact(dtype)
                return exact.inverse(exact.forward(_as_dtype(prediction, dtype)) + steps, dtype)
            scaled = steps.astype(np.float64) * self.width
            values = prediction + scaled if self.form == "steps" else prediction * exp2(scaled)
            if self.period:
                over, under = values - self.period, values + self.period
                values = np.where((values > self.high) & (over >= self.low), over, values)
                values = np.where((values < self.low) & (under <= self.high), under, values)
                values = np.minimum(np.maximum(values, self.low), self.high)
            return _as_dtype(values, dtype)

    def _exact(self, dtype: np.dtype[Any]) -> OrderedBits | Identity:
        return OrderedBits(int(self.width)) if dtype.kind == "f" else Identity()


def _as_dtype(values: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Floats rounded to a dtype; to integers by nearest, inside the range, NaN as 0."""
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(np.int64 if dtype.kind == "b" else dtype)
    low, high = max(limits.min, -(2**53)), min(limits.max, 2**53)
    whole = np.rint(np.clip(np.nan_to_num(values), float(low), float(high)))
    return whole.astype(np.int64).astype(dtype)
