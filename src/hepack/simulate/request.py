"""`Request`: what to simulate, in full; equal requests give equal tables."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from hepack._errors import BadRequestError
from hepack.simulate.process import get_process

CHUNK = 500
"""Events per chunk, by default. Each chunk has its own seeds, hence ``--jobs`` changes nothing."""

LAYOUTS = {
    "nanoaod": "NanoAOD-like tree with jets, leptons, photons, taus and missing energy",
    "phenoml": "the objects of the PhenoML / Dark Machines CSV, in MeV",
    "trigger": "the 57 inputs of arXiv:2108.03986 (MET, 4 electrons, 4 muons, 10 jets)",
    "jet-images": "pixel images of the two hardest large-radius jets",
    "event-images": "images of tracks, ECAL and HCAL energy in (eta, phi)",
}
"""Layout id -> one line about it."""
PRECISIONS = ("full", "nano")
VERSION = 2
"""Raised when the same request gives other events, so that the cache forgets the old ones."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """``energy`` is the centre-of-mass energy in GeV, ``pile_up`` the mean number of extra collisions.

    ``constituents`` and ``truth`` are for the NanoAOD layout, ``precision`` ``nano`` rounds its
    floats to 11 mantissa bits. ``chunk`` is the number of events that share a seed.

    Raises:
        BadRequestError: an unknown process, layout or precision, or a number out of range.
    """

    process: str
    events: int
    seed: int = 1
    layout: str = "nanoaod"
    energy: float = 13600.0
    pile_up: float = 0.0
    constituents: bool = True
    truth: bool = True
    precision: str = "full"
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        get_process(self.process)
        if self.layout not in LAYOUTS:
            near = difflib.get_close_matches(self.layout, LAYOUTS, n=3) or list(LAYOUTS)
            raise BadRequestError(f"there is no layout '{self.layout}'; the nearest are {', '.join(near)}")
        if self.precision not in PRECISIONS:
            raise BadRequestError(f"the precision is full or nano, found '{self.precision}'")
        if not 1 <= self.events <= 2**40:
            raise BadRequestError(f"the number of events must be 1 or more, found {self.events}")
        if self.chunk < 1:
            raise BadRequestError(f"a chunk holds 1 event or more, found {self.chunk}")
        if not 0 <= self.seed < 2**63:
            raise BadRequestError(f"the seed must be a whole number from 0 on, found {self.seed}")
        if not 1000 <= self.energy <= 100_000:
            raise BadRequestError(f"the energy must be from 1000 to 100000 GeV, found {self.energy}")
        if not 0 <= self.pile_up <= 200:
            raise BadRequestError(f"the pile-up must be from 0 to 200 collisions, found {self.pile_up}")

    @property
    def key(self) -> str:
        """A digest of the request and `VERSION`, for names of cached files."""
        text = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def chunks(self) -> Iterator[tuple[int, int]]:
        """The number and size of each chunk, in order."""
        for number, first in enumerate(range(0, self.events, self.chunk)):
            yield number, min(self.chunk, self.events - first)
