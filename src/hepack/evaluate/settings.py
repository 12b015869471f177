"""`Settings`: what to compare and how, apart from what counts as passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hepack.physics.quantities import Cuts

SAMPLE_ROWS = 100_000
SAMPLE_BYTES = 96 << 20


@dataclass(frozen=True, kw_only=True)
class Settings:
    """``mode``: "auto", "paired" or "samples". ``objects``: kind -> quantity -> column, where names do not tell.

    ``flat`` is what nameless rows of a flat table are. ``cuts`` are thresholds in GeV, for every kind of object.
    ``triggers`` maps names of `hepack.physics.triggers` to thresholds in GeV. ``sample_rows`` bounds what quantiles,
    correlations, tests and the classifier see of each axis. ``bias`` is the relative mean response (for residuals: the
    mean in standard deviations of the variable) from which a significant bias is called one.
    """

    mode: str = "auto"
    objects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    flat: str = "jet"
    unit: str = ""
    cuts: tuple[float, ...] = (25.0, 30.0, 50.0, 100.0)
    selection: Cuts = field(default_factory=Cuts)
    expressions: tuple[str, ...] = ()
    triggers: Mapping[str, float] = field(default_factory=dict)
    classifier: bool = True
    sample_rows: int = SAMPLE_ROWS
    bias: float = 2e-4
    seed: int = 1
