"""What is tested: `ShapeProbe` for distributions, `RateProbe` for shares; each learned on one part of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from hepack.monitoring.blocks import Blocks
from hepack.monitoring.columns import Columns, Floats, Ints
from hepack.monitoring.permutation import normalised, signed_root, spread

TestKind = Literal["shape", "location", "width", "cosine", "sine", "rate", "hole", "hot"]


@dataclass(frozen=True, kw_only=True)
class Test:
    """One question asked of a run. ``name`` is unique and stable; ``measure`` says what of the column is meant: its
    values, its bits, its NaN. ``two_sided``: its deviations have a sign."""

    __test__ = False  # not for pytest

    name: str
    column: str
    kind: TestKind
    measure: str
    two_sided: bool


class Probe(Protocol):
    """Counts of some kind in each block of events, and the tests made of them."""

    @property
    def tests(self) -> tuple[Test, ...]: ...

    def sums(self, columns: Columns, blocks: Blocks) -> Floats:
        """The counts of each block, shape ``(block, feature)``."""

    def statistics(self, sums: Floats, found: Floats, run: int) -> Floats:
        """Standard deviations ``(trial, test)``, from the sums of ``run`` blocks that each trial takes for the run,
        ``found`` (trial, feature)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ShapeProbe:
    """A distribution in bins between ``edges``: chi squared over all bins, and where there is an order its first two
    moments in ranks (for an angle: its first harmonic). NaN and infinities are left out."""

    column: str
    measure: str
    edges: Floats
    moments: Floats
    """Shape ``(moment, bin)``."""
    kinds: tuple[TestKind, ...]

    @property
    def tests(self) -> tuple[Test, ...]:
        return tuple(
            Test(
                name=f"{self.column}:{self.measure}:{kind}", column=self.column, kind=kind, measure=self.measure,
                two_sided=kind != "shape",
            )
            for kind in ("shape", *self.kinds)
        )  # fmt: skip

    @property
    def source(self) -> str:
        """The name among `Columns` of what is counted."""
        return self.column if self.measure == "values" else f"{self.measure} of {self.column}"

    def sums(self, columns: Columns, blocks: Blocks) -> Floats:
        values = columns.values[self.source]
        places = np.searchsorted(self.edges, values, side="right")
        places = np.where(np.isfinite(values), places, -1)
        return blocks.sums(columns.events_of(self.source), places, len(self.edges) + 1)

    def statistics(self, sums: Floats, found: Floats, run: int) -> Floats:
        total = sums.sum()
        share = sums.sum(axis=0) / total if total else np.zeros(sums.shape[1])
        residuals = sums - sums.sum(axis=1, keepdims=True) * share
        excess = found - found.sum(axis=1, keepdims=True) * share
        width, along = spread(residuals, run), spread(residuals @ self.moments.T, run)
        weights = np.where(width > 0, (1 - share) / np.where(width > 0, width, 1.0) ** 2, 0.0)
        overall = normalised(excess**2 @ weights)
        directed = np.where(along > 0, excess @ self.moments.T / np.where(along > 0, along, 1.0), 0.0)
        return np.concatenate([overall[:, None], directed], axis=1)


@dataclass(frozen=True, kw_only=True)
class RateProbe:
    """The share of a column's values that are NaN, infinite, zero, outside the known range, the one before again."""

    column: str
    measure: Literal["nan", "infinite", "zero", "outside", "repeated", "constant"]
    low: float = -np.inf
    high: float = np.inf

    @property
    def tests(self) -> tuple[Test, ...]:
        name = f"{self.column}:{self.measure}:rate"
        return (Test(name=name, column=self.column, kind="rate", measure=self.measure, two_sided=True),)

    def hits(self, values: Floats) -> Ints:
        """1 where a value is of the kind, else 0."""
        with np.errstate(invalid="ignore"):
            if self.measure == "nan":
                found = np.isnan(values)
            elif self.measure == "infinite":
                found = np.isinf(values)
            elif self.measure == "zero":
                found = values == 0
            elif self.measure == "constant":
                found = values == self.low
            elif self.measure == "outside":
                found = np.isfinite(values) & ((values < self.low) | (values > self.high))
            else:
                found = np.concatenate([[False], values[1:] == values[:-1]])[: len(values)]
        return np.asarray(found, dtype=np.int64)

    def sums(self, columns: Columns, blocks: Blocks) -> Floats:
        return blocks.sums(columns.events_of(self.column), self.hits(columns.values[self.column]), 2)

    def statistics(self, sums: Floats, found: Floats, run: int) -> Floats:
        whole = sums.sum(axis=1)
        hits = float(sums[:, 1].sum())
        if hits in (0.0, float(whole.sum())):
            return np.zeros((len(found), 1))
        rate = hits / whole.sum()
        residuals = sums[:, 1] - rate * whole
        binomial = whole.mean() * rate * (1 - rate)
        scatter = max(1.0, float(np.mean(residuals**2)) / binomial)  # several objects of one event
        share = np.clip(found.sum(axis=1) / whole.sum(), 1e-12, 1 - 1e-12)
        few = rate < 0.5  # the rarer outcome is the one far from normal
        z = signed_root(found[:, 1 if few else 0], np.array(hits if few else whole.sum() - hits), share)
        return np.asarray((z if few else -z) / np.sqrt(scatter))[:, None]


def all_tests(probes: Sequence[Probe]) -> tuple[Test, ...]:
    """The tests of all probes, in order."""
    return tuple(test for probe in probes for test in probe.tests)
