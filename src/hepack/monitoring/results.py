"""Records of what monitoring found; frozen, plain enough for JSON (`hepack.monitoring.record`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hepack.monitoring.columns import Floats, Ints
from hepack.monitoring.occupancy import Window
from hepack.monitoring.probes import Test


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a deviation amounts to. ``quantity`` is stable: scale, shift, width, multiplicity, rate, unit, occupancy,
    bits, shape. ``value`` and ``error`` are in ``unit`` ("%", "bits", the column's own, or none)."""

    quantity: str
    text: str
    value: float = float("nan")
    error: float = float("nan")
    unit: str = ""
    window: Window | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Tests of one column that a run fails, the most telling first."""

    column: str
    tests: tuple[Test, ...]
    z: float
    p: float
    """Corrected for all tests of the run."""
    effect: Effect


@dataclass(frozen=True, eq=False, kw_only=True)
class RunResult:
    """One run. ``z`` (test,): deviations, signed where the test has two sides; ``p`` (test,): corrected for all tests.

    ``global_p``: the chance that a good run looks as bad by its worst test; ``alarm``: it is at or below the stated
    rate. ``used``: events in whole blocks, which is what is tested.
    """

    file: str
    events: int
    used: int
    global_p: float
    alarm: bool
    z: Floats
    p: Floats
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    bits_per_event: tuple[float, float] = (float("nan"), float("nan"))
    """Of the reference and of the run."""
    bits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Bits per value of each column, in the reference and in the run."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Chart:
    """One test over the runs. ``z`` (run,); ``ewma`` and its ``limit`` (run,); ``cusum`` up and down (run, 2).

    ``shewhart``: the runs that fail the test by themselves; ``drift``: the first run where ``ewma`` leaves its
    band, -1 if none; ``since``: where the change most likely began, by the cumulative sum.
    """

    test: Test
    z: Floats
    ewma: Floats
    limit: Floats
    cusum: Floats
    shewhart: Ints
    drift: int
    since: int

    @property
    def first(self) -> int:
        """The first run in which either chart alarms; the number of runs if none does."""
        runs = [int(self.shewhart[0])] if len(self.shewhart) else []
        runs += [self.drift] if self.drift >= 0 else []
        return min(runs, default=len(self.z))


@dataclass(frozen=True, eq=False, kw_only=True)
class Drift:
    """All charts. ``p``: the chance that good runs drift as far in any test; ``alarm``: at or below the stated rate."""

    charts: tuple[Chart, ...] = ()
    p: float = 1.0
    alarm: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class OccupancyMap:
    """Counts of a run and what the reference leads to expect, shape ``(eta, phi)``."""

    run: str
    column: str
    eta: tuple[float, float]
    found: Floats
    expected: Floats

    @property
    def pull(self) -> Floats:
        """(found - expected) / sqrt(expected); 0 where nothing is expected."""
        return np.asarray(
            np.where(self.expected > 0, (self.found - self.expected) / np.sqrt(np.maximum(self.expected, 1e-9)), 0.0)
        )  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Spectrum:
    """A failing column's counts in a run between ``edges`` (bins below and above them included, ``len(edges) + 1``),
    and what the reference leads to expect; ``error`` is that of their ratio. ``what``: the column, or its bits."""

    run: str
    column: str
    what: str
    unit: str
    edges: Floats
    found: Floats
    expected: Floats
    error: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class MonitorResult:
    """Everything. ``moved``: sentences, what moved first stands first."""

    reference: str
    events: int
    learned: int
    alarm_rate: float
    trials: int
    tests: tuple[Test, ...]
    runs: tuple[RunResult, ...]
    drift: Drift = field(default_factory=Drift)
    moved: tuple[str, ...] = ()
    maps: tuple[OccupancyMap, ...] = ()
    spectra: tuple[Spectrum, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def alarm(self) -> bool:
        """Whether any run alarms, or the runs drift."""
        return self.drift.alarm or any(run.alarm for run in self.runs)

    @property
    def alarms(self) -> int:
        """How many runs alarm."""
        return sum(run.alarm for run in self.runs)

    @property
    def expected_alarms(self) -> float:
        """How many would if all were good."""
        return self.alarm_rate * len(self.runs)
