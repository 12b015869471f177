"""Names of nested columns: parts joined by dots, ``[]`` for lists directly inside lists.

In a table with ``attributes["records"]`` the variable ``jets.pt`` is the field ``pt`` of the records
``jets``; a dot that belongs to a name is written ``\\.`` (and so are ``\\`` and ``[``). The collection
``jets`` holds the lengths of the lists found at ``jets``; a list directly inside it is ``jets[]``.
Without ``records`` a dot means nothing, and every collection above a variable wraps it in turn.
"""

from __future__ import annotations

import re

from hepack.table import EVENTS, Schema, Variable

Path = tuple[str, ...]

_PART = re.compile(r"((?:[^.\\\[]|\\.)*)(?:\[\])*(?:\.|$)", re.DOTALL)
_SPECIAL = re.compile(r"([.\\\[])")


def join(path: Path, *, records: bool) -> str:
    """The name of a column."""
    if not records:
        return ".".join(path)
    return ".".join(_SPECIAL.sub(r"\\\1", part) for part in path)


def split(name: str, *, records: bool) -> Path:
    """Undo `join`; with ``records``, the list marks of a collection's name are taken off."""
    if not records:
        return (name,)
    parts, start = [], 0
    while start < len(name):
        match = _PART.match(name, start)
        if match is None:  # a name that `join` did not make
            return (name,)
        parts.append(re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL))
        start = match.end()
    return tuple(parts)


def has_records(schema: Schema) -> bool:
    """Whether dots in the names of a table mean records."""
    return bool(schema.attributes.get("records", False))


def members_of(schema: Schema) -> dict[str, list[Variable]]:
    """Each top-level field and the variables that make it up; a counter has none.

    In the order of the variables, a counter before the first variable of its collection.
    """
    records = has_records(schema)
    counters = {collection.name: collection.counter for collection in schema.collections}
    found: dict[str, list[Variable]] = {}
    for variable in schema.variables:
        if variable.axis != EVENTS:
            for name in schema.ancestors(variable.axis):
                if counters[name]:
                    found.setdefault(counters[name], [])
        found.setdefault(split(variable.name, records=records)[0], []).append(variable)
    for counter in schema.counters:
        found.setdefault(counter, [])
    return found
