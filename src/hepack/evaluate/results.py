"""Records of what a comparison found. Every figure has its unit, its uncertainty where it has one, its count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.costs import CostResult
from hepack.evaluate.figures import Fraction, Histogram, Measured, Moments, Peak, Profile

Floats = NDArray[np.float64]
Severity = Literal["broken", "warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A tolerance checked value by value. ``source`` says where it was promised."""

    tolerance: str
    source: str
    checked: int
    violations: int
    largest: float


@dataclass(frozen=True, eq=False, kw_only=True)
class VariableResult:
    """One variable in both files. ``measure`` is what `deviation` and `profiles` are of: "response",
    (out - in) / in, or "residual", out - in, wrapped for angles. ``turned``: angles that left the original's range by
    whole turns. Without pairs only the spectra are known."""

    name: str
    axis: str
    kind: str
    unit: str
    role: str = ""
    count_before: int
    count_after: int
    before: Histogram
    after: Histogram
    log: bool = False
    paired: int = 0
    changed: int = 0
    nan_before: int = 0
    nan_after: int = 0
    nan_mismatched: int = 0
    turned: int = 0
    measure: str = "residual"
    response: Moments | None = None
    residual: Moments | None = None
    deviation: Histogram | None = None
    profiles: tuple[Profile, ...] = ()
    promise: Promise | None = None

    @property
    def moments(self) -> Moments | None:
        """Those of the measure."""
        return self.response if self.measure == "response" else self.residual


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupResult:
    """One variable of one group of objects: a kind (b jets, positrons) or a process."""

    group: str
    axis: str
    variable: str
    unit: str
    measure: str
    moments: Moments | None
    before: Histogram
    after: Histogram


@dataclass(frozen=True, eq=False, kw_only=True)
class StackResult:
    """The transverse momenta of all kinds of objects, or of all processes, in the same bins: group -> counts."""

    title: str
    unit: str
    edges: Floats
    before: Mapping[str, Floats]
    after: Mapping[str, Floats]


@dataclass(frozen=True, eq=False, kw_only=True)
class CorrelationResult:
    """Linear correlations between the variables of an axis, shape ``(variable, variable)``, from a sample."""

    axis: str
    names: tuple[str, ...]
    sampled: int
    before: Floats
    after: Floats
    residuals: Floats | None
    largest_change: float
    changed_pair: tuple[str, str]


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantityResult:
    """A quantity of whole events. ``shift`` and ``broadening`` are relative, with jackknife errors over ten parts of
    the events; ``deviation`` is event by event. ``reason`` says why there is no peak where one was looked for."""

    name: str
    title: str
    unit: str
    integer: bool
    before: Histogram
    after: Histogram
    count_before: int
    count_after: int
    deviation: Moments | None = None
    peak_before: Peak | None = None
    peak_after: Peak | None = None
    shift: Measured | None = None
    broadening: Measured | None = None
    mass: bool = False
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CrossingResult:
    """Objects on either side of a cut, ``pt > threshold`` in the file's own numbers.

    ``made``: below in the original and above in the other file; ``lost``: the opposite. ``made_fraction`` is of the
    objects above in the other file, ``lost_fraction`` of those above in the original. Without pairs, or where
    objects have no partner, only the totals are known.
    """

    kind: str
    variable: str
    threshold: float
    unit: str
    above_before: int
    above_after: int
    paired: int = 0
    made: int | None = None
    lost: int | None = None
    made_fraction: Fraction | None = None
    lost_fraction: Fraction | None = None


@dataclass(frozen=True, kw_only=True)
class SelectionResult:
    """A selection in both files. ``efficiency``: of the events that pass in the original those that pass in the
    other file; ``purity``: of the events that pass in the other file those that pass in the original."""

    expression: str
    events: int
    passed_before: int
    passed_after: int
    both: int | None = None
    efficiency: Fraction | None = None
    purity: Fraction | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class TurnOnResult:
    """An emulated trigger: online the original's smeared quantity above ``threshold``, offline the quantity of the
    original (before) and of the other file (after). Thresholds and widths are fitted with an error function;
    ``shift`` is their relative difference. ``switched``: events whose unsmeared quantity crosses the threshold, on and
    off; ``step_shift`` is the relative shift of that sharp threshold: (off - on) / (density * threshold)."""

    name: str
    title: str
    quantity: str
    threshold: float
    unit: str
    edges: Floats
    passed_before: Floats
    total_before: Floats
    passed_after: Floats
    total_after: Floats
    fit_before: tuple[Measured, Measured, float] | None = None
    fit_after: tuple[Measured, Measured, float] | None = None
    shift: Measured | None = None
    step_shift: Measured | None = None
    switched_on: int | None = None
    switched_off: int | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class VariableTest:
    """Two-sample tests of one variable. ``p_holm`` and ``q`` (Benjamini-Hochberg) correct the smallest of its
    p-values for all tests made. Distances are in units of the original's standard deviation."""

    axis: str
    variable: str
    count: tuple[int, int]
    ks: float
    ks_p: float
    chi2: float
    chi2_degrees: int
    chi2_p: float
    wasserstein: float
    wasserstein_p: float
    energy: float
    energy_p: float
    p_holm: float = float("nan")
    q: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class ClassifierResult:
    """A boosted tree told to tell the two files' entries apart, cross-validated; DeLong's error of the AUC.

    ``importances``: variable -> loss of AUC when it is shuffled, and the spread of that.
    """

    axis: str
    auc: Measured
    importances: Mapping[str, tuple[float, float]]
    roc: tuple[tuple[float, float], ...]
    folds: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TestsResult:
    """All tests. ``disjoint``: the files hold the same events, so one random half of the entries was taken from
    each; otherwise the halves would not be independent. ``joint_energy``: axis -> distance of all variables together,
    and its p-value."""

    disjoint: bool
    variables: tuple[VariableTest, ...] = ()
    joint_energy: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    classifiers: tuple[ClassifierResult, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something found, in a sentence. ``code`` is stable: bias, swapped, turned, duplicated, missing, ..."""

    code: str
    severity: Severity
    subject: str
    text: str
    value: Measured | None = None


@dataclass(frozen=True, kw_only=True)
class SampleInfo:
    """One of the two files: its name without folders, table, events and entries of each collection."""

    file: str
    format: str
    table: str
    events: int
    entries: Mapping[str, int]
    bytes: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class TableComparison:
    """Everything about one table. ``paired``: compared event by event, else as two samples, ``pairing`` says why."""

    original: SampleInfo
    other: SampleInfo
    paired: bool
    pairing: str
    variables: tuple[VariableResult, ...] = ()
    groups: tuple[GroupResult, ...] = ()
    stacks: tuple[StackResult, ...] = ()
    correlations: tuple[CorrelationResult, ...] = ()
    quantities: tuple[QuantityResult, ...] = ()
    crossings: tuple[CrossingResult, ...] = ()
    selections: tuple[SelectionResult, ...] = ()
    turn_ons: tuple[TurnOnResult, ...] = ()
    tests: TestsResult | None = None
    findings: tuple[Finding, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """A whole comparison of two files."""

    tables: tuple[TableComparison, ...]
    cost: CostResult | None = None
    seconds: float = 0.0
    peak_memory: int = 0
    notes: tuple[str, ...] = ()
    machine: Mapping[str, Any] = field(default_factory=dict)
