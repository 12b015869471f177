"""`Objects`: jets, leptons and photons of a block of events, in GeV, from the columns of their role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hepack.physics.fields import Field
from hepack.physics.kinematics import Floats, FourMomenta, Ints, Mask, cylindrical
from hepack.physics.roles import ObjectRole, Roles
from hepack.table import EVENTS, EventTable, offsets_from_counts

MASSES = {"electron": 0.000511, "muon": 0.10566, "photon": 0.0, "tau": 1.777}
"""GeV, where a file stores no mass."""

LABELS: Mapping[str, tuple[str, float, bool]] = {
    "j": ("jet", 0.0, False), "b": ("jet", 0.0, True), "g": ("photon", 0.0, False),
    "e-": ("electron", -1.0, False), "e+": ("electron", 1.0, False),
    "m-": ("muon", -1.0, False), "m+": ("muon", 1.0, False),
}  # fmt: skip
"""PhenoML's object labels: kind, charge, b-tagged."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Objects:
    """Objects of one kind in flat columns; ``offsets`` (events + 1) cuts them into events.

    ``rows`` are their places among the entries of the axis they come from.
    """

    kind: str
    offsets: Ints
    pt: Floats
    eta: Floats
    phi: Floats
    mass: Floats
    charge: Floats
    btag: Floats
    rows: Ints

    def __len__(self) -> int:
        return len(self.pt)

    @property
    def events(self) -> Ints:
        """The event of each object."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @property
    def momenta(self) -> FourMomenta:
        """Their four-momenta."""
        return FourMomenta.from_pt(self.pt, self.eta, self.phi, self.mass)

    def where(self, mask: Mask) -> Objects:
        """Those that a mask keeps."""
        kept = np.zeros(len(self) + 1, np.int64)
        np.cumsum(mask, out=kept[1:])
        parts = {name: getattr(self, name)[mask] for name in _COLUMNS}
        return Objects(kind=self.kind, offsets=kept[self.offsets], **parts)

    def by_pt(self) -> Objects:
        """The same, hardest first in each event."""
        order = np.lexsort((-self.pt, self.events))
        parts = {name: getattr(self, name)[order] for name in _COLUMNS}
        return Objects(kind=self.kind, offsets=self.offsets, **parts)

    def padded(self, name: str, width: int, fill: float = np.nan) -> Floats:
        """The first ``width`` values of a column in each event, shape ``(event, width)``."""
        counts = np.diff(self.offsets)
        result = np.full((len(counts), width), fill)
        place = np.arange(len(self)) - np.repeat(self.offsets[:-1], counts)
        inside = place < width
        result[self.events[inside], place[inside]] = getattr(self, name)[inside]
        return result


_COLUMNS = ("pt", "eta", "phi", "mass", "charge", "btag", "rows")


@dataclass(frozen=True, eq=False, kw_only=True)
class Event:
    """The objects of a block of events."""

    n_events: int
    objects: Mapping[str, Objects] = field(default_factory=dict)
    met: Floats | None = None
    met_phi: Floats | None = None


def build(table: EventTable, fields: Mapping[str, Field], roles: Roles, starts: Ints | None = None) -> Event:
    """The objects of a block. ``starts`` cuts the rows of a flat table into events (see `row_starts`)."""
    n_events = len(table) if starts is None else len(starts) - 1
    objects: dict[str, Objects] = {}
    for role in roles.objects:
        found = _objects(table, fields, role, starts)
        if role.kind == "object":
            objects.update(_by_label(table, found, fields[role.slots[0]["label"]]))
        else:
            objects[role.kind] = found
    met, phi = (None, None) if starts is not None else _met(table, fields, roles)
    return Event(n_events=n_events, objects=objects, met=met, met_phi=phi)


def row_starts(table: EventTable, fields: Mapping[str, Field], roles: Roles) -> Ints | None:
    """Where the events of a flat table begin, by its event number; None if rows are events."""
    if not roles.grouping:
        return None
    changed = np.zeros(len(table), bool)
    for name in roles.identity:
        values = fields[name].values(table)
        changed[1:] |= values[1:] != values[:-1]
    return np.concatenate([[0], np.flatnonzero(changed), [len(table)]]).astype(np.int64)


def _objects(
    table: EventTable, fields: Mapping[str, Field], role: ObjectRole, starts: Ints | None
) -> Objects:
    parts = [slot_columns(table, fields, role, slot) for slot in role.slots]
    if role.axis != EVENTS:
        offsets = np.asarray(table.offsets[role.axis])
    elif starts is not None:
        offsets = starts
    else:
        offsets = np.arange(len(table) + 1, dtype=np.int64) * len(parts)
    columns = {name: np.stack([part[name] for part in parts], axis=1).reshape(-1) for name in _COLUMNS[:-1]}
    rows = np.arange(len(columns["pt"]))
    found = Objects(kind=role.kind, offsets=offsets, rows=rows, **columns)
    if len(parts) > 1:  # fixed places hold a sentinel where there is no object
        return found.where(np.isfinite(found.pt) & (found.pt > 0))
    return found


def slot_columns(
    table: EventTable, fields: Mapping[str, Field], role: ObjectRole, slot: Mapping[str, str]
) -> dict[str, Floats]:
    """pt, eta, phi, mass, charge and btag of one place of a role in GeV, shape ``(entry,)``."""
    got = {
        name: fields[column].values(table).astype(np.float64)
        for name, column in slot.items()
        if name != "label"
    }
    for name in ("pt", "mass", "energy", "px", "py", "pz"):
        if name in got and role.scale != 1.0:
            got[name] = got[name] * role.scale
    if "pt" not in got:
        got["pt"], got["eta"], got["phi"], got["mass"] = cylindrical(
            got["px"], got["py"], got["pz"], got["energy"]
        )
    if "mass" not in got:
        got["mass"] = _mass(got, role.kind)
    for name, empty in (("charge", 0.0), ("btag", np.nan)):
        got.setdefault(name, np.full(len(got["pt"]), empty))
    return got


def _mass(got: Mapping[str, Floats], kind: str) -> Floats:
    if "energy" not in got or kind in MASSES:
        return np.full(len(got["pt"]), MASSES.get(kind, 0.0))
    with np.errstate(over="ignore", invalid="ignore"):
        square = got["energy"] ** 2 - (got["pt"] * np.cosh(got["eta"])) ** 2
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


def _by_label(table: EventTable, found: Objects, label: Field) -> dict[str, Objects]:
    """Split labelled objects by kind; a b jet is a jet with b tag 1."""
    codes = label_codes(table, label)
    result: dict[str, Objects] = {}
    for kind in ("jet", "electron", "muon", "photon"):
        names = [name for name, (its, _, _) in LABELS.items() if its == kind]
        mask = np.isin(codes, names)
        if not mask.any():
            continue
        part = found.where(mask)
        chosen = codes[mask]
        charge = np.select([chosen == n for n in names], [LABELS[n][1] for n in names], 0.0)
        btag = np.select([chosen == n for n in names], [float(LABELS[n][2]) for n in names], 0.0)
        mass = np.full(len(part), MASSES[kind]) if kind in MASSES else part.mass
        result[kind] = Objects(
            kind=kind, offsets=part.offsets, pt=part.pt, eta=part.eta, phi=part.phi, mass=mass,
            charge=np.asarray(charge), btag=np.asarray(btag), rows=part.rows,
        )  # fmt: skip
    return result


def label_codes(table: EventTable, label: Field) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """The texts of a column of short strings."""
    offsets = table.offsets[label.axis]
    counts = np.diff(offsets)
    width = max(int(counts.max(initial=0)), 1)
    grid = np.zeros((len(counts), width), np.uint8)
    place = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1], counts)
    grid[np.repeat(np.arange(len(counts)), counts), place] = table.columns[label.column]
    return np.asarray(np.char.decode(grid.view(f"S{width}").reshape(-1), "utf-8", "replace"))


def _met(table: EventTable, fields: Mapping[str, Field], roles: Roles) -> tuple[Floats | None, Floats | None]:
    got = {key: fields[name].values(table).astype(np.float64) for key, name in roles.met.items()}
    if "pt" in got and "phi" in got:
        return got["pt"] * roles.met_scale, got["phi"]
    if "px" in got and "py" in got:
        return np.hypot(got["px"], got["py"]) * roles.met_scale, np.arctan2(got["py"], got["px"])
    return None, None


def empty_objects(kind: str, n_events: int) -> Objects:
    """No objects."""
    none = np.zeros(0)
    offsets = offsets_from_counts(np.zeros(n_events, np.int64))
    return Objects(
        kind=kind, offsets=offsets, pt=none, eta=none, phi=none, mass=none, charge=none, btag=none,
        rows=np.zeros(0, np.int64),
    )  # fmt: skip
