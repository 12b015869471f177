"""Put columns that share their lengths into one collection: ``nJet`` and ``Jet_*``, ``Jet.PT`` and ``Jet.Eta``.

A reader makes a table in which each jagged column has a collection of its own (`from_awkward`), lets
`decide` find out from the first events which of them belong together, and merges them in every block
with `Grouping.apply`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from hepack.io.base import GroupingError
from hepack.io.fieldpath import has_records, join, split
from hepack.table import EVENTS, Collection, EventTable, Schema, Variable

_COUNTER = re.compile(r"^[nN](?P<before>[A-Z_]\w*)$|^(?P<after>.+?)_(?:size|n)$")
_SEPARATOR = re.compile(r"[._]")


@dataclass(frozen=True)
class Grouping:
    """What belongs together, decided once for a file.

    ``separate`` is the schema with a collection for each column, ``schema`` the one after merging,
    and ``groups`` the new collections with the old ones that each takes in.
    """

    separate: Schema
    schema: Schema
    groups: Mapping[str, tuple[str, ...]]

    def apply(self, table: EventTable) -> EventTable:
        """Merge the collections of a block whose schema is ``separate``.

        Raises:
            GroupingError: in this block the columns of a group differ in length (it names the group), or
                from their counter (it names the counter).
        """
        taken: dict[str, str] = {}
        for group, members in self.groups.items():
            first = table.offsets[members[0]]
            if not all(np.array_equal(first, table.offsets[other]) for other in members[1:]):
                raise GroupingError(group)
            counter = self.schema.collection_by_name[group].counter
            if counter and not np.array_equal(np.diff(first), table.columns[counter]):
                raise GroupingError(counter)
            taken[group] = members[0]
        offsets = {c.name: table.offsets[taken.get(c.name, c.name)] for c in self.schema.collections}
        columns = {v.name: table.columns[v.name] for v in self.schema.variables}
        return EventTable(self.schema, table.n_events, offsets, columns)


def decide(
    table: EventTable,
    *,
    counters: Mapping[str, str] | None = None,
    ungrouped: frozenset[str] = frozenset(),
) -> Grouping:
    """Decide from the first events which collections of a table are one.

    Columns belong together if the file says so (``counters``: top-level field -> the column that
    holds its lengths), if an integer column ``nX``, ``NX`` or ``X_size`` holds the lengths of columns
    ``X`` or ``X_*``, or if they have a first name part and their lengths in common. A counter whose
    values are the lengths is no variable any more. Lists right inside the objects of a group are one
    collection where their lengths agree. Groups and counters named in ``ungrouped`` are not made so.
    """
    finder = _Finder(table, ungrouped)
    finder.by_counter(_explicit(finder, counters or {}))
    finder.by_counter(_by_name(finder))
    finder.by_prefix()
    finder.inside_groups()
    return Grouping(table.schema, _merged(table.schema, finder), dict(finder.groups))


class _Finder:
    """The groups found so far, and the collections still alone."""

    def __init__(self, table: EventTable, ungrouped: frozenset[str]) -> None:
        schema = table.schema
        self.table, self._ungrouped = table, ungrouped
        self.records = has_records(schema)
        self.alone: dict[str, str] = {}
        """Top-level field -> its collection."""
        for collection in schema.collections:
            path = split(collection.name, records=self.records)
            if collection.parent == EVENTS and _is_list(collection) and len(path) == 1:
                self.alone[path[0]] = collection.name
        self.lengths = {name: np.diff(table.offsets[name]) for name in self.alone.values()}
        self.keys = {name: counts.tobytes() for name, counts in self.lengths.items()}
        self.groups: dict[str, tuple[str, ...]] = {}
        self.counters: dict[str, str] = {}
        self._names = {c.name for c in schema.collections} | {EVENTS}

    def by_counter(self, claims: Mapping[str, str]) -> None:
        """Group by field -> counter; a counter that is not the lengths stays a variable."""
        fields: dict[str, list[str]] = defaultdict(list)
        for field, counter in claims.items():
            if field in self.alone:
                fields[counter].append(field)
        for counter, members in fields.items():
            name = _thing(counter, members)
            stored = self.table.columns[counter].tolist()
            fitting = [f for f in members if self.lengths[self.alone[f]].tolist() == stored]
            if fitting and counter not in self._ungrouped:
                self._add(name, fitting, counter)
            else:
                self._by_lengths(name, members)

    def by_prefix(self) -> None:
        """Group by the first part of the names and equal lengths; columns without objects stay alone."""
        buckets: dict[str, list[str]] = defaultdict(list)
        for field, collection in self.alone.items():
            head = _head(field)
            if head and self.table.offsets[collection][-1]:
                buckets[head].append(field)
        for members in buckets.values():
            self._by_lengths("", members)

    def inside_groups(self) -> None:
        """Group the lists right inside the objects of a group by their lengths, level by level."""
        home = {member: group for group, members in self.groups.items() for member in members}
        level = set(home)
        while level:
            buckets: dict[tuple[str, bytes], list[str]] = defaultdict(list)
            inside = [c for c in self.table.schema.collections if c.parent in level]
            for collection in inside:
                offsets = self.table.offsets[collection.name]
                path = split(collection.name, records=self.records)
                if _is_list(collection) and len(path) == 1 and offsets[-1]:
                    parent = home.get(collection.parent, collection.parent)
                    buckets[parent, offsets.tobytes()].append(collection.name)
            for members in buckets.values():
                if len(members) > 1 and members[0] not in self._ungrouped:
                    self.groups[members[0]] = tuple(members)
                    home.update(dict.fromkeys(members, members[0]))
            level = {c.name for c in inside}

    def _by_lengths(self, name: str, members: list[str]) -> None:
        buckets: dict[bytes, list[str]] = defaultdict(list)
        for field in members:
            buckets[self.keys[self.alone[field]]].append(field)
        for same in buckets.values():
            if len(same) > 1:
                self._add(name or _common(same), same, "")

    def _add(self, name: str, fields: list[str], counter: str) -> None:
        members = tuple(self.alone.pop(field) for field in fields)
        free = self._free(join((name,), records=self.records), members)
        self._names.add(free)
        if free not in self._ungrouped:
            self.groups[free] = members
            self.counters[free] = counter

    def _free(self, name: str, members: tuple[str, ...]) -> str:
        """A name that no other collection has; a group may be called like one of its columns."""
        free, number = name, 2
        while free in self._names and (free not in members or free in self._ungrouped):
            free, number = f"{name}_{number}", number + 1
        return free


def _is_list(collection: Collection) -> bool:
    return collection.layout == "list" and "regular" not in collection.attributes


def counted(counter: str) -> str:
    """What a counter counts, by its name: ``nJet``, ``NJet`` and ``Jet_size`` count ``Jet``; else empty."""
    match = _COUNTER.match(counter)
    return (match["before"] or match["after"]).rstrip("_") if match else ""


def _thing(counter: str, members: list[str]) -> str:
    """The name for what a counter counts: what its name says, or what the names of the members share."""
    rest = counter[1:]
    if counter[0] in "nN" and any(rest in _fronts(field) for field in members):
        return rest
    return counted(counter) or _common(members)


def _explicit(finder: _Finder, counters: Mapping[str, str]) -> dict[str, str]:
    usable = {v.name for v in _integers(finder.table.schema)}
    return {field: counter for field, counter in counters.items() if counter in usable}


def _by_name(finder: _Finder) -> dict[str, str]:
    """Each lone field with the counter of the longest front part of its name."""
    taken = set(finder.counters.values())
    things: dict[str, str] = {}
    for variable in _integers(finder.table.schema):
        thing = counted(variable.name)
        if thing and variable.name not in taken:
            things.setdefault(thing, variable.name)
    found = {}
    for field, collection in finder.alone.items():
        for thing in (part for part in _fronts(field) if part in things):
            if np.array_equal(finder.lengths[collection], finder.table.columns[things[thing]]):
                found[field] = things[thing]
                break
    return found


def _integers(schema: Schema) -> Iterator[Variable]:
    """The columns that may be counters."""
    for v in schema.variables:
        if v.axis == EVENTS and not v.shape and v.dtype.kind in "iu" and "\\" not in v.name:
            yield v


def _fronts(field: str) -> Iterator[str]:
    """``Jet_b_tag`` -> Jet_b_tag, Jet_b, Jet."""
    yield field.rstrip("_")
    for match in reversed(list(_SEPARATOR.finditer(field))):
        yield field[: match.start()]


def _head(field: str) -> str:
    """The first part of a name: up to a dot, or without one up to an underscore."""
    for separator in "._":
        head, found, _ = field.partition(separator)
        if found:
            return head
    return ""


def _common(fields: list[str]) -> str:
    """The longest front part that several names share, or the first name."""
    shared = set.intersection(*({*_fronts(field)} for field in fields))
    return max(shared, key=len, default="") or _head(fields[0]) or fields[0]


def _merged(schema: Schema, finder: _Finder) -> Schema:
    """The schema with the groups in the place of their first members."""
    home = {member: group for group, members in finder.groups.items() for member in members}
    hidden = set(finder.counters.values())
    collections: dict[str, Collection] = {}
    for collection in schema.collections:
        name = home.get(collection.name, collection.name)
        if name in collections:
            continue
        counter = finder.counters.get(name, "")
        collections[name] = replace(
            collection,
            name=name,
            parent=home.get(collection.parent, collection.parent),
            counter=counter,
            counter_dtype=schema.by_name[counter].dtype if counter else collection.counter_dtype,
        )
    variables = tuple(
        replace(v, axis=home.get(v.axis, v.axis)) for v in schema.variables if v.name not in hidden
    )
    return replace(schema, variables=variables, collections=tuple(collections.values()))
