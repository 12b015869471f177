"""The columns of one TTree or RNTuple: what they are called, what can be read, and the reading."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import awkward as ak
import uproot

from hepack._errors import BadInputError
from hepack.io.arrays import fields, from_awkward
from hepack.io.base import Skipped
from hepack.io.fieldpath import has_records, members_of, split
from hepack.io.root_fields import form_of, parts_of, stored_bytes
from hepack.table import Schema

TREES = frozenset(["TTree", "TNtuple", "TNtupleD"])
NTUPLES = frozenset(["ROOT::RNTuple", "ROOT::Experimental::RNTuple"])

_PROJECTED = 2
"""The flag of an RNTuple field that shows part of another field under its own name."""

_LEAF_CODE = re.compile(r"(?:\[[^\]]*\])*/[A-Za-z](?:\[.*\])?$")


@dataclass(frozen=True)
class Columns:
    """The readable columns of a tree: name -> branch or field, with what the file says about them.

    ``counters`` maps a jagged column to the column that holds its lengths, where ROOT knows of one.
    ``bulk`` is the RNTuple that gives all fields in one call.
    """

    n_events: int
    sources: Mapping[str, Any]
    titles: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    bulk: Any = None

    def read(self, start: int, stop: int) -> dict[str, ak.Array]:
        """The events ``start`` to ``stop`` of every column.

        Raises:
            BadInputError: a column cannot be read; the file is damaged.
        """
        if self.bulk is not None:
            return self._read_at_once(start, stop)
        arrays = {}
        for name, source in self.sources.items():
            try:
                arrays[name] = read_array(source, start, stop)
            except Exception as error:  # damaged bytes can raise anything
                raise BadInputError(
                    f"column '{name}' cannot be read from event {start} on, the file is damaged: "
                    f"{one_line(error)}"
                ) from error
        return arrays

    def _read_at_once(self, start: int, stop: int) -> dict[str, ak.Array]:
        """An RNTuple is far faster to read whole than field by field."""
        try:
            self.bulk.to_akform = self._form  # which `arrays` asks for what to read
            found = self.bulk.arrays(entry_start=start, entry_stop=stop)
        except Exception as error:  # damaged bytes can raise anything
            raise BadInputError(
                f"the events from {start} on cannot be read, the file is damaged: {one_line(error)}"
            ) from error
        return {name: found[name] for name in self.sources}

    def _form(self, **_: Any) -> tuple[Any, None]:
        return self._whole_form, None

    @cached_property
    def _whole_form(self) -> Any:
        return form_of(self.bulk, self.sources.values())

    def stored_bytes(self, schema: Schema) -> dict[str, int]:
        """Bytes on disk by variable of the table's ``schema``, where each variable has its own.

        A column that became several variables is left out, unless it is a field of an RNTuple.
        """
        records = has_records(schema)
        if self.bulk is not None:
            paths = stored_bytes(self.bulk, self.sources.values())
            names = {split(v.name, records=records): v.name for v in schema.variables}
            return {names[path]: stored for path, stored in paths.items() if path in names}
        members = members_of(schema)
        return {
            members[name][0].name: int(branch.compressed_bytes)
            for name, branch in self.sources.items()
            if len(members.get(name, ())) == 1
        }


def columns_of(tree: Any, probe: int) -> tuple[Columns, dict[str, ak.Array]]:
    """Survey a tree; returns also the first ``probe`` events of the columns.

    A column of a type that cannot be read is skipped.

    Raises:
        BadInputError: a column of plain numbers cannot be read, so the file is damaged.
    """
    is_tree = isinstance(tree, uproot.behaviors.TTree.TTree)
    found = _tree_columns(tree) if is_tree else _ntuple_columns(tree)
    probe = min(probe, found.n_events)
    arrays, skipped = {}, []
    if found.bulk is not None:
        with contextlib.suppress(BadInputError):  # then field by field, to see which is at fault
            arrays = found.read(0, probe)
    for name, source in found.sources.items():
        if name in arrays:
            continue
        if source.num_entries != found.n_events:
            skipped.append(
                Skipped(name, f"it has {source.num_entries} entries in a tree of {found.n_events}")
            )
            continue
        array = _first(source, probe)
        if array is None:
            skipped.append(Skipped(name, f"uproot cannot read its type {source.typename}"))
        else:
            arrays[name] = array
    table, unfit = from_awkward(arrays, name=tree.name)
    arrays = {name: arrays[name] for name in fields(table.schema)}
    sources = {name: found.sources[name] for name in arrays}
    return replace(found, sources=sources, skipped=(*skipped, *unfit)), arrays


def read_array(source: Any, start: int, stop: int) -> ak.Array:
    """Some events of a branch or field."""
    if isinstance(source, uproot.TBranch):
        return source.array(entry_start=start, entry_stop=stop, library="ak", array_cache=None)
    return source.array(entry_start=start, entry_stop=stop)


def one_line(error: BaseException) -> str:
    """What an error says, cut to one short line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__} {text[:120]}".strip()


def _first(source: Any, probe: int) -> ak.Array | None:
    """The first events of a column, or None where uproot does not know its type."""
    try:
        array = read_array(source, 0, probe)
    except Exception as error:
        if _is_plain(source):
            raise BadInputError(
                f"column '{source.name}' cannot be read, the file is damaged: {one_line(error)}"
            ) from error
        return None
    if len(array) != probe:
        raise BadInputError(
            f"column '{source.name}' gives {len(array)} of {probe} events; the file is damaged"
        )
    return array


def _is_plain(source: Any) -> bool:
    if not isinstance(source, uproot.TBranch):
        return False
    kind = source.interpretation
    if isinstance(kind, uproot.AsJagged):
        kind = kind.content
    return type(kind) is uproot.AsDtype  # not its children, which stand for objects


def _tree_columns(tree: Any) -> Columns:
    leaves = list(_leaves(tree))
    times = Counter(branch.name for _, branch in leaves)
    names = {id(branch): path if times[branch.name] > 1 else branch.name for path, branch in leaves}
    counters, titles = {}, {}
    for _, branch in leaves:
        name = names[id(branch)]
        if branch.count_branch is not None and id(branch.count_branch) in names:
            counters[name] = names[id(branch.count_branch)]
        titles[name] = _telling(branch.title, branch.name)
    title = _telling(tree.title, tree.name)
    return Columns(
        int(tree.num_entries),
        {names[id(branch)]: branch for _, branch in leaves},
        titles,
        counters,
        attributes={"title": title} if title else {},
    )


def _leaves(tree: Any) -> Iterator[tuple[str, Any]]:
    """The branches that hold data: a split branch is but the sum of its parts, or counts them."""
    for path, branch in tree.iteritems(recursive=True, full_paths=True):
        if not branch.branches:
            yield path, branch


def _telling(title: str, name: str) -> str:
    """A title, where it says more than the name and the type."""
    plain = _LEAF_CODE.sub("", title.strip())
    plain = re.sub(r"(?:\[[^\]]*\])+$", "", plain)
    return (
        "" if plain == name or name.endswith(f".{plain}") or name.startswith(f"{plain}[") else title.strip()
    )


def _ntuple_columns(ntuple: Any) -> Columns:
    records = ntuple.field_records
    top = {i: r for i, r in enumerate(records) if r.parent_field_id == i}
    projected = {r.field_name for r in top.values() if r.flags & _PROJECTED}
    parts = parts_of(ntuple)
    for index, item in enumerate(ntuple.all_fields):
        if index not in parts:
            item._fields = []  # else uproot goes through all fields to find that each leaf has none
    names = []
    for index, record in top.items():
        leaves = _parts_of(index, parts, records)
        whole = record.field_name.startswith("_") and leaves and leaves <= projected
        if not whole:  # every part of it is shown under a name of its own
            names.append(record.field_name)
    titles = {r.field_name: _telling(r.field_desc, r.field_name) for r in top.values()}
    fields = {item.name: item for item in ntuple.values(recursive=False)}
    title = _telling(ntuple.description or "", ntuple.name)
    return Columns(
        int(ntuple.num_entries),
        {name: fields[name] for name in names},
        titles,
        attributes={"container": "rntuple"} | ({"title": title} if title else {}),
        bulk=ntuple,
    )


def _parts_of(index: int, parts: Mapping[int, list[int]], records: Any) -> set[str]:
    """The names of the fields of the records in a collection."""
    items = parts.get(index, [])
    return {records[part].field_name for item in items for part in parts.get(item, [])}
