"""Momenta, masses and angles as flat columns in GeV and radians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

TURN = 2 * np.pi


def wrap(difference: Floats, period: float = TURN) -> Floats:
    """A difference of angles brought into ``[-period / 2, period / 2]``; NaN stays NaN."""
    return np.asarray(difference - period * np.rint(difference / period))


def transverse_mass(pt: Floats, phi: Floats, met: Floats, met_phi: Floats) -> Floats:
    """``sqrt(2 pt met (1 - cos dphi))`` of massless particles."""
    return np.asarray(np.sqrt(np.maximum(2 * pt * met * (1 - np.cos(phi - met_phi)), 0.0)))


@dataclass(frozen=True, eq=False)
class FourMomenta:
    """Four-momenta in GeV; each component has the same shape."""

    px: Floats
    py: Floats
    pz: Floats
    e: Floats

    @classmethod
    def from_pt(cls, pt: Floats, eta: Floats, phi: Floats, mass: Floats) -> FourMomenta:
        """From cylindrical coordinates."""
        with np.errstate(over="ignore", invalid="ignore"):
            px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
            return cls(px, py, pz, np.sqrt(px * px + py * py + pz * pz + mass * mass))

    def __add__(self, other: FourMomenta) -> FourMomenta:
        return FourMomenta(self.px + other.px, self.py + other.py, self.pz + other.pz, self.e + other.e)

    def __getitem__(self, index: Any) -> FourMomenta:
        return FourMomenta(*(np.asarray(part[index]) for part in (self.px, self.py, self.pz, self.e)))

    @property
    def pt(self) -> Floats:
        """Transverse momentum."""
        return np.asarray(np.hypot(self.px, self.py))

    @property
    def mass(self) -> Floats:
        """Invariant mass; zero where rounding makes the square negative."""
        with np.errstate(over="ignore", invalid="ignore"):
            square = self.e**2 - self.px**2 - self.py**2 - self.pz**2
            return np.asarray(np.sqrt(np.maximum(square, 0.0)))


def cylindrical(px: Floats, py: Floats, pz: Floats, e: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """pt, eta, phi and mass of cartesian momenta."""
    pt = np.hypot(px, py)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        eta = np.arcsinh(pz / pt)
    mass = FourMomenta(px, py, pz, e).mass
    return pt, np.asarray(eta), np.asarray(np.arctan2(py, px)), mass
