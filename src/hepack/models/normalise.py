"""Normalise columns for a network and back: none, standard, min-max, custom, response.

========= =====================================================================================
way       each variable becomes
========= =====================================================================================
none      itself
standard  its distance from the mean in standard deviations
min-max   -1 to 1 over its range (Baler's way)
custom    min-max; of its logarithm where it is positive and steep (m, pt), as the ATLAS studies did
response  standard; of a symmetric logarithm where it is steep, so that equal errors are equal responses
========= =====================================================================================

The inverse is what a decoder repeats, so it is made of single IEEE-754 operations. A variable that is NaN or
infinite becomes the centre, one that never varies becomes 0; values far outside the range that was fitted are
held at `LIMIT` widths. Whoever needs such values back stores them beside the network (see `hepack.autocoder`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.transforms.power import exp2

Way = Literal["none", "standard", "min-max", "custom", "response"]
WAYS: tuple[str, ...] = get_args(Way)
LIMIT = 64.0
STEEP = 4.0
"""A positive variable is steep if its 99 % quantile is this many times its median."""
LARGEST = 1e300
STRAY = 1e3
"""Values so many times the central 99 % of the range away from the median do not count for the fit."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """One variable: ``u = (g(x) - centre) / width`` with ``g(x) = x``, or, for a ``knee`` above zero,
    ``g(x) = sign(x) log2(1 + |x| / knee)``, a logarithm beyond the knee and straight below."""

    centre: float
    width: float
    knee: float = 0.0
    limit: float = LIMIT

    def forward(self, values: NDArray[Any]) -> Floats:
        """Values, shape ``(n,)``, to normalised ones; finite whatever comes in."""
        with np.errstate(all="ignore"):
            x = values.astype(np.float64)
            if self.knee:
                x = np.sign(x) * np.log2(1 + np.abs(x) / self.knee)
            u = (x - self.centre) / self.width
        u[np.isnan(u)] = 0.0
        return np.clip(u, -self.limit, self.limit)

    def inverse(self, normalised: Floats) -> Floats:
        """Undo `forward` for values inside the limit; bit for bit the same on every machine."""
        x = normalised * self.width + self.centre
        if not self.knee:
            return x
        with np.errstate(over="ignore"):
            magnitude = np.minimum((exp2(np.abs(x)) - 1.0) * self.knee, LARGEST)
        return np.asarray(np.where(x < 0, -magnitude, magnitude))

    def slope(self, values: NDArray[Any]) -> Floats:
        """``dx / du`` at each of ``values``."""
        if not self.knee:
            return np.full(len(values), self.width)
        return np.asarray((np.abs(values.astype(np.float64)) + self.knee) * (math.log(2) * self.width))


@dataclass(frozen=True)
class Normaliser:
    """A `Scale` for each column of a table, shape ``(event, variable)``."""

    way: str
    scales: tuple[Scale, ...]

    @classmethod
    def fit(cls, table: NDArray[Any], way: str = "custom") -> Normaliser:
        """Scales for the columns of ``table``; its NaN and infinities are left out.

        Raises:
            BadRequestError: there is no such way.
        """
        if way not in WAYS:
            raise BadRequestError(f"there is no normalisation '{way}'; choose one of {', '.join(WAYS)}")
        return cls(way, tuple(_fit_scale(table[:, k], way) for k in range(table.shape[1])))

    def forward(self, table: NDArray[Any]) -> NDArray[np.float32]:
        """Normalised values, shape ``(event, variable)``."""
        out = np.empty(table.shape, np.float32)
        for k, scale in enumerate(self.scales):
            out[:, k] = scale.forward(table[:, k])
        return out

    def inverse(self, normalised: NDArray[Any]) -> Floats:
        """Undo `forward`."""
        out = np.empty(normalised.shape, np.float64)
        for k, scale in enumerate(self.scales):
            out[:, k] = scale.inverse(normalised[:, k].astype(np.float64))
        return out

    def response_weights(self, table: NDArray[Any]) -> NDArray[np.float32]:
        """Weights ``|dx/du| / max(|x|, floor)``: with them an error of ``u`` is an error of the response.

        The floor is the 20 % quantile of ``|x|``, so that no value near zero owns the loss. Each column is
        then scaled to a mean of 1: the loss decides between events, not between variables.
        """
        out = np.ones(table.shape, np.float32)
        for k, scale in enumerate(self.scales):
            magnitude = np.abs(np.nan_to_num(table[:, k].astype(np.float64), posinf=0.0, neginf=0.0))
            floor = float(np.quantile(magnitude, 0.2)) if len(magnitude) else 0.0
            if floor > 0:
                weight = scale.slope(magnitude) / np.maximum(magnitude, floor)
                out[:, k] = weight / weight.mean()
        return out

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"way": self.way, "scales": [asdict(scale) for scale in self.scales]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Normaliser:
        """Undo `to_dict`.

        Raises:
            BadRequestError: the values are none that `to_dict` writes.
        """
        try:
            scales: Sequence[Mapping[str, float]] = values["scales"]
            made = tuple(Scale(**{key: float(number) for key, number in scale.items()}) for scale in scales)
            way = str(values["way"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadRequestError(f"a normalisation cannot be read: {error}") from None
        numbers = [x for s in made for x in (s.centre, s.width, s.knee, s.limit)]
        if not all(map(math.isfinite, numbers)) or any(s.width <= 0 or s.knee < 0 for s in made):
            raise BadRequestError("a normalisation has an impossible scale")
        return cls(way, made)


def is_steep(finite: Floats) -> bool:
    """Whether a variable is positive (but for 2 % of its values) and falls steeply."""
    if len(finite) < 8 or (finite > 0).mean() < 0.98:
        return False
    middle, high = np.quantile(finite, [0.5, 0.99])
    return bool(middle > 0 and high > STEEP * middle)


def _without_strays(finite: Floats) -> Floats:
    if len(finite) < 8:
        return finite
    low, middle, high = np.quantile(finite, [0.005, 0.5, 0.995])
    with np.errstate(over="ignore"):
        return np.asarray(finite[np.abs(finite - middle) <= STRAY * (high - low)])


def _fit_scale(column: NDArray[Any], way: str) -> Scale:
    finite = _without_strays(column[np.isfinite(column)].astype(np.float64))
    if way == "none" or not len(finite):
        return Scale(0.0, 1.0, limit=1e30)
    knee = 0.0
    if way in ("custom", "response") and is_steep(finite):
        # so far below the bulk that nearly all values see a pure logarithm
        knee = float(np.quantile(np.abs(finite), 0.05)) * (0.5 if way == "response" else 0.05)
        finite = np.sign(finite) * np.log2(1 + np.abs(finite) / max(knee, 1e-300)) if knee else finite
    with np.errstate(over="ignore", invalid="ignore"):
        if way in ("standard", "response"):
            centre, width = float(finite.mean()), float(finite.std())
        else:
            centre = float(finite.min() / 2 + finite.max() / 2)
            width = float(finite.max() / 2 - finite.min() / 2)
    good = math.isfinite(width) and math.isfinite(centre) and width > 1e-12 * abs(centre) and width > 0
    return Scale(centre if math.isfinite(centre) else 0.0, width if good else 1.0, knee)
