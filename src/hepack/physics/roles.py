"""Which columns are the momenta of jets, leptons, photons and the missing momentum: found by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hepack.physics.fields import Field
from hepack.table import EVENTS

SCALES = {"": 1.0, "GeV": 1.0, "MeV": 1e-3, "TeV": 1e3, "keV": 1e-6}

_KINDS: tuple[tuple[str, str], ...] = (  # the first that matches wins
    (r"gen|truth|pfcand|trig|l1|corrt1|sv$|track|cand|mc|calo", ""),
    (r"fat|large|ak8|ak10|antikt10", "fatjet"),
    (r"jet|ak4|antikt4", "jet"),
    (r"electron|^e$|^el(e|s)?$", "electron"),
    (r"muon|^mu(s)?$", "muon"),
    (r"photon|^gamma|^ph$", "photon"),
    (r"tau", "tau"),
    (r"lep", "lepton"),
)
_NAMES: Mapping[str, tuple[str, ...]] = {
    "pt": ("pt", "pts", "transversemomentum"),
    "eta": ("eta",),
    "phi": ("phi",),
    "mass": ("mass", "m"),
    "energy": ("e", "energy"),
    "px": ("px",),
    "py": ("py",),
    "pz": ("pz",),
    "charge": ("charge", "q"),
    "btag": ("btag", "btagdeepflavb", "btagpnetb", "btagdeepb", "btagcsvv2", "btagcsv", "bscore"),
}
IDENTITY = (
    "run",
    "runnumber",
    "luminosityblock",
    "lumi",
    "event",
    "eventid",
    "eventnumber",
    "evt",
    "event_id",
)
"""Names, in lower case, of what numbers the events."""


@dataclass(frozen=True, kw_only=True)
class ObjectRole:
    """Objects of one kind. ``slots`` holds for each fixed place (or just one) quantity -> field name.

    ``scale`` turns the file's unit of energy into GeV. ``kind`` is "object" where each object has a label.
    """

    kind: str
    axis: str
    slots: tuple[Mapping[str, str], ...]
    scale: float = 1.0

    @property
    def names(self) -> frozenset[str]:
        """All fields that the role uses."""
        return frozenset(name for slot in self.slots for name in slot.values())


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What was found. ``lone``: rows are single objects that nothing groups into events; ``notes`` says in
    sentences what that means for the comparison."""

    objects: tuple[ObjectRole, ...] = ()
    met: Mapping[str, str] = field(default_factory=dict)
    met_scale: float = 1.0
    identity: tuple[str, ...] = ()
    grouping: str = ""
    process: str = ""
    lone: bool = False
    notes: tuple[str, ...] = ()

    def on(self, axis: str) -> ObjectRole | None:
        """The role whose objects are the entries of an axis, one object each."""
        for role in self.objects:
            if role.axis == axis and len(role.slots) == 1:
                return role
        return None


def find_roles(
    fields: Sequence[Field],
    *,
    flat: str = "jet",
    overrides: Mapping[str, Mapping[str, str]] | None = None,
    medians: Mapping[str, float] | None = None,
    unit: str = "",
) -> Roles:
    """Roles by name; ``overrides`` gives for a kind the names of its columns, and wins.

    ``flat`` is the kind of a table whose rows are nameless objects. ``medians`` of the columns tell MeV from
    GeV where no unit is given.
    """
    known = {item.name: item for item in fields}
    chosen: dict[str, ObjectRole] = {}
    for kind, names in (overrides or {}).items():
        usable = {quantity: name for quantity, name in names.items() if name in known}
        if kind != "met" and usable:
            axis = known[next(iter(usable.values()))].axis
            chosen[kind] = ObjectRole(kind=kind, axis=axis, slots=(usable,))
    for role in (*_jagged(fields), *_flat(fields, flat)):
        chosen.setdefault(role.kind, role)
    met = dict((overrides or {}).get("met", {})) or _met(fields)
    identity = tuple(f.name for f in fields if f.axis == EVENTS and f.name.lower() in IDENTITY)
    notes: list[str] = []
    objects = tuple(_scaled(role, known, medians or {}, unit, notes) for role in chosen.values())
    grouping, lone = _grouping(objects, identity, notes)
    return Roles(
        objects=objects,
        met={key: name for key, name in met.items() if name in known},
        met_scale=_scale(known.get(met.get("pt", met.get("px", ""))), medians or {}, unit),
        identity=identity,
        grouping=grouping,
        process=next((f.name for f in fields if f.name.lower() == "process"), ""),
        lone=lone,
        notes=tuple(notes),
    )


def kind_of(name: str) -> str:
    """The kind of object that a collection's or a prefix's name stands for; empty if none."""
    lower = name.lower().replace("analysis", "").strip("_. ")
    for pattern, kind in _KINDS:
        if re.search(pattern, lower):
            return kind
    return ""


def _base(name: str, prefix: str) -> str:
    short = name[len(prefix) :] if name.lower().startswith(prefix.lower()) else name
    return short.strip("_. ").replace("_", "").replace(".", "").lower()


def _quantity(base: str) -> str:
    return next((quantity for quantity, names in _NAMES.items() if base in names), "")


def _complete(slot: Mapping[str, str]) -> bool:
    return {"pt", "eta", "phi"} <= set(slot) or {"px", "py", "pz", "energy"} <= set(slot)


def _jagged(fields: Sequence[Field]) -> list[ObjectRole]:
    found: list[ObjectRole] = []
    for axis in dict.fromkeys(f.axis for f in fields if f.axis != EVENTS):
        slot: dict[str, str] = {}
        for item in fields:
            inside = item.axis == axis or (item.kind == "text" and item.name == "object")
            quantity = "label" if item.kind == "text" else _quantity(_base(item.name, axis))
            quantity = quantity if inside else ""
            if quantity:
                slot.setdefault(quantity, item.name)
        kind = "object" if "label" in slot else kind_of(axis)
        if kind and _complete(slot):
            found.append(ObjectRole(kind=kind, axis=axis, slots=(slot,)))
    return sorted(found, key=lambda role: len(role.axis))  # Jet before CorrJet


def _flat(fields: Sequence[Field], nameless: str) -> list[ObjectRole]:
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for item in fields:
        if item.axis != EVENTS or not item.is_number:
            continue
        match = re.fullmatch(
            r"(.*?)[_.]?(pt|eta|phi|mass|m|e|energy|q|charge|p[xyz])_?(\d*)", item.name, re.I
        )
        if match and _plausible(match[1], match[2]):
            groups.setdefault((match[1], match[3]), {}).setdefault(_quantity(match[2].lower()), item.name)
    slots: dict[str, list[Mapping[str, str]]] = {}
    for (prefix, _), slot in groups.items():
        if not _complete(slot):
            continue
        kind = kind_of(prefix) if prefix else ""
        if not prefix:
            kind = "lepton" if "charge" in slot else nameless
        if kind:
            slots.setdefault(kind, []).append(slot)
    return [ObjectRole(kind=kind, axis=EVENTS, slots=tuple(rows)) for kind, rows in slots.items()]


def _plausible(prefix: str, quantity: str) -> bool:
    """Whether a name ends in a quantity and not just in its letter (``time`` is no energy ``e``)."""
    return len(quantity) > 1 or not prefix or prefix.endswith(("_", ".")) or quantity.isupper()


def _met(fields: Sequence[Field]) -> dict[str, str]:
    names = {f.name.lower(): f.name for f in fields if f.axis == EVENTS}
    for pt, phi in (
        ("met_pt", "met_phi"), ("puppimet_pt", "puppimet_phi"), ("pfmet_pt", "pfmet_phi"),
        ("met", "metphi"), ("met", "met_phi"), ("pri_met", "pri_met_phi"), ("met_met", "met_phi"),
    ):  # fmt: skip
        if pt in names and phi in names:
            return {"pt": names[pt], "phi": names[phi]}
    if "met_px" in names and "met_py" in names:
        return {"px": names["met_px"], "py": names["met_py"]}
    return {}


def _scale(item: Field | None, medians: Mapping[str, float], unit: str) -> float:
    if item is None:
        return 1.0
    if unit or item.unit:
        return SCALES.get(unit or item.unit, 1.0)
    return 1e-3 if medians.get(item.name, 0.0) > 3000 else 1.0


def _scaled(
    role: ObjectRole, known: Mapping[str, Field], medians: Mapping[str, float], unit: str, notes: list[str]
) -> ObjectRole:
    name = role.slots[0].get("pt", role.slots[0].get("energy", ""))
    scale = _scale(known.get(name), medians, unit)
    if name in known and not (unit or known[name].unit):
        notes.append(
            f"{name} has no unit; its median of {medians.get(name, 0.0):.4g} was taken to be in "
            f"{'MeV' if scale < 1 else 'GeV'}"
        )
    return ObjectRole(kind=role.kind, axis=role.axis, slots=role.slots, scale=scale)


def _grouping(objects: Sequence[ObjectRole], identity: Sequence[str], notes: list[str]) -> tuple[str, bool]:
    """The event number that groups a flat table with one object a row, and whether it is missing."""
    flat = [role for role in objects if role.axis == EVENTS and len(role.slots) == 1]
    if not flat or any(role.axis != EVENTS for role in objects) or len(flat) != len(objects) or len(flat) > 1:
        return "", False
    for name in identity:
        if "event" in name.lower() or name.lower() == "evt":
            return name, False
    notes.append(
        "the table has one object a row and no event number: no multiplicity, HT or dijet mass can be formed"
    )
    return "", True
