"""Objects that cross a cut: made and lost, counted exactly, in the file's own numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.intervals import fraction
from hepack.evaluate.results import CrossingResult
from hepack.physics.kinematics import Mask


@dataclass
class Crossing:
    """Running counts of one kind of object at one threshold (GeV); ``scale`` turns the file's unit into GeV."""

    kind: str
    variable: str
    threshold: float
    scale: float = 1.0
    above_before: int = 0
    above_after: int = 0
    paired: int = 0
    made: int = 0
    lost: int = 0

    @property
    def cut(self) -> float:
        """The threshold in the file's unit, free of the rounding of the scale."""
        return float(f"{self.threshold / self.scale:.12g}")

    def totals(self, before: NDArray[Any] | None, after: NDArray[Any] | None) -> None:
        """Count what is above in each file, partners or not."""
        if before is not None:
            self.above_before += int((before > self.cut).sum())
        if after is not None:
            self.above_after += int((after > self.cut).sum())

    def add(self, before: NDArray[Any], after: NDArray[Any], mask: Mask | None) -> None:
        """Add paired objects, those in ``mask`` only."""
        one, two = before > self.cut, after > self.cut
        if mask is not None:
            one, two = one & mask, two & mask
        self.paired += len(before) if mask is None else int(mask.sum())
        self.made += int((two & ~one).sum())
        self.lost += int((one & ~two).sum())

    def result(self, *, paired: bool) -> CrossingResult:
        """The counts, with binomial intervals where objects are paired."""
        plain = CrossingResult(
            kind=self.kind, variable=self.variable, threshold=self.threshold, unit="GeV",
            above_before=self.above_before, above_after=self.above_after,
        )  # fmt: skip
        if not paired:
            return plain
        return replace(
            plain, paired=self.paired, made=self.made, lost=self.lost,
            made_fraction=fraction(self.made, max(self.above_after, self.made)),
            lost_fraction=fraction(self.lost, max(self.above_before, self.lost)),
        )  # fmt: skip


def group_masks(kind: str, charge: NDArray[Any], btag: NDArray[Any], cut: float) -> dict[str, Mask | None]:
    """The kinds that a section is made for: jets and b jets, electrons and positrons, muons of either charge."""
    groups: dict[str, Mask | None] = {f"{kind}s": None}
    if kind == "jet" and np.isfinite(btag).any():
        groups["b jets"] = btag > cut
    if kind == "electron" and (charge != 0).any():
        groups = {"electrons": charge < 0, "positrons": charge > 0}
    if kind == "muon" and (charge != 0).any():
        groups.update({"muons, negative": charge < 0, "muons, positive": charge > 0})
    return groups
