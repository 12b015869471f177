"""Names in sentences: those near an unknown one, and the first of many."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def unknown_name(name: str, known: Sequence[str], place: str) -> str:
    """A sentence for an unknown name, with the nearest known ones."""
    near = difflib.get_close_matches(name, known, n=3) or list(known[:3])
    hint = ", ".join(f"'{item}'" for item in near) if near else "nothing at all"
    return f"there is no '{name}' in {place}; the nearest names are {hint}"


def listed(names: Sequence[str], shown: int = 5) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(f"'{name}'" for name in names[:shown]) + more
