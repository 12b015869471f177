"""`Record`: the generator's events as flat columns, before any detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.simulate.kinematics import Momenta
from hepack.simulate.ragged import Floats, Ints, Mask
from hepack.table import offsets_from_counts

NEUTRINOS = (12, 14, 16)
DARK = (51, 52, 53, 1000022, 1000039)
"""Stable particles of new physics that leave nothing: dark matter, neutralino, gravitino."""
HIDDEN = (4_900_000, 4_999_999)
"""Range of the hidden-valley codes."""
NEUTRAL_CODES = (22, 111, 130, 310, 311, 2112, 3122, 3212, 3322)


@dataclass(frozen=True)
class Record:
    """All entries of all events. ``mother`` is a flat index (-1: none); vertices in mm, times in mm/c.

    ``offsets`` has shape ``(events + 1,)``; ``weight`` and ``pt_hat`` (GeV) shape ``(events,)``;
    the rest ``(entries,)``.
    """

    offsets: Ints
    pdg: Ints
    status: Ints
    mother: Ints
    momenta: Momenta
    vertex: Momenta
    weight: Floats
    pt_hat: Floats

    @property
    def n_events(self) -> int:
        return len(self.offsets) - 1

    @property
    def stable(self) -> Mask:
        return self.status > 0

    @property
    def invisible(self) -> Mask:
        code = np.abs(self.pdg)
        return np.asarray(np.isin(code, NEUTRINOS + DARK) | ((code >= HIDDEN[0]) & (code <= HIDDEN[1])))

    @classmethod
    def concatenate(cls, parts: Sequence[Record]) -> Record:
        """Put batches behind each other."""
        shifts = np.cumsum([0, *(len(part.pdg) for part in parts[:-1])])
        mother = [
            np.where(part.mother < 0, -1, part.mother + shift)
            for part, shift in zip(parts, shifts, strict=True)
        ]
        return cls(
            offsets_from_counts(np.concatenate([np.diff(part.offsets) for part in parts])),
            np.concatenate([part.pdg for part in parts]),
            np.concatenate([part.status for part in parts]),
            np.concatenate(mother),
            Momenta.concatenate(*(part.momenta for part in parts)),
            Momenta.concatenate(*(part.vertex for part in parts)),
            np.concatenate([part.weight for part in parts]),
            np.concatenate([part.pt_hat for part in parts]),
        )


def is_hadron(pdg: NDArray[np.int64]) -> Mask:
    """Whether a PDG code is that of a hadron (mesons and baryons of the numbering scheme)."""
    code = np.abs(pdg)
    return np.asarray((code > 100) & (code < 1_000_000) & (code // 10 % 10 > 0) & (code // 100 % 10 > 0))


def has_flavour(pdg: NDArray[np.int64], quark: int) -> Mask:
    """Whether the heaviest quark of a hadron is ``quark`` (4: charm, 5: bottom)."""
    code = np.abs(pdg)
    heaviest = np.maximum(code // 100 % 10, code // 1000 % 10)
    return np.asarray(is_hadron(pdg) & (heaviest == quark))


def charge(pdg: NDArray[np.int64]) -> Ints:
    """Electric charge of a stable particle in units of e, from the quark digits of its code."""
    code = np.abs(pdg)
    sign = np.sign(pdg)
    result = np.zeros(len(pdg), np.int64)
    result[np.isin(code, (11, 13, 15))] = -1
    result[code == 24] = 1
    hadron = is_hadron(pdg)
    q1, q2, q3 = code // 1000 % 10, code // 100 % 10, code // 10 % 10
    thirds = [np.where(q % 2 == 0, 2, -1) * (q > 0) for q in (q1, q2, q3)]
    # A meson's code is positive for quark q2, antiquark q3 when q2 is up-like, the reverse otherwise.
    meson = (thirds[1] - thirds[2]) * np.where(q2 % 2 == 0, 1, -1)
    baryon = thirds[0] + thirds[1] + thirds[2]
    total = np.where(q1 == 0, meson, baryon) // 3
    result[hadron] = total[hadron]
    return result * sign
