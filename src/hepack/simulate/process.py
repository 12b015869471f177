"""`Process`: what to collide and decay, and where it is registered."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from hepack._errors import BadRequestError

Role = Literal["background", "signal"]


@dataclass(frozen=True, kw_only=True)
class Process:
    """One entry of the registry.

    ``settings`` are lines for Pythia 8 on top of the common ones. ``cross_section`` is in pb at
    13.6 TeV as Pythia computes it (leading order, branching ratios included; two digits).
    ``masses`` are the particles (PDG code -> GeV) that the process is about.
    """

    id: str
    title: str
    role: Role
    settings: tuple[str, ...]
    cross_section: float
    note: str
    masses: Mapping[int, float]
    spectrum: str = ""

    def __post_init__(self) -> None:
        assert self.settings, f"process {self.id} has no settings"


@cache
def registry() -> Mapping[str, Process]:
    """Process id -> entry, backgrounds first."""
    from hepack.simulate import backgrounds, signals

    return {process.id: process for process in (*backgrounds.BACKGROUNDS, *signals.SIGNALS)}


def process_ids() -> list[str]:
    """Every registered id."""
    return list(registry())


def get_process(name: str) -> Process:
    """The process registered under ``name``.

    Raises:
        BadRequestError: there is none; names the nearest.
    """
    known = registry()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or list(known)
    raise BadRequestError(f"there is no process '{name}'; the nearest are {', '.join(near)} (see --list)")
