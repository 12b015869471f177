"""Responses and residuals of one variable, block by block, with profiles in bins of pt and eta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.binning import Binning, Filling
from hepack.evaluate.figures import Profile
from hepack.evaluate.moments import Accumulated
from hepack.evaluate.pairing import FieldPair
from hepack.evaluate.results import Floats, Promise, VariableResult
from hepack.physics.kinematics import wrap
from hepack.table import Tolerance


@dataclass(frozen=True, eq=False)
class Cells:
    """The entries of a block sorted by the bin of a coordinate; ``starts`` of the bins that are ``filled``."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    filled: NDArray[np.int64]

    @classmethod
    def of(cls, coordinate: Floats, edges: Floats) -> Cells:
        """Sort once, for all variables of the axis. Values outside the edges go to the first and last bin."""
        places = np.searchsorted(edges[1:-1], coordinate, side="right").astype(np.int16)
        order = np.argsort(places, kind="stable")
        filled, starts = np.unique(places[order], return_index=True)
        return cls(order, starts, filled.astype(np.int64))


@dataclass(eq=False)
class Slices:
    """Running profile of a deviation over the bins of one coordinate."""

    by: str
    unit: str
    edges: Floats

    def __post_init__(self) -> None:
        bins = len(self.edges) - 1
        self.count, self.total, self.squares, self.largest = (np.zeros(bins) for _ in range(4))

    def add(self, deviation: Floats, good: NDArray[np.bool_], cells: Cells) -> None:
        """Add a block: deviations (0 where not ``good``) of the entries that ``cells`` sorts."""
        if not len(cells.starts):
            return
        values = deviation[cells.order]
        at = cells.filled
        self.count[at] += np.add.reduceat(good[cells.order].astype(np.float64), cells.starts)
        self.total[at] += np.add.reduceat(values, cells.starts)
        self.squares[at] += np.add.reduceat(values * values, cells.starts)
        self.largest[at] = np.maximum(self.largest[at], np.maximum.reduceat(np.abs(values), cells.starts))

    def profile(self) -> Profile:
        """The profile so far; NaN in empty bins."""
        with np.errstate(all="ignore"):
            mean = self.total / self.count
            rms = np.sqrt(self.squares / self.count)
            error = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0.0) / self.count)
        return Profile(
            by=self.by, unit=self.unit, edges=self.edges, count=self.count.copy(), mean=mean, mean_error=error,
            rms=rms, largest=np.where(self.count > 0, self.largest, np.nan),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class VariableSetup:
    """How to accumulate one variable."""

    pair: FieldPair
    role: str
    measure: str
    binning: Binning
    deviation: Binning
    profiles: tuple[tuple[str, str, Floats], ...] = ()
    tolerance: Tolerance | None = None
    source: str = ""
    angle_range: tuple[float, float] | None = None


class Variable:
    """Running comparison of one variable."""

    def __init__(self, setup: VariableSetup) -> None:
        self.setup = setup
        self.spectra = (Filling(setup.binning), Filling(setup.binning))
        self.deviations = Filling(setup.deviation)
        self.response, self.residual = Accumulated(), Accumulated()
        self.slices = [Slices(*entry) for entry in setup.profiles]
        self.counts = [0, 0]
        self.nan = [0, 0]
        self.paired = self.changed = self.nan_mismatched = self.checked = self.violations = 0
        self.turned = 0
        self.largest = 0.0

    def spectrum(self, which: int, values: NDArray[Any]) -> None:
        """Add all values of one file's block to its spectrum."""
        flat = values.astype(np.float64)
        good = np.isfinite(flat)
        self.counts[which] += len(flat)
        if not good.all():
            self.nan[which] += int(np.isnan(flat).sum())
            flat = flat[good]
        self.spectra[which].add(flat)

    def add(self, before: NDArray[Any], after: NDArray[Any], cells: Mapping[str, Cells]) -> Floats:
        """Add paired values, shape ``(entry,)``; returns the deviation, NaN where it is undefined."""
        self.paired += len(before)
        self._check(before, after)
        one, two = before.astype(np.float64), after.astype(np.float64)
        deviation, residual, good = self._deviate(one, two)
        self._count_turns(one, two)
        self.residual.add(residual[good] if not good.all() else residual)
        if self.setup.measure == "response":
            good = good & (one != 0)
            self.response.add(deviation[good] if not good.all() else deviation)
        if not good.all():
            self.deviations.add(deviation[good])
            deviation = np.where(good, deviation, 0.0)
        else:
            self.deviations.add(deviation)
        for part in self.slices:
            part.add(deviation, good, cells[part.by])
        return deviation if good.all() else np.where(good, deviation, np.nan)

    def _deviate(self, one: Floats, two: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        with np.errstate(all="ignore"):
            residual = two - one
            if self.setup.pair.before.period is not None:
                residual = wrap(residual, self.setup.pair.before.period)
            good = np.isfinite(residual)
            deviation = residual / one if self.setup.measure == "response" else residual
        return deviation, residual, good

    def _count_turns(self, one: Floats, two: Floats) -> None:
        """Angles that went round by whole turns and so left the range that the original keeps to."""
        period = self.setup.pair.before.period
        if period is None or self.setup.angle_range is None:
            return
        low, high = self.setup.angle_range
        with np.errstate(invalid="ignore"):
            outside = (two < low) | (two > high)
            if outside.any():
                self.turned += int((outside & (np.abs(two - one) > period / 2)).sum())

    def _check(self, before: NDArray[Any], after: NDArray[Any]) -> None:
        same_type, lost = as_type(after, before.dtype)
        differs = Tolerance().violated(before, same_type) | lost
        self.changed += int(differs.sum())
        if before.dtype.kind == "f" and after.dtype.kind == "f":
            self.nan_mismatched += int((np.isnan(before) != np.isnan(after)).sum())
        tolerance = self.setup.tolerance
        if tolerance is None:
            return
        self.checked += len(before)
        if not differs.any():
            return
        period = self.setup.pair.before.period
        self.violations += int((tolerance.violated(before, same_type, period=period) | lost).sum())
        self.largest = max(self.largest, tolerance.largest_error(before, same_type, period=period))

    def result(self, sample: tuple[Floats, Floats] | None) -> VariableResult:
        """What was found; ``sample`` are thinned paired values for quantiles and tails."""
        setup, field = self.setup, self.setup.pair.before
        response = residual = None
        if sample is not None:
            deviation, difference, good = self._deviate(*sample)
            residual = self.residual.moments(difference[good])
            if setup.measure == "response":
                response = self.response.moments(deviation[good & (sample[0] != 0)])
        else:
            residual, response = self.residual.moments(), self.response.moments()
        promise = None
        if setup.tolerance is not None:
            promise = Promise(
                tolerance=str(setup.tolerance), source=setup.source, checked=self.checked,
                violations=self.violations, largest=self.largest,
            )  # fmt: skip
        return VariableResult(
            name=field.name, axis=field.axis, kind=field.kind, unit=field.unit, role=setup.role,
            count_before=self.counts[0], count_after=self.counts[1],
            before=self.spectra[0].histogram(field.unit), after=self.spectra[1].histogram(field.unit),
            log=setup.binning.log, paired=self.paired, changed=self.changed, nan_before=self.nan[0],
            nan_after=self.nan[1], nan_mismatched=self.nan_mismatched, turned=self.turned, measure=setup.measure,
            response=response,
            residual=residual,
            deviation=self.deviations.histogram("" if setup.measure == "response" else field.unit)
            if self.paired else None,
            profiles=tuple(part.profile() for part in self.slices) if self.paired else (), promise=promise,
        )  # fmt: skip


def as_type(values: NDArray[Any], dtype: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Values in another dtype, and which of them it cannot hold."""
    if values.dtype == dtype:
        return values, np.zeros(len(values), bool)
    with np.errstate(all="ignore"):
        if dtype.kind in "iub" and values.dtype.kind == "f":
            whole = np.isfinite(values) & (values == np.rint(values))
            safe = np.where(whole, values, 0)
            return safe.astype(dtype), ~whole
        return values.astype(dtype), np.zeros(len(values), bool)
