"""Quantities of whole events in both files: spectra, masses with fitted peaks, selections, turn-ons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.binning import Binning, suited
from hepack.evaluate.figures import Histogram, Measured, Moments, Peak
from hepack.evaluate.moments import Accumulated
from hepack.evaluate.peaks import PARTS, fit_peak, fit_turn_on, jackknife
from hepack.evaluate.results import Floats, QuantityResult, TurnOnResult
from hepack.physics.quantities import Quantity
from hepack.physics.triggers import Trigger, online

WINDOW_BINS = 80
TURN_ON_BINS = 44


class RunningQuantity:
    """One quantity, block by block; ``part`` of an event is its number modulo ten, for the jackknife."""

    def __init__(self, quantity: Quantity, first: Floats) -> None:
        self.quantity = quantity
        finite = first[np.isfinite(first)]
        if quantity.window is not None:
            self.binning = Binning(*quantity.window, WINDOW_BINS)
        else:
            self.binning = suited(finite, integer=quantity.integer, bins=50)
        self.counts = np.zeros((2, PARTS, self.binning.bins + 2))
        self.found = [0, 0]
        self.deviation = Accumulated()
        self.sample: list[Floats] = []

    def add(self, which: int, values: Floats, first: int) -> None:
        """Add one file's events, the first of which is number ``first``."""
        good = np.isfinite(values)
        part = ((first + np.arange(len(values))) % PARTS)[good]
        width = self.binning.bins + 2
        for places, weights in self._shared(values[good]):
            filled = np.bincount(part * width + places, weights, minlength=PARTS * width)
            self.counts[which] += filled.reshape(PARTS, width)
        self.found[which] += int(good.sum())

    def _shared(self, values: Floats) -> list[tuple[NDArray[np.int64], Floats | None]]:
        """Bins and weights. A mass is shared between the two nearest bins by its distance from their centres, so that
        a small shift changes the counts, and the fit, a little instead of now and then by one."""
        binning = self.binning
        if self.quantity.window is None:
            return [(binning.places(values), None)]
        step = (binning.high - binning.low) / binning.bins
        lower = binning.places(values - 0.5 * step)
        centre = binning.low + (lower - 0.5) * step
        inside = (lower > 0) & (lower <= binning.bins) & (values < binning.high)
        share = np.where(inside, np.clip((values - centre) / step, 0.0, 1.0), 0.0)
        lower = np.where(inside, lower, binning.places(values))
        upper = np.minimum(lower + 1, binning.bins + 1)
        return [(lower, 1 - share), (np.where(inside, upper, lower), share)]

    def pair(self, before: Floats, after: Floats) -> None:
        """Add the deviations of paired events."""
        good = np.isfinite(before) & np.isfinite(after)
        difference = after[good] - before[good]
        if not self.quantity.integer:
            nonzero = before[good] != 0
            difference = difference[nonzero] / before[good][nonzero]
        self.deviation.add(difference)
        if sum(map(len, self.sample)) < 200_000:
            self.sample.append(difference)

    def result(self, *, paired: bool) -> QuantityResult:
        """What was found, with peaks fitted where the quantity has a mass window."""
        quantity = self.quantity
        peaks: list[Peak | None] = [None, None]
        shift = broadening = None
        reason = ""
        if quantity.window is not None:
            peaks, reason = self._peaks()
            if peaks[0] is not None and peaks[1] is not None:
                shift, broadening = self._shifts(peaks[0], peaks[1])
        sample = np.concatenate(self.sample) if self.sample else None
        deviation: Moments | None = self.deviation.moments(sample) if paired else None
        return QuantityResult(
            name=quantity.name, title=quantity.title, unit=quantity.unit, integer=quantity.integer,
            before=self._histogram(0), after=self._histogram(1), count_before=self.found[0],
            count_after=self.found[1], deviation=deviation, peak_before=peaks[0], peak_after=peaks[1], shift=shift,
            broadening=broadening, mass=quantity.name.startswith("m_"), reason=reason,
        )  # fmt: skip

    def _histogram(self, which: int) -> Histogram:
        counts = self.counts[which].sum(axis=0)
        return Histogram(
            edges=self.binning.edges, counts=counts[1:-1], under=float(counts[0]), over=float(counts[-1]),
            unit=self.quantity.unit,
        )  # fmt: skip

    def _peaks(self) -> tuple[list[Peak | None], str]:
        edges = self.binning.edges
        before = fit_peak(edges, self.counts[0].sum(axis=0)[1:-1])
        if isinstance(before, str):
            return [None, None], before
        other = self.counts[1].sum(axis=0)[1:-1]
        after = fit_peak(edges, other, before.span)
        if isinstance(after, str) or not _close(before, after):
            after = fit_peak(edges, other)
        if isinstance(after, str):
            return [before, None], f"in the other file: {after}"
        return [before, after], ""

    def _shifts(self, before: Peak, after: Peak) -> tuple[Measured | None, Measured | None]:
        edges = self.binning.edges
        cache: dict[int | None, tuple[float, float] | None] = {}

        def both(left_out: int | None) -> tuple[float, float] | None:
            if left_out not in cache:
                parts = [part for part in range(PARTS) if part != left_out]
                one, two = (
                    fit_peak(edges, self.counts[which][parts].sum(axis=0)[1:-1], near)
                    for which, near in ((0, before.span), (1, after.span))
                )
                cache[left_out] = None
                if not isinstance(one, str) and not isinstance(two, str):
                    cache[left_out] = (
                        two.position.value / one.position.value - 1, two.width.value / one.width.value - 1
                    )  # fmt: skip
            return cache[left_out]

        def pick(place: int) -> Measured | None:
            return jackknife(
                PARTS, lambda part: None if (got := both(part)) is None else got[place], before.position.count
            )

        return pick(0), pick(1)


def _close(one: Peak, two: Peak) -> bool:
    return abs(one.position.value - two.position.value) < one.width.value


class RunningTurnOn:
    """One emulated trigger, block by block."""

    def __init__(self, trigger: Trigger, unit: str, first: Floats, threshold: float | None) -> None:
        self.trigger, self.unit = trigger, unit
        finite = first[np.isfinite(first) & (first > 0)]
        chosen = threshold or trigger.threshold or (float(np.median(finite)) if len(finite) else 1.0)
        self.threshold = float(f"{chosen:.2g}")
        reach = 4 * trigger.resolution
        self.binning = Binning(
            self.threshold * max(0.1, 1 - reach), self.threshold * (1 + reach / (1 - min(0.5, reach / 2))),
            TURN_ON_BINS,
        )  # fmt: skip
        self.counts = np.zeros((2, 2, PARTS, TURN_ON_BINS + 2))
        self.on = self.off = self.near = 0

    def add(self, before: Floats, after: Floats, first: int) -> None:
        """Add paired events, the first of which is number ``first``."""
        seen = online(before, self.trigger.resolution, first)
        fired = seen > self.threshold
        part = (first + np.arange(len(before))) % PARTS
        width = TURN_ON_BINS + 2
        for which, values in enumerate((before, after)):
            for row, chosen in enumerate((fired & np.isfinite(values), np.isfinite(values))):
                index = part[chosen] * width + self.binning.places(values[chosen])
                self.counts[which, row] += np.bincount(index, minlength=PARTS * width).reshape(PARTS, width)
        with np.errstate(invalid="ignore"):
            above, still = before > self.threshold, after > self.threshold
            self.on += int((~above & still).sum())
            self.off += int((above & ~still).sum())
            self.near += int((np.abs(before / self.threshold - 1) < 0.05).sum())

    def result(self) -> TurnOnResult:
        """The curves and their fits."""
        sums = self.counts.sum(axis=2)[..., 1:-1]
        trigger, edges = self.trigger, self.binning.edges
        fits = [self._fit(which, None) for which in (0, 1)]
        reason = next((fit for fit in fits if isinstance(fit, str)), "")
        good = [None if isinstance(fit, str) else fit for fit in fits]
        shift = None if reason else jackknife(PARTS, self._shift, int(sums[0, 1].sum()))
        density = self.near / 0.1
        step = None
        if density:
            step = Measured(
                value=(self.off - self.on) / density,
                error=max(self.on + self.off, 1) ** 0.5 / density,
                count=self.near,
            )
        return TurnOnResult(
            name=trigger.name, title=trigger.title, quantity=trigger.quantity, threshold=self.threshold,
            unit=self.unit, edges=edges, passed_before=sums[0, 0], total_before=sums[0, 1], passed_after=sums[1, 0],
            total_after=sums[1, 1], fit_before=good[0], fit_after=good[1], shift=shift, step_shift=step,
            switched_on=self.on, switched_off=self.off, reason=reason,
        )  # fmt: skip

    def _fit(self, which: int, left_out: int | None) -> tuple[Measured, Measured, float] | str:
        parts = [part for part in range(PARTS) if part != left_out]
        passed, total = self.counts[which][:, parts].sum(axis=1)[:, 1:-1]
        start = (self.threshold, self.trigger.resolution * self.threshold)
        return fit_turn_on(self.binning.edges, passed, total, start)

    def _shift(self, left_out: int | None) -> float | None:
        before, after = self._fit(0, left_out), self._fit(1, left_out)
        if isinstance(before, str) or isinstance(after, str):
            return None
        return after[0].value / before[0].value - 1
