"""Images: jets as pixels of pt, and whole events as towers of tracks, ECAL and HCAL."""

from __future__ import annotations

import numpy as np

from hepack.simulate.calorimeter import Cells
from hepack.simulate.columns import Columns
from hepack.simulate.event import Events
from hepack.simulate.ragged import TWO_PI, Floats, Ints, binned, owners, wrap
from hepack.simulate.selection import first_rows
from hepack.table import EventTable

JET_PIXELS = 30
JET_HALF_WIDTH = 1.0
JET_COUNT = 2
TOWERS_ETA, TOWERS_PHI = 56, 72
TOWER = 0.087
"""Size of a tower in eta; in phi it is 2 pi / 72 = 0.0873."""
CHANNELS = ("tracks", "ecal", "hcal")


def jet_image_table(events: Events) -> EventTable:
    """One row per event: ``JetImages`` of shape ``(2, 30, 30)``, pt in GeV per pixel, float32.

    The images are of the two hardest R = 1.0 jets, eta across rows and phi across columns, from
    -1 to 1 around the jet axis; an event with fewer jets has zeros. ``JetMomenta`` of shape
    ``(2, 4)`` holds pt, eta, phi and mass.
    """
    found = events.fat_jets.jets
    rows, event, place = first_rows(np.ones(len(found), bool), found.offsets, JET_COUNT)
    slot = np.full(len(found), -1, np.int64)
    slot[rows] = event * JET_COUNT + place
    owner = owners(found.member_offsets)
    members = events.candidates.momenta[found.members]
    eta = members.eta - found.momenta.eta[owner]
    phi = wrap(members.phi - found.momenta.phi[owner])
    scale = JET_PIXELS / (2 * JET_HALF_WIDTH)
    row = np.floor((eta + JET_HALF_WIDTH) * scale).astype(np.int64)
    column = np.floor((phi + JET_HALF_WIDTH) * scale).astype(np.int64)
    inside = (slot[owner] >= 0) & (np.minimum(row, column) >= 0) & (np.maximum(row, column) < JET_PIXELS)
    shape = (events.n_events, JET_COUNT, JET_PIXELS, JET_PIXELS)
    pixel = (slot[owner] * JET_PIXELS + row) * JET_PIXELS + column
    images = binned(pixel[inside], members.pt[inside], int(np.prod(shape)))
    momenta = np.zeros((events.n_events, JET_COUNT, 4))
    parts = (found.momenta.pt, found.momenta.eta, found.momenta.phi, found.momenta.mass)
    for number, part in enumerate(parts):
        momenta[event, place, number] = part[rows]
    columns = Columns("jet_images", events.n_events)
    columns.add("JetImages", images.reshape(shape), unit="GeV")
    columns.add("JetMomenta", momenta)
    columns.add("genWeight", events.weight)
    return columns.build()


def event_image_table(events: Events) -> EventTable:
    """One row per event: ``EventImages`` of shape ``(3, 56, 72)``, transverse energy in GeV, float32.

    Channels are tracks, ECAL and HCAL; rows are eta from -2.436 to 2.436 in towers of 0.087,
    columns phi from -pi in towers of 2 pi / 72.
    """
    candidates = events.candidates
    charged = candidates.charge != 0
    momenta = candidates.momenta[charged]
    event = owners(candidates.offsets)[charged]
    layers = [
        _towers(event, momenta.eta, momenta.phi, momenta.pt, events.n_events),
        *(
            _cell_towers(cells, events.n_events)
            for cells in (events.measurement.ecal, events.measurement.hcal)
        ),
    ]
    columns = Columns("event_images", events.n_events)
    columns.add("EventImages", np.stack(layers, axis=1), unit="GeV")
    columns.add("genWeight", events.weight)
    return columns.build()


def _cell_towers(cells: Cells, n_events: int) -> Floats:
    return _towers(cells.event, cells.eta, cells.phi, cells.energy / np.cosh(cells.eta), n_events)


def _towers(event: Ints, eta: Floats, phi: Floats, energy: Floats, n_events: int) -> Floats:
    row = np.floor(eta / TOWER).astype(np.int64) + TOWERS_ETA // 2
    column = np.floor((phi + np.pi) / TWO_PI * TOWERS_PHI).astype(np.int64) % TOWERS_PHI
    inside = (row >= 0) & (row < TOWERS_ETA)
    tower = ((event * TOWERS_ETA) + row) * TOWERS_PHI + column
    size = n_events * TOWERS_ETA * TOWERS_PHI
    total = binned(tower[inside], energy[inside], size)
    return total.reshape(n_events, TOWERS_ETA, TOWERS_PHI)
