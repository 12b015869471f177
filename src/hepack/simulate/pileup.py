"""How much pile-up there is, and the collisions that it is drawn from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hepack._errors import BadRequestError
from hepack.simulate.detector import Detector
from hepack.simulate.event import visible_particles
from hepack.simulate.generator import generate, pythia_seed
from hepack.simulate.process import Process
from hepack.simulate.ragged import Floats, Ints
from hepack.simulate.record import Record
from hepack.simulate.response import Particles
from hepack.table import offsets_from_counts

MOST = 200.0
BLOCK = 500
"""Collisions of a library that share a seed."""
REUSE = 40
"""How often a collision of a library is drawn, about: fewer would cost more time than the detector does."""
SMALLEST, LARGEST = 400, 50_000
"""Collisions of a library, where as many are drawn at all; 50,000 take 700 MB."""

SOFT_QCD = Process(
    id="minbias",
    title="non-diffractive collisions, the pool of the pile-up",
    role="background",
    settings=("SoftQCD:nonDiffractive = on",),
    cross_section=5.7e10,
    note="",
    masses={},
)


@dataclass(frozen=True)
class PileUp:
    """Mean numbers of further collisions: one mean, or one for each event, uniform from ``low`` to ``high``.

    Raises:
        BadRequestError: a number out of range.
    """

    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= MOST:
            raise BadRequestError(
                f"the pile-up must be from 0 to {MOST:g} collisions, the lower end first, found {self}"
            )

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}-{self.high:g}"

    @classmethod
    def parse(cls, text: str) -> PileUp:
        """From '20' or '0-40'.

        Raises:
            BadRequestError: it is neither.
        """
        low, dash, high = text.partition("-")
        try:
            return cls(float(low), float(high if dash else low))
        except ValueError:
            raise BadRequestError(
                f"the pile-up is a number or a range such as 0-40, found '{text}'"
            ) from None

    @property
    def on(self) -> bool:
        """Whether there is any."""
        return self.high > 0

    @property
    def average(self) -> float:
        """The mean number of collisions of all events."""
        return (self.low + self.high) / 2

    def draw(self, events: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
        """The mean of each event, and a Poisson number of collisions; nothing is drawn where it is off."""
        means = np.full(events, self.low)
        if self.high > self.low:
            means = rng.uniform(self.low, self.high, events)
        return means, rng.poisson(means) if self.on else np.zeros(events, np.int64)

    def library_size(self, events: int) -> int:
        """How many collisions a run of ``events`` events makes to draw from."""
        drawn = math.ceil(events * self.average)
        return max(1, min(drawn, max(SMALLEST, math.ceil(drawn / REUSE)), LARGEST))


@dataclass(frozen=True)
class Collisions:
    """Collisions to draw from; ``offsets`` cut the particles, whose ``event`` is the collision."""

    particles: Particles
    offsets: Ints

    @classmethod
    def of(cls, record: Record, detector: Detector) -> Collisions:
        """All events of ``record``, without particles that fly past the calorimeters."""
        seen = visible_particles(record)
        seen = seen[np.abs(seen.momenta.eta) < detector.ecal[-1].eta_max]
        return cls(seen, offsets_from_counts(np.bincount(seen.event, minlength=record.n_events)))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def joined(cls, parts: list[Collisions]) -> Collisions:
        """The collisions of all parts, in order."""
        shifts = np.cumsum([0, *(len(part) for part in parts[:-1])])
        counts = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls(
            Particles.concatenate(
                [part.particles.shifted(int(by)) for part, by in zip(parts, shifts, strict=True)]
            ),
            offsets_from_counts(counts),
        )


def library(
    size: int, *, energy: float, seed: int, detector: Detector, tick: Callable[[int], None]
) -> Collisions:
    """Make ``size`` soft-QCD collisions at ``energy`` GeV; they depend on the arguments alone.

    Raises:
        MissingExtraError: Pythia is not installed.
    """
    parts = []
    for block, first in enumerate(range(0, size, BLOCK)):
        record = generate(
            SOFT_QCD,
            events=min(BLOCK, size - first),
            energy=energy,
            seed=pythia_seed(seed, SOFT_QCD.id, block, 0),
            tick=tick,
        )
        parts.append(Collisions.of(record, detector))
    return Collisions.joined(parts)
