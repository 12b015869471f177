"""`Calibration`: what a score means: p-values, false-positive rates and thresholds, from a reference sample.

The sample must be one that the method was not fitted to. A score that is asked for with more precision than
the sample has events for is refused (`triggering.rates.check_rate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.triggering.rates import PRECISION, Share, check_rate, threshold_at

Floats = NDArray[np.float64]

FEWEST = 20
"""Reference events that a distribution can be taken from at all."""


@dataclass(frozen=True)
class Threshold:
    """A cut ``score >= value``. ``share`` is what of the reference passes, with its interval; ``hz`` and its
    interval follow from the rate of the input, NaN where that is unknown."""

    value: float
    share: Share
    input_hz: float

    @property
    def hz(self) -> float:
        return self.share.value * self.input_hz

    @property
    def hz_interval(self) -> tuple[float, float]:
        low, high = self.share.interval
        return low * self.input_hz, high * self.input_hz


@dataclass(frozen=True, eq=False)
class Calibration:
    """``ordered``: the reference's scores, ascending."""

    ordered: Floats

    @classmethod
    def of(cls, scores: Floats) -> Calibration:
        """From scores of reference events.

        Raises:
            BadRequestError: too few of them.
        """
        if len(scores) < FEWEST:
            raise BadRequestError(
                f"a calibration needs {FEWEST} reference events or more, found {len(scores)}"
            )
        return cls(np.sort(scores))

    def __len__(self) -> int:
        return len(self.ordered)

    def p_values(self, scores: Floats) -> Floats:
        """``(1 + #{reference >= score}) / (1 + n)``: valid p-values for exchangeable events, never 0 (Phipson and
        Smyth, arXiv:1603.05766, eq. 2)."""
        above = len(self.ordered) - np.searchsorted(self.ordered, scores, side="left")
        return np.asarray((1.0 + above) / (1.0 + len(self.ordered)), np.float64)

    def passing(self, value: float) -> Share:
        """The false-positive rate of the cut ``score >= value``."""
        above = len(self.ordered) - int(np.searchsorted(self.ordered, value, side="left"))
        return Share(above, len(self.ordered))

    def threshold(
        self, share: float, *, input_hz: float = float("nan"), precision: float = PRECISION
    ) -> Threshold:
        """The cut that at most ``share`` of the reference passes.

        Raises:
            BadRequestError: the reference is too small to know such a share to ``precision``.
        """
        check_rate(share, len(self.ordered), precision)
        value = threshold_at(self.ordered, share)
        return Threshold(value, self.passing(value), input_hz)

    def threshold_for(self, hz: float, input_hz: float, *, precision: float = PRECISION) -> Threshold:
        """The cut that passes ``hz`` of an input of ``input_hz`` events each second.

        Raises:
            BadRequestError: impossible rates, or too small a reference.
        """
        if not 0 < hz < input_hz < float("inf"):
            raise BadRequestError(
                f"a rate of {hz:g} Hz of {input_hz:g} Hz is impossible; ask for less than the input"
            )
        return self.threshold(hz / input_hz, input_hz=input_hz, precision=precision)


@dataclass(frozen=True, eq=False)
class Decorrelation:
    """Conditional p-values: the calibration of the reference events that are alike in the given variables.

    ``edges[k]`` cuts variable ``k`` at the reference's quantiles, ``cells`` has a calibration for each cell of the
    grid that has events enough, and ``whole`` serves the others. By construction the p-value has the same
    distribution in every cell: a cut on it takes the same part of the background at any mass or multiplicity.
    """

    edges: tuple[Floats, ...]
    cells: Mapping[int, Calibration]
    whole: Calibration

    @classmethod
    def of(cls, scores: Floats, variables: Sequence[Floats], *, events: int = 500) -> Decorrelation:
        """From reference scores and variables, each ``(event,)``, in cells of about ``events`` events.

        Raises:
            BadRequestError: the reference is too small for two cells of each variable.
        """
        bins = int((len(scores) / events) ** (1 / max(1, len(variables))))
        if bins < 2:
            raise BadRequestError(
                f"decorrelation in {len(variables)} variables needs {events * 2 ** len(variables)} reference events "
                f"or more, found {len(scores)}"
            )
        levels = np.linspace(0, 1, bins + 1)[1:-1]
        edges = tuple(np.unique(np.nanquantile(np.asarray(v, np.float64), levels)) for v in variables)
        numbers = _cells(edges, variables)
        counts = np.bincount(numbers)
        cells = {
            int(cell): Calibration.of(scores[numbers == cell])
            for cell in np.flatnonzero(counts >= max(FEWEST, events // 4))
        }
        return cls(edges, cells, Calibration.of(scores))

    def p_values(self, scores: Floats, variables: Sequence[Floats]) -> Floats:
        """The p-value of each event among its likes, shape ``(event,)``."""
        numbers = _cells(self.edges, variables)
        found = self.whole.p_values(scores)
        for cell in np.unique(numbers):
            if int(cell) in self.cells:
                inside = numbers == cell
                found[inside] = self.cells[int(cell)].p_values(scores[inside])
        return found


def _cells(edges: Sequence[Floats], variables: Sequence[Floats]) -> NDArray[np.int64]:
    """The number of each event's cell; NaN counts as larger than all."""
    number = np.zeros(len(variables[0]) if variables else 0, np.int64)
    for cuts, values in zip(edges, variables, strict=True):
        number = number * (len(cuts) + 1) + np.searchsorted(
            cuts, np.asarray(values, np.float64), side="right"
        )
    return number
