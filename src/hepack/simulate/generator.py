"""Run Pythia 8 for one chunk of events and hand them over as a `Record`.

Pythia is imported here and nowhere else (GPL; the extra ``simulate``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from hepack._errors import BadRequestError, HepackError
from hepack._optional import require
from hepack.simulate.kinematics import Momenta
from hepack.simulate.process import Process
from hepack.simulate.ragged import owners
from hepack.simulate.record import Record

BATCH = 50
"""Events per call of ``nextBatch``; small, so that Ctrl-C and progress answer soon."""
MAX_PYTHIA_SEED = 900_000_000

COMMON = (
    "Print:quiet = on",
    "SLHA:verbose = 0",
    "Beams:idA = 2212",
    "Beams:idB = 2212",
    "ParticleDecays:limitTau0 = on",
    "ParticleDecays:tau0Max = 10",
)
"""Proton beams; particles that fly more than 10 mm on average reach the detector, as experiments choose."""


def load_pythia() -> ModuleType:
    """The Pythia module, or a `MissingExtraError`."""
    return require("pythia8mc", extra="simulate", purpose="simulating events")


def pythia_seed(seed: int, process: str, chunk: int, stream: int) -> int:
    """Seed of one chunk: a hash of all four, so that chunks are independent whatever the order."""
    words = [seed, *process.encode(), chunk, stream]
    return 1 + int(np.random.SeedSequence(words).generate_state(1)[0]) % MAX_PYTHIA_SEED


def generate(
    process: Process, *, events: int, energy: float, seed: int, tick: Callable[[int], None]
) -> Record:
    """Make ``events`` events at ``energy`` GeV in the centre of mass from a fresh Pythia.

    ``tick`` is called with the number of new events after each batch.

    Raises:
        HepackError: Pythia refuses the settings or cannot make events.
    """
    pythia = _start(process, energy=energy, seed=seed)
    parts: list[Record] = []
    for size in _batches(events):
        made = _record(pythia.nextBatch(size))
        if made.n_events != size:
            raise HepackError(
                f"Pythia made {made.n_events} of {size} '{process.id}' events; check its settings"
            )
        parts.append(made)
        tick(size)
    return Record.concatenate(parts)


def _batches(events: int) -> Iterator[int]:
    if events < 1:
        raise BadRequestError(f"the number of events must be 1 or more, found {events}")
    while events > 0:
        yield min(events, BATCH)
        events -= BATCH


def _start(process: Process, *, energy: float, seed: int) -> Any:
    pythia = load_pythia().Pythia("", False)
    settings = [
        *COMMON,
        f"Beams:eCM = {energy}",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
        *process.settings,
    ]
    with tempfile.TemporaryDirectory(prefix="hepack-") as folder:
        if process.spectrum:
            spectrum = Path(folder) / "spectrum.slha"
            spectrum.write_text(process.spectrum, encoding="ascii")
            settings.append(f"SLHA:file = {spectrum}")
        for setting in settings:
            if not pythia.readString(setting):
                raise HepackError(f"Pythia does not know the setting '{setting}' of process '{process.id}'")
        if not pythia.init():
            raise HepackError(f"Pythia cannot start with the settings of process '{process.id}'")
    return pythia


def _record(batch: Any) -> Record:
    import awkward as ak

    particles = batch.prt
    offsets = np.concatenate([[0], np.cumsum(ak.to_numpy(ak.num(particles)))]).astype(np.int64)
    flat = ak.flatten(particles)
    local = ak.to_numpy(flat.mother1).astype(np.int64)
    first = offsets[:-1][owners(offsets)]
    vertex = ak.fill_none(flat.vProd.px, 0.0), ak.fill_none(flat.vProd.py, 0.0)
    depth = ak.fill_none(flat.vProd.pz, 0.0), ak.fill_none(flat.vProd.e, 0.0)
    return Record(
        offsets,
        ak.to_numpy(flat.id).astype(np.int64),
        ak.to_numpy(flat.status).astype(np.int64),
        np.where(local > 0, local + first, -1),
        Momenta(*(ak.to_numpy(flat.p[c]).astype(np.float64) for c in ("px", "py", "pz", "e"))),
        Momenta(*(ak.to_numpy(c).astype(np.float64) for c in (*vertex, *depth))),
        ak.to_numpy(batch.info.weights[:, 0]).astype(np.float64),
        np.sqrt(ak.to_numpy(batch.info.pT2Hat).astype(np.float64)),
    )
