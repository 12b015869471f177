"""Sizes in words, the same on the screen and on the page of a report."""

from __future__ import annotations


def size(number: float) -> str:
    """Bytes for people: ``12.30 kB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(number) < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.2f} {unit}"
        number /= 1000
    return f"{number:.2f} TB"
