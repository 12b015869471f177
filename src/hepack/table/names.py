"""Say which names come near an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def unknown_name(name: str, known: Sequence[str], place: str) -> str:
    """A sentence for an unknown name, with the nearest known ones."""
    near = difflib.get_close_matches(name, known, n=3) or list(known[:3])
    hint = ", ".join(f"'{item}'" for item in near) if near else "nothing at all"
    return f"there is no '{name}' in {place}; the nearest names are {hint}"
