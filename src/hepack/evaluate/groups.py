"""Sections by kind of object and by process: which entries belong to which, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.binning import Binning, Filling
from hepack.evaluate.crossing import group_masks
from hepack.evaluate.moments import Accumulated
from hepack.evaluate.results import Floats, GroupResult
from hepack.physics.fields import Field
from hepack.physics.kinematics import Mask
from hepack.physics.objects import LABELS, label_codes, slot_columns
from hepack.physics.roles import ObjectRole, Roles
from hepack.table import EVENTS, EventTable

SHOWN = ("pt", "eta", "phi", "mass", "energy")
MOST_PROCESSES = 8


@dataclass(frozen=True, eq=False)
class Section:
    """The entries of one place of a role in one block: momenta in GeV, pt in the file's unit, masks of groups."""

    role: ObjectRole
    columns: Mapping[str, Floats]
    pt: NDArray[Any]
    pt_name: str
    pt_scale: float
    masks: Mapping[str, Mask | None]


def sections(table: EventTable, fields: Mapping[str, Field], roles: Roles, btag: float) -> list[Section]:
    """All sections of a block."""
    found: list[Section] = []
    for role in roles.objects:
        for slot in role.slots:
            columns = slot_columns(table, fields, role, slot)
            if role.kind == "object":
                masks = _labelled(label_codes(table, fields[slot["label"]]))
            else:
                masks = group_masks(role.kind, columns["charge"], columns["btag"], btag)
            native = "pt" in slot
            found.append(
                Section(
                    role=role,
                    columns=columns,
                    pt=fields[slot["pt"]].values(table) if native else columns["pt"],
                    pt_name=slot["pt"] if native else f"{role.axis or role.kind} pt",
                    pt_scale=role.scale if native else 1.0,
                    masks=masks,
                )
            )
    return found


def _labelled(codes: NDArray[np.str_]) -> dict[str, Mask | None]:
    names = {"j": "jets", "b": "b jets", "g": "photons", "e-": "electrons", "e+": "positrons", "m-": "muons, negative",
             "m+": "muons, positive"}  # fmt: skip
    masks: dict[str, Mask | None] = {names[code]: codes == code for code in LABELS}
    masks["jets"] = np.isin(codes, ["j", "b"])
    return masks


def process_masks(table: EventTable, fields: Mapping[str, Field], roles: Roles, axis: str) -> dict[str, Mask]:
    """The entries of an axis by process, where the file names it for each event."""
    if not roles.process:
        return {}
    label = fields[roles.process]
    codes: NDArray[Any]
    codes = label_codes(table, label) if label.kind == "text" else label.values(table)
    if len(codes) != len(table):
        return {}
    values = np.unique(codes)[:MOST_PROCESSES]
    masks = {f"process {value}": codes == value for value in values}
    for name in table.schema.ancestors(axis) if axis != EVENTS else ():
        counts = table.counts(name)
        masks = {group: np.repeat(mask, counts) for group, mask in masks.items()}
    return masks


@dataclass
class RunningGroup:
    """One variable of one group, block by block."""

    group: str
    axis: str
    variable: str
    unit: str
    measure: str
    binning: Binning
    deviation: Accumulated = field(default_factory=Accumulated)

    def __post_init__(self) -> None:
        self.spectra = (Filling(self.binning), Filling(self.binning))

    def spectrum(self, which: int, values: NDArray[Any]) -> None:
        """Add one file's values of the group."""
        flat = values.astype(np.float64)
        self.spectra[which].add(flat[np.isfinite(flat)])

    def add(self, deviation: Floats) -> None:
        """Add deviations; NaN where undefined."""
        self.deviation.add(deviation[np.isfinite(deviation)])

    def result(self) -> GroupResult:
        """What was found."""
        return GroupResult(
            group=self.group, axis=self.axis, variable=self.variable, unit=self.unit, measure=self.measure,
            moments=self.deviation.moments(), before=self.spectra[0].histogram(self.unit),
            after=self.spectra[1].histogram(self.unit),
        )  # fmt: skip
