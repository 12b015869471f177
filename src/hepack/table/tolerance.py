"""`Tolerance`: the bound that a variable's restored values must keep."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError

Mode = Literal["lossless", "absolute", "relative", "mantissa", "unbounded"]

_PATTERN = re.compile(r"^(?P<number>[0-9.]+(?:[eE][+-]?[0-9]+)?)(?P<suffix>abs|rel|bits)?$")


@dataclass(frozen=True)
class Tolerance:
    """The promise for one variable.

    ========== ==============================================================
    mode       promise for every finite value ``x`` and its restored ``y``
    ========== ==============================================================
    lossless   ``y`` has the same bits as ``x``
    absolute   ``|y - x| <= value`` (for an angle: the wrapped difference)
    relative   ``|y - x| <= value * |x|``, hence zero stays zero
    mantissa   ``y`` is ``x`` or within half a unit of its ``value``-th mantissa bit
    unbounded  none: ``y`` is finite
    ========== ==============================================================

    NaN (payload included), infinities and -0.0 come back bit for bit in every mode. Nobody gets ``unbounded``
    without asking for an autoencoder and naming no bound.
    """

    mode: Mode = "lossless"
    value: float = 0.0

    def __post_init__(self) -> None:
        if self.mode in ("lossless", "unbounded"):
            if self.value:
                raise BadRequestError(f"the tolerance '{self.mode}' takes no value")
        elif self.mode == "mantissa":
            if not 0 <= self.value <= 52 or self.value != int(self.value):
                raise BadRequestError(f"mantissa bits must be whole and from 0 to 52, found {self.value}")
        elif not (math.isfinite(self.value) and self.value > 0):
            raise BadRequestError(f"a tolerance must be a finite number above zero, found {self.value}")
        elif self.mode == "relative" and self.value >= 1:
            raise BadRequestError(f"a relative tolerance must be below 1, found {self.value}")

    @property
    def is_lossless(self) -> bool:
        return self.mode == "lossless"

    @property
    def is_bounded(self) -> bool:
        """Whether anything is promised."""
        return self.mode != "unbounded"

    @classmethod
    def parse(cls, text: str) -> Tolerance:
        """Read ``lossless``, ``1e-3`` or ``1e-3abs`` (absolute), ``1e-3rel``, ``10bits`` (mantissa)."""
        text = text.strip()
        if text == "lossless":
            return cls()
        match = _PATTERN.match(text)
        if not match:
            raise BadRequestError(
                f"cannot read the tolerance '{text}': write lossless, 1e-3 or 1e-3abs, 1e-3rel, or 10bits"
            )
        try:
            number = float(match["number"])
        except ValueError:
            raise BadRequestError(f"cannot read the number in the tolerance '{text}'") from None
        suffix = match["suffix"] or "abs"
        modes: dict[str, Mode] = {"abs": "absolute", "rel": "relative", "bits": "mantissa"}
        return cls(modes[suffix], number)

    def __str__(self) -> str:
        if self.mode in ("lossless", "unbounded"):
            return self.mode
        suffix = {"absolute": "abs", "relative": "rel", "mantissa": "bits"}[self.mode]
        return (
            f"{self.value:g}{suffix}" if float(f"{self.value:g}") == self.value else f"{self.value!r}{suffix}"
        )

    def violated(
        self, original: NDArray[Any], restored: NDArray[Any], *, period: float | None = None
    ) -> NDArray[np.bool_]:
        """Say for each value whether the promise is broken. Both arrays have the same shape and dtype."""
        different = bits_differ(original, restored)
        if self.is_lossless or original.dtype.kind != "f" or not different.any():
            return different
        with np.errstate(all="ignore"):
            before = original.astype(np.float64)
            after = restored.astype(np.float64)
            error = np.abs(after - before)
            inside = self._holds(error, before, after) if self.is_bounded else np.ones(before.shape, np.bool_)
            if period is not None and self.is_bounded:
                # both differences are rounded: stay on the safe side of the bound by twice that
                slack = 4 * np.spacing(np.maximum(error, period))
                inside |= np.abs(period - error) + slack <= self.allowance(before)
        keep_bits = ~np.isfinite(before) | ~np.isfinite(after) | (before == 0) & np.signbit(before)
        return np.asarray(different & (keep_bits | ~inside))

    def largest_error(
        self, original: NDArray[Any], restored: NDArray[Any], *, period: float | None = None
    ) -> float:
        """The largest error over the finite values, in the tolerance's own measure (absolute or relative)."""
        with np.errstate(all="ignore"):
            before = original.astype(np.float64)
            error = np.abs(restored.astype(np.float64) - before)
            if period is not None:
                error = np.minimum(error, np.abs(period - error))
            if self.mode in ("relative", "mantissa"):
                error = np.where(before == 0, np.where(error == 0, 0.0, np.inf), error / np.abs(before))
        return float(np.max(error[np.isfinite(before)], initial=0.0))

    def _holds(
        self, error: NDArray[np.float64], before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Whether the exact error is within the exact allowance; ``error`` is rounded.

        Rounding keeps the order, so only a tie needs the bits that it dropped.
        """
        allowed = self.allowance(before)
        tie = error == allowed
        if tie.any():
            tie[tie] = self._excess(before[tie], after[tie], allowed[tie]) <= 0
        return np.asarray((error < allowed) | tie)

    def _excess(
        self, before: NDArray[np.float64], after: NDArray[np.float64], allowed: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What rounding took from the error, less what it took from the allowance.

        Knuth's sum and Dekker's product; NaN (which is out of bound) where they do not hold.
        """
        difference = after - before
        virtual = difference - after
        dropped = (after - (difference - virtual)) - (before + virtual)
        dropped = np.where(difference < 0, -dropped, dropped)
        if self.mode != "relative":
            return dropped
        one, other = _halves(np.abs(before)), _halves(np.full_like(before, self.value))
        product = ((one[0] * other[0] - allowed) + one[0] * other[1] + one[1] * other[0]) + one[1] * other[1]
        product[allowed < 1e-280] = np.nan
        return np.asarray(dropped - product)

    def allowance(self, before: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest error of each value, of a mode that has one (absolute, relative, mantissa)."""
        if self.mode == "absolute":
            return np.full_like(before, self.value)
        if self.mode == "relative":
            return np.asarray(self.value * np.abs(before))
        _, exponent = np.frexp(before)  # x = f * 2**exponent with 0.5 <= |f| < 1
        return np.where(before == 0, 0.0, np.ldexp(0.5, exponent - 1 - int(self.value)))


LOSSLESS = Tolerance()
UNBOUNDED = Tolerance("unbounded")


def _halves(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each value as a sum of two with 26 bits (Veltkamp)."""
    scaled = values * 134217729.0
    high = scaled - (scaled - values)
    return high, values - high


def bits_differ(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Compare by bits, so that NaN equals itself and 0.0 differs from -0.0."""
    if left.dtype != right.dtype or left.shape != right.shape:
        raise ValueError(f"cannot compare {left.dtype}{left.shape} with {right.dtype}{right.shape}")
    if left.dtype.kind != "f":
        return np.asarray(left != right)
    unsigned = np.dtype(f"u{left.dtype.itemsize}")
    return np.asarray(np.ascontiguousarray(left).view(unsigned) != np.ascontiguousarray(right).view(unsigned))
