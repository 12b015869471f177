"""Emulated triggers: an online quantity, smeared as a trigger's coarse reconstruction would, above a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.physics.kinematics import Floats


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """``quantity`` is one of `hepack.physics.quantities`; ``resolution`` is relative; ``threshold`` in GeV,
    None: the median of the quantity, so that the curve is seen whole."""

    name: str
    title: str
    quantity: str
    resolution: float
    threshold: float | None = None


TRIGGERS = (
    Trigger(name="jet", title="single jet", quantity="jet_pt", resolution=0.10),
    Trigger(name="ht", title="HT", quantity="ht", resolution=0.08),
    Trigger(name="dijet", title="dijet mass", quantity="m_jj", resolution=0.10),
    Trigger(name="lepton", title="single lepton", quantity="lepton_pt", resolution=0.03),
    Trigger(name="met", title="MET", quantity="met", resolution=0.20),
)


def online(values: Floats, resolution: float, first: int) -> Floats:
    """What the trigger sees of the original's values: smeared by Gaussian numbers that depend on nothing but
    the place ``first + i`` of the event, so that every block and every file gets the same."""
    return np.asarray(values * (1 + resolution * _normal(first, len(values))))


def _normal(first: int, count: int) -> Floats:
    """Box-Muller on two splitmix64 streams."""
    number = (np.arange(count, dtype=np.uint64) + np.uint64(first)) * np.uint64(2)
    one, two = _uniform(number), _uniform(number + np.uint64(1))
    return np.asarray(np.sqrt(-2 * np.log1p(-one)) * np.cos(2 * np.pi * two))


def _uniform(number: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]) -> Floats:
    mixed = (number + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2.0**53)
