"""How much a study does: `QUICK` is for a look (under 3 minutes on two cores), `DEFAULT` for figures (under 20)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Say = Callable[[str], None]
"""Told what is being done, for the user who waits."""


@dataclass(frozen=True)
class Effort:
    """Epochs and rows of each part. ``seeds`` are those of the main comparison."""

    rows: int
    epochs: int
    seeds: tuple[int, ...]
    ablation_rows: int
    ablation_epochs: int
    wide_events: int
    wide_epochs: int
    small_epochs: int
    repeat: int
    device: str = "cpu"


DEFAULT = Effort(120_000, 12, (1, 2, 3), 20_000, 6, 2500, 60, 8, 5)
QUICK = Effort(12_000, 3, (1,), 4_000, 2, 250, 8, 2, 2)
