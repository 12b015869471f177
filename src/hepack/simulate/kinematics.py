"""Momenta as flat columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hepack.simulate.ragged import Floats, Ints, Mask, wrap

ETA_CAP = 20.0
"""Pseudorapidity given to a momentum along the beam."""


@dataclass(frozen=True)
class Momenta:
    """Four-momenta in GeV, each component of shape ``(objects,)``."""

    px: Floats
    py: Floats
    pz: Floats
    e: Floats

    def __len__(self) -> int:
        return len(self.px)

    def __getitem__(self, index: Mask | Ints) -> Momenta:
        return Momenta(self.px[index], self.py[index], self.pz[index], self.e[index])

    @cached_property
    def pt(self) -> Floats:
        return np.hypot(self.px, self.py)

    @cached_property
    def p(self) -> Floats:
        return np.hypot(self.pt, self.pz)

    @cached_property
    def eta(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            eta = np.arcsinh(self.pz / self.pt)
        return np.asarray(np.clip(np.nan_to_num(eta, nan=0.0), -ETA_CAP, ETA_CAP))

    @cached_property
    def phi(self) -> Floats:
        return wrap(np.arctan2(self.py, self.px))

    @cached_property
    def mass(self) -> Floats:
        """Zero where rounding makes the square negative."""
        return np.sqrt(np.maximum((self.e - self.p) * (self.e + self.p), 0.0))

    @classmethod
    def from_pt(cls, pt: Floats, eta: Floats, phi: Floats, mass: Floats | float) -> Momenta:
        """From cylindrical coordinates."""
        px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
        return cls(px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + np.square(mass)))

    @classmethod
    def concatenate(cls, *parts: Momenta) -> Momenta:
        """All objects of the parts, in order."""
        return cls(*(np.concatenate([getattr(part, c) for part in parts]) for c in ("px", "py", "pz", "e")))
