"""What a study finds, section by section: sheets of numbers and pictures; `page` shows it, JSON keeps it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Entry = str | int | float | None


@dataclass(frozen=True)
class Sheet:
    """A table of figures; ``note`` says how to read it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A plot (a figure of matplotlib), with the sentence that explains it."""

    name: str
    caption: str
    figure: Any


@dataclass(frozen=True)
class Section:
    """One question and its answer. ``seconds`` is wall time, ``cpu_seconds`` that of the processor."""

    name: str
    title: str
    text: tuple[str, ...]
    sheets: tuple[Sheet, ...] = ()
    pictures: tuple[Picture, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Study:
    """A whole study; ``skipped`` maps sections that were left out to the reason."""

    title: str
    command: str
    machine: dict[str, Any]
    sections: tuple[Section, ...]
    skipped: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the pictures' bytes; NaN and infinities as None."""
        return {
            "title": self.title,
            "command": self.command,
            "machine": self.machine,
            "skipped": self.skipped,
            "sections": [
                {
                    "name": section.name,
                    "title": section.title,
                    "text": list(section.text),
                    "seconds": round(section.seconds, 2),
                    "cpu_seconds": round(section.cpu_seconds, 2),
                    "sheets": [
                        {
                            "title": s.title,
                            "note": s.note,
                            "header": list(s.header),
                            "rows": _plain_rows(s.rows),
                        }
                        for s in section.sheets
                    ],
                    "pictures": [{"name": p.name, "caption": p.caption} for p in section.pictures],
                }
                for section in self.sections
            ],
        }


def _plain_rows(rows: Sequence[Sequence[Entry]]) -> list[list[Entry]]:
    return [[_plain(entry) for entry in row] for row in rows]


def _plain(entry: Entry) -> Entry:
    if isinstance(entry, float):
        return float(f"{entry:.5g}") if math.isfinite(entry) else None
    return entry
