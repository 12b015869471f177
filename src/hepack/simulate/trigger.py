"""The 57 inputs of the trigger studies of arXiv:2108.03986 and arXiv:2107.02157."""

from __future__ import annotations

import numpy as np

from hepack.simulate.cleaning import clean
from hepack.simulate.columns import Columns
from hepack.simulate.detector import Detector
from hepack.simulate.kinematics import Momenta
from hepack.simulate.objects import Objects
from hepack.simulate.ragged import Floats, Ints, Mask
from hepack.simulate.selection import clean_jets, first_rows
from hepack.table import EventTable

TABLE = "trigger"
ELECTRONS, MUONS, JETS = 4, 4, 10
OBJECTS = 1 + ELECTRONS + MUONS + JETS
ETA_MAX = {"electron": 3.0, "muon": 2.1, "jet": 4.0}
"""Acceptance of the trigger objects, as in arXiv:2107.02157."""


def trigger_table(objects: Objects, *, cleaning: Detector | None = None) -> EventTable:
    """One row per event: ``Particles`` of shape ``(19, 3)``, float32.

    Row 0 is the missing momentum, then 4 electrons, 4 muons and 10 jets by falling pt; columns are
    pt (GeV), eta and phi; what is missing is zero. The 57 numbers are the flattened array. With
    ``cleaning``, jets and missing momentum are those of `clean`, which pile-up moves little.
    """
    jets, met, chosen = objects.jets, objects.met, clean_jets(objects)
    if cleaning is not None:
        cleaned = clean(objects, chosen, cleaning)
        met, chosen = cleaned.met, cleaned.jets
    values = np.zeros((objects.n_events, OBJECTS, 3))
    values[:, 0, 0] = np.hypot(*met)
    values[:, 0, 2] = np.arctan2(met[1], met[0])
    momenta = objects.candidates.momenta
    electron, muon = momenta[objects.electrons.rows], momenta[objects.muons.rows]
    everything = ((electron, "electron"), (muon, "muon"), (jets.momenta, "jet"))
    inside = [np.abs(m.eta) < ETA_MAX[name] for m, name in everything]
    _fill(values, electron, inside[0], objects.electrons.offsets, 1, ELECTRONS)
    _fill(values, muon, inside[1], objects.muons.offsets, 1 + ELECTRONS, MUONS)
    _fill(values, jets.momenta, inside[2] & chosen, jets.offsets, 1 + ELECTRONS + MUONS, JETS)
    columns = Columns(TABLE, objects.n_events)
    columns.add("Particles", values)
    columns.add("genWeight", objects.weight)
    return columns.build()


def _fill(values: Floats, momenta: Momenta, mask: Mask, offsets: Ints, start: int, count: int) -> None:
    rows, event, place = first_rows(mask, offsets, count)
    for column, component in enumerate((momenta.pt, momenta.eta, momenta.phi)):
        values[event, start + place, column] = component[rows]
