"""Columns that share their lengths become one collection.

Three rules, in this order; each makes groups of top-level lists whose lengths agree in a first block:

1. a counter that the file itself names (a leaf count branch);
2. an integer column ``nX`` that holds the lengths of ``X_*`` (or ``X.*``);
3. a common prefix: ``AnalysisJetsAuxDyn.pt`` and ``.eta``, ``Jet_pt`` and ``Jet_eta``, ``jetPt`` and ``jetEta``.

Lists directly inside the objects of one group are put together where their lengths agree.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hepack.io.base import GroupingError
from hepack.io.fieldpath import has_records, join, split
from hepack.table import EVENTS, Collection, EventTable, Schema

_CAMEL = re.compile(r"[a-z]+[0-9]*(?=[A-Z])")
_COUNTER = re.compile(r"[nN]_?(?=[A-Za-z])")


@dataclass(frozen=True)
class Group:
    """Collections that become one, with the integer variable that holds their lengths, if any."""

    name: str
    members: tuple[str, ...]
    counter: str = ""


@dataclass(frozen=True)
class Grouping:
    """What `plan_grouping` found; ``schema`` is the one that `apply` gives every block."""

    groups: tuple[Group, ...]
    schema: Schema

    def apply(self, table: EventTable) -> EventTable:
        """The block with its columns grouped.

        Raises:
            GroupingError: lengths differ within a group, or from its counter (then it names the counter).
        """
        offsets = dict(table.offsets)
        columns = dict(table.columns)
        for group in self.groups:
            runs = [offsets.pop(member) for member in group.members]
            if not all(np.array_equal(runs[0], other) for other in runs[1:]):
                raise GroupingError(group.name)
            if group.counter and not np.array_equal(np.diff(runs[0]), columns.pop(group.counter)):
                raise GroupingError(group.counter)
            offsets[group.name] = runs[0]
        return EventTable(self.schema, table.n_events, offsets, columns)


def plan_grouping(
    table: EventTable, *, counters: Mapping[str, str] | None = None, ungrouped: frozenset[str] = frozenset()
) -> Grouping:
    """Decide on the groups of a first block.

    ``counters``: collection -> the event-level integer variable that the file names as its counter.
    ``ungrouped``: groups, or counters, that a later block proved wrong.
    """
    plan = _Plan(table)
    for counter, members in _inverted(counters or {}).items():
        if plan.is_counter(counter):
            plan.add(
                _explicit_name(counter, [plan.raw[m] for m in members if m in plan.raw]), members, counter
            )
    for stem, counter in plan.stems():
        named = [m for m, raw in plan.raw.items() if raw == stem or raw.startswith((f"{stem}_", f"{stem}."))]
        plan.add(stem, [m for m in named if plan.counts_match(m, counter)], counter)
    for members in plan.alike():
        plan.add(_shared_prefix([plan.raw[m] for m in members]), members)
    groups = _kept(plan.groups, ungrouped)
    groups += _kept(_nested(table, groups), ungrouped)
    return Grouping(tuple(groups), _grouped_schema(table.schema, groups))


class _Plan:
    """The top-level lists of a table that no group has taken yet, and the groups so far."""

    def __init__(self, table: EventTable) -> None:
        self._table = table
        self._records = has_records(table.schema)
        self.groups: list[Group] = []
        self.raw: dict[str, str] = {}
        """Collection -> the name of its field."""
        for collection in table.schema.collections:
            path = split(collection.name, records=self._records)
            if collection.parent == EVENTS and _plain(collection) and len(path) == 1:
                self.raw[collection.name] = path[0]
        self._taken = {c.name for c in table.schema.collections}

    def is_counter(self, name: str) -> bool:
        """Whether this is an integer variable with one value for each event."""
        found = self._table.schema.by_name.get(name)
        return found is not None and found.axis == EVENTS and not found.shape and found.dtype.kind in "iu"

    def stems(self) -> list[tuple[str, str]]:
        """``X`` and ``nX`` for each integer column so named that is free, the longest first."""
        used = {group.counter for group in self.groups}
        found = []
        for variable in self._table.schema.variables:
            mark = _COUNTER.match(variable.name)
            if mark and variable.name not in used and self.is_counter(variable.name):
                found.append((split(variable.name, records=self._records)[0][mark.end() :], variable.name))
        return sorted(found, key=lambda pair: -len(pair[0]))

    def counts_match(self, member: str, counter: str) -> bool:
        return np.array_equal(self._table.counts(member), self._table.columns[counter])

    def alike(self) -> list[list[str]]:
        """Lists with a common prefix and equal lengths, two or more, not all empty; large groups first."""
        classes: dict[tuple[str, bytes], list[str]] = {}
        for member, raw in self.raw.items():
            prefix = _prefix(raw)
            offsets = self._table.offsets[member]
            if offsets[-1] and prefix:
                classes.setdefault((prefix, offsets.tobytes()), []).append(member)
        return sorted((names for names in classes.values() if len(names) > 1), key=len, reverse=True)

    def add(self, name: str, members: Sequence[str], counter: str = "") -> None:
        """Take the members out of the pool and make them a group, under a name that is free."""
        members = [m for m in members if m in self.raw and (not counter or self.counts_match(m, counter))]
        if not members:
            return
        taken = (self._taken - set(members)) | {group.name for group in self.groups}
        for candidate in (name, counter, self.raw[members[0]], f"{name}_group"):
            if candidate and join((candidate,), records=self._records) not in taken:
                self.groups.append(Group(join((candidate,), records=self._records), tuple(members), counter))
                for member in members:
                    del self.raw[member]
                return


def _kept(groups: Sequence[Group], ungrouped: frozenset[str]) -> list[Group]:
    """Without the groups, and without the counters, that proved wrong."""
    kept = [replace(g, counter="") if g.counter in ungrouped else g for g in groups]
    return [group for group in kept if group.name not in ungrouped]


def _nested(table: EventTable, groups: Sequence[Group]) -> list[Group]:
    """Lists of equal lengths inside the objects of one group, level by level."""
    records = has_records(table.schema)
    home = {member: group.name for group in groups for member in group.members}
    found: list[Group] = []
    level = set(home)
    while level:
        classes: dict[tuple[str, bytes], list[str]] = {}
        inside = [c for c in table.schema.collections if c.parent in level]
        for collection in inside:
            offsets = table.offsets[collection.name]
            simple = _plain(collection) and len(split(collection.name, records=records)) == 1
            if simple and offsets[-1]:
                parent = home.get(collection.parent, collection.parent)
                classes.setdefault((parent, offsets.tobytes()), []).append(collection.name)
        for members in classes.values():
            if len(members) > 1:
                found.append(Group(members[0], tuple(members)))
                home.update(dict.fromkeys(members, members[0]))
        level = {c.name for c in inside}
    return found


def _grouped_schema(schema: Schema, groups: Sequence[Group]) -> Schema:
    """The schema with groups in place of their members, counters taken out of the variables."""
    home = {member: group for group in groups for member in group.members}
    renamed = {member: group.name for member, group in home.items()}
    counters = {group.counter for group in groups if group.counter}
    collections: dict[str, Collection] = {}
    for collection in schema.collections:
        parent = renamed.get(collection.parent, collection.parent)
        group = home.get(collection.name)
        new = replace(collection, name=group.name if group else collection.name, parent=parent)
        if group and group.counter:
            new = replace(new, counter=group.counter, counter_dtype=schema.by_name[group.counter].dtype)
        collections.setdefault(new.name, new)
    variables = tuple(
        replace(v, axis=renamed.get(v.axis, v.axis)) for v in schema.variables if v.name not in counters
    )
    return replace(schema, variables=variables, collections=tuple(collections.values()))


def _plain(collection: Collection) -> bool:
    return collection.layout == "list" and not collection.attributes


def _inverted(counters: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for member, counter in counters.items():
        found.setdefault(counter, []).append(member)
    return found


def _explicit_name(counter: str, raw: Sequence[str]) -> str:
    """``nJet`` counts ``Jet_pt``: the collection is ``Jet``; another counter lends its own name."""
    mark = _COUNTER.match(counter)
    stem = counter[mark.end() :] if mark else counter
    return stem if any(name.startswith(stem) for name in raw) else counter


def _prefix(name: str) -> str:
    """What stands before the first dot, else the first underscore, else the first capital; or nothing."""
    for separator in (".", "_"):
        head, found, _ = name.partition(separator)
        if head and found:
            return head
    camel = _CAMEL.match(name)
    return camel[0] if camel else ""


def _shared_prefix(names: Sequence[str]) -> str:
    """A readable name for a group: what its members' names have in common, cut at a separator."""
    common = os.path.commonprefix(list(names))
    cut = max(common.rfind("."), common.rfind("_"))
    return common[:cut] if cut > 0 else _prefix(names[0])
