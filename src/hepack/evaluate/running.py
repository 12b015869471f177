"""`Running`: the second pass over both files, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.evaluate.binning import Binning, Filling
from hepack.evaluate.crossing import Crossing
from hepack.evaluate.event_level import RunningQuantity, RunningTurnOn
from hepack.evaluate.expression import Evaluator, Selection
from hepack.evaluate.groups import SHOWN, RunningGroup, Section, process_masks, sections
from hepack.evaluate.intervals import fraction
from hepack.evaluate.pairing import Partners, partners
from hepack.evaluate.response import Cells, Variable, VariableSetup
from hepack.evaluate.results import Floats, SelectionResult, StackResult
from hepack.evaluate.settings import Settings
from hepack.physics.fields import Field
from hepack.physics.kinematics import Ints, Mask
from hepack.physics.objects import build, row_starts
from hepack.physics.quantities import BY_NAME, available, compute
from hepack.physics.roles import Roles
from hepack.physics.triggers import TRIGGERS
from hepack.table import EventTable

STACK_BINS = Binning(5.0, 2000.0, 40, log=True)
Pair = tuple[EventTable, EventTable]
Grouped = tuple[str, Mask, tuple[str, ...]]
"""A group, the entries of its axis that are in it, and the variables it is shown for."""


@dataclass(frozen=True)
class Side:
    """How one file is read: its fields by the *original's* names, and its roles."""

    fields: Mapping[str, Field]
    roles: Roles


class Running:
    """All accumulators of a comparison."""

    def __init__(self, setups: list[VariableSetup], sides: tuple[Side, Side], settings: Settings) -> None:
        self.settings, self.sides = settings, sides
        self.variables = {item.pair.before.name: Variable(item) for item in setups}
        self.groups: dict[tuple[str, str, str], RunningGroup] = {}
        self.stacks: dict[tuple[str, str], tuple[Filling, Filling]] = {}
        self.crossings: dict[tuple[str, str, float], Crossing] = {}
        self.selections = [Selection.parse(text) for text in settings.expressions]
        self.passed = {item.text: np.zeros(3, np.int64) for item in self.selections}
        self.refused: dict[str, str] = {}
        self.quantities: dict[str, RunningQuantity] = {}
        self.turn_ons: dict[str, RunningTurnOn] = {}
        self.events = [0, 0]
        self.differing: dict[str, int] = {}

    def pair(self, one: EventTable, two: EventTable) -> None:
        """Add a block of paired events."""
        matched = partners(one, two, one.schema)
        for axis, found in matched.items():
            self.differing[axis] = self.differing.get(axis, 0) + found.events_differing
        both = tuple(
            sections(table, side.fields, side.roles, self.settings.selection.btag)
            for table, side in zip((one, two), self.sides, strict=True)
        )
        for left, right in zip(*both, strict=False):
            self._cross(left, right, matched.get(left.role.axis))
        self._variables((one, two), both, matched)
        self._events((one, two), paired=True)

    def lone(self, which: int, table: EventTable) -> None:
        """Add a block of one file on its own."""
        side = self.sides[which]
        found = sections(table, side.fields, side.roles, self.settings.selection.btag)
        for section in found:
            for crossing, mask in self._crossings(section):
                values = section.pt if mask is None else section.pt[mask]
                crossing.totals(values if which == 0 else None, values if which == 1 else None)
        for name, variable in self.variables.items():
            variable.spectrum(which, side.fields[name].values(table))
        self._group_spectra(which, table, found)
        self._events((table,), paired=False, which=which)

    def _crossings(self, section: Section) -> Iterator[tuple[Crossing, Mask | None]]:
        for group, mask in section.masks.items():
            for threshold in self.settings.cuts:
                key = (group, section.pt_name, threshold)
                if key not in self.crossings:
                    self.crossings[key] = Crossing(group, section.pt_name, threshold, section.pt_scale)
                yield self.crossings[key], mask

    def _cross(self, left: Section, right: Section, found: Partners | None) -> None:
        for crossing, mask in self._crossings(left):
            other = right.masks.get(crossing.kind)
            crossing.totals(
                left.pt if mask is None else left.pt[mask], right.pt if other is None else right.pt[other]
            )
            if found is None:
                continue
            one, two = _take(left.pt, found.before), _take(right.pt, found.after)
            crossing.add(one, two, None if mask is None else _take(mask, found.before))

    def _variables(
        self, tables: Pair, both: tuple[list[Section], ...], matched: Mapping[str, Partners]
    ) -> None:
        cells = self._cells(both[0], matched)
        groups: dict[str, list[Grouped]] = {}
        for section in both[0]:
            groups.setdefault(section.role.axis, []).extend(self._grouped(0, tables[0], section))
        for name, variable in self.variables.items():
            axis = variable.setup.pair.before.axis
            one, two = (
                side.fields[name].values(table) for side, table in zip(self.sides, tables, strict=True)
            )
            variable.spectrum(0, one)
            variable.spectrum(1, two)
            found = matched.get(axis)
            width = variable.setup.pair.before.width
            if found is None or (width > 1 and found.before is not None):
                continue
            one, two = _take(one, found.before), _take(two, found.after)
            if len(one) != len(two):
                continue
            bins = cells.get(axis)
            if bins is None:  # no momenta on this axis: bins of the variable itself
                bins = {part.by: Cells.of(one.astype(np.float64), part.edges) for part in variable.slices}
            deviation = variable.add(one, two, bins)
            for group, mask, names in groups.get(axis, ()):
                if name in names:
                    self._group(group, axis, name).add(deviation[_take(mask, found.before)])
        for which, table in enumerate(tables):
            self._group_spectra(which, table, both[which])

    def _cells(self, found: list[Section], matched: Mapping[str, Partners]) -> dict[str, dict[str, Cells]]:
        """Bins of pt and eta of the paired entries of each axis with a role."""
        result: dict[str, dict[str, Cells]] = {}
        for section in found:
            axis = section.role.axis
            users = [v for v in self.variables.values() if v.setup.pair.before.axis == axis and v.slices]
            if len(section.role.slots) > 1 or axis not in matched or not users:
                continue
            coordinates = {"pt": section.columns["pt"], "|eta|": np.abs(section.columns["eta"])}
            result[axis] = {
                part.by: Cells.of(_take(coordinates[part.by], matched[axis].before), part.edges)
                for part in users[0].slices
                if part.by in coordinates
            }
        return result

    def _grouped(self, which: int, table: EventTable, section: Section) -> Iterator[Grouped]:
        """Groups of a section."""
        if len(section.role.slots) > 1:
            return
        names = tuple(column for key, column in section.role.slots[0].items() if key in SHOWN)
        for group, mask in section.masks.items():
            yield group, np.ones(len(section.pt), bool) if mask is None else mask, names
        side = self.sides[which]
        processes = process_masks(table, side.fields, side.roles, section.role.axis)
        if len(processes) > 1:
            for group, found in processes.items():
                yield group, found, names

    def _group(self, group: str, axis: str, name: str) -> RunningGroup:
        key = (axis, group, name)
        if key not in self.groups:
            setup = self.variables[name].setup
            self.groups[key] = RunningGroup(
                group, axis, name, setup.pair.before.unit, setup.measure, setup.binning
            )
        return self.groups[key]

    def _group_spectra(self, which: int, table: EventTable, found: list[Section]) -> None:
        side = self.sides[which]
        for section in found:
            axis = section.role.axis
            for group, mask, names in self._grouped(which, table, section):
                self._stack(group, which, section.columns["pt"][mask])
                for name in names:
                    if name in self.variables:
                        values = side.fields[name].values(table)
                        self._group(group, axis, name).spectrum(which, values[mask])

    def _stack(self, group: str, which: int, pt: Floats) -> None:
        title = "process" if group.startswith("process ") else "kind"
        if (title, group) not in self.stacks:
            self.stacks[title, group] = (Filling(STACK_BINS), Filling(STACK_BINS))
        self.stacks[title, group][which].add(pt[np.isfinite(pt)])

    def stack_results(self) -> Iterator[StackResult]:
        """Kinds of objects, and processes. Where a kind is split (electrons, positrons) the parts are stacked."""
        for title in ("kind", "process"):
            found = {group: both for (its, group), both in self.stacks.items() if its == title}
            if title == "kind" and "b jets" in found and "jets" in found:
                light = tuple(Filling(STACK_BINS) for _ in range(2))
                for place in range(2):
                    light[place].counts = found["jets"][place].counts - found["b jets"][place].counts
                found = {
                    "other jets": (light[0], light[1]),
                    **{k: v for k, v in found.items() if k != "jets"},
                }
            if "muons, negative" in found:
                found.pop("muons", None)
            if found:
                yield StackResult(
                    title=title, unit="GeV", edges=STACK_BINS.edges,
                    before={group: both[0].counts[1:-1] for group, both in found.items()},
                    after={group: both[1].counts[1:-1] for group, both in found.items()},
                )  # fmt: skip

    def _events(self, tables: tuple[EventTable, ...], *, paired: bool, which: int = 0) -> None:
        starts = row_starts(tables[0], self.sides[which].fields, self.sides[which].roles)
        places = (0, 1) if paired else (which,)
        values = [
            self._quantities(table, self.sides[place], starts)
            for table, place in zip(tables, places, strict=True)
        ]
        first = self.events[which]
        for place, found in zip(places, values, strict=True):
            for name, numbers in found.items():
                if name not in self.quantities:
                    self.quantities[name] = RunningQuantity(BY_NAME[name], numbers)
                self.quantities[name].add(place, numbers, first)
        if paired:
            for name, numbers in values[0].items():
                if name in values[1]:
                    self.quantities[name].pair(numbers, values[1][name])
            self._trigger(values[0], values[1], first)
        self._select(tables, places, values, starts)
        count = len(tables[0]) if starts is None else len(starts) - 1
        for place in places:
            self.events[place] += count

    def _quantities(self, table: EventTable, side: Side, starts: Ints | None) -> Mapping[str, Floats]:
        event = build(table, side.fields, side.roles, starts)
        kinds = set(event.objects)
        if event.met is not None:
            kinds.add("met")
        if "jet" in event.objects and np.isfinite(event.objects["jet"].btag).any():
            kinds.add("bjet")
        usable = available(frozenset(kinds), lone=side.roles.lone)
        return compute(event, usable, self.settings.selection)

    def _trigger(self, before: Mapping[str, Floats], after: Mapping[str, Floats], first: int) -> None:
        for trigger in TRIGGERS:
            if trigger.quantity not in before or trigger.quantity not in after:
                continue
            values = before[trigger.quantity]
            if trigger.name not in self.turn_ons:
                if not np.isfinite(values).any():
                    continue
                threshold = self.settings.triggers.get(trigger.name)
                self.turn_ons[trigger.name] = RunningTurnOn(trigger, "GeV", values, threshold)
            self.turn_ons[trigger.name].add(values, after[trigger.quantity], first)

    def _select(
        self, tables: tuple[EventTable, ...], places: tuple[int, ...], values: list[Mapping[str, Floats]],
        starts: Ints | None,
    ) -> None:  # fmt: skip
        for selection in self.selections:
            passed: list[NDArray[np.bool_]] = []
            for table, place, numbers in zip(tables, places, values, strict=True):
                evaluator = Evaluator(table, self.sides[place].fields, numbers, starts)
                try:
                    passed.append(evaluator.passes(selection))
                except BadRequestError as error:
                    self.refused[selection.text] = str(error)
                    continue
                self.passed[selection.text][place] += int(passed[-1].sum())
            if len(passed) == 2:
                self.passed[selection.text][2] += int((passed[0] & passed[1]).sum())

    def selection_results(self, *, paired: bool) -> tuple[SelectionResult, ...]:
        """Purity and efficiency of each selection."""
        found = []
        for selection in self.selections:
            before, after, both = (int(count) for count in self.passed[selection.text])
            good = paired and selection.text not in self.refused
            found.append(
                SelectionResult(
                    expression=selection.text,
                    events=self.events[0],
                    passed_before=before,
                    passed_after=after,
                    both=both if good else None,
                    efficiency=fraction(both, before) if good else None,
                    purity=fraction(both, after) if good else None,
                    reason=self.refused.get(selection.text, ""),
                )
            )
        return tuple(found)


def _take(values: NDArray[Any], rows: Ints | None) -> NDArray[Any]:
    return values if rows is None else values[rows]
