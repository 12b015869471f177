"""The fields of an RNTuple: their tree, their Awkward form, and the bytes that they take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import awkward as ak
import uproot

Parts = Mapping[int, list[int]]
"""Field number -> the numbers of the fields right below it, where there are any."""


def parts_of(ntuple: Any) -> Parts:
    """The tree of the fields, below the top level."""
    parts: dict[int, list[int]] = {}
    for index, record in enumerate(ntuple.field_records):
        if record.parent_field_id != index:
            parts.setdefault(record.parent_field_id, []).append(index)
    return parts


def below(index: int, parts: Parts) -> Iterator[int]:
    """A field and all that is below it, each before its parts."""
    pending = [index]
    while pending:
        current = pending.pop()
        yield current
        pending += reversed(parts.get(current, ()))


def form_of(ntuple: Any, fields: Iterable[Any]) -> Any:
    """The form of whole top-level fields, as uproot's ``to_akform`` makes it.

    That one compares the name of each field with the names of all, so that 3,000 fields take seconds;
    here they are compared within one top-level field.
    """
    parts, contents, names = parts_of(ntuple), [], []
    for field in fields:
        paths = [ntuple.all_fields[index].path for index in below(field.field_id, parts)]
        contents.append(ntuple.field_form(field.field_id, [path for path in paths if path]))
        names.append(field.name)
    return ak.forms.RecordForm(contents, names, form_key="toplevel")


def stored_bytes(ntuple: Any, fields: Iterable[Any]) -> dict[tuple[str, ...], int]:
    """The bytes of the pages of top-level fields, by path: names of fields in fields.

    What a projected field shares with others, the lengths of its lists, counts for nothing.
    """
    parts, columns = parts_of(ntuple), _column_bytes(ntuple)
    found: dict[tuple[str, ...], int] = {}
    for field in fields:
        paths: dict[int, tuple[str, ...]] = {field.field_id: (field.name,)}
        for index in below(field.field_id, parts):
            item = ntuple.all_fields[index]
            if index not in paths:
                over = paths[item.record.parent_field_id]
                paths[index] = over if item.is_anonymous else (*over, item.name)
            source = item.record.source_field_id
            if source is not None and item.record.struct_role == uproot.const.RNTupleFieldRole.COLLECTION:
                continue
            stored = columns.get(index if source is None else source, 0)
            found[paths[index]] = found.get(paths[index], 0) + stored
    return found


def _column_bytes(ntuple: Any) -> dict[int, int]:
    """Field number -> the bytes of the pages of its own columns."""
    totals: dict[int, int] = defaultdict(int)
    for cluster in ntuple.page_link_list:
        for column, pages in zip(ntuple.column_records, cluster, strict=False):  # late columns may lack
            totals[column.field_id] += sum(page.locator.num_bytes for page in pages.pages)
    return totals
