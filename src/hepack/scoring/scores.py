"""`Scorer`: what every method offers; `Look`: a table as the methods see it, each view made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hepack.scoring.flat import Summary
from hepack.scoring.lengths import CodeLengths, Lengths
from hepack.table import EventTable

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Look:
    """``coder`` and ``summary`` are those of the reference; None where no method needs them."""

    table: EventTable
    coder: CodeLengths | None
    summary: Summary | None

    @cached_property
    def lengths(self) -> Lengths:
        """The bits of every value."""
        assert self.coder is not None
        return self.coder.measure(self.table)

    @cached_property
    def rows(self) -> Floats:
        """The events as rows of a summary, shape ``(event, column)``."""
        assert self.summary is not None
        return self.summary.rows(self.table)


@dataclass(frozen=True, eq=False)
class Contributions:
    """``values``, shape ``(event, name)``: how much of an event's score each variable is to blame for.

    ``objects``: the same for every object of a collection, shape ``(object,)``; NaN where a method does not look.
    """

    names: tuple[str, ...]
    values: Floats
    objects: Mapping[str, Floats]

    def largest(self, event: int, most: int) -> list[tuple[str, float]]:
        """The variables that count most in an event, largest first."""
        order = np.argsort(-np.abs(self.values[event]), kind="stable")[:most]
        return [(self.names[i], float(self.values[event, i])) for i in order]


class Scorer(Protocol):
    """A fitted method. The score of an event depends on that event alone; larger is less usual."""

    @property
    def method(self) -> str: ...

    def score(self, look: Look) -> Floats:
        """Shape ``(event,)``, finite whatever the values."""
        ...

    def contributions(self, look: Look) -> Contributions:
        """Of each variable and object. Slower than `score` for methods without a sum over variables."""
        ...


def occluded(score: Any, rows: Floats, centre: Floats) -> Floats:
    """Contributions of columns for a score that is no sum: by how much it falls with the column at its centre.

    ``score`` takes rows ``(event, column)`` and gives ``(event,)`` (Zeiler and Fergus, arXiv:1311.2901, sec. 4.2).
    """
    whole = score(rows)
    found = np.empty(rows.shape)
    for place in range(rows.shape[1]):
        changed = rows.copy()
        changed[:, place] = centre[place]
        found[:, place] = whole - score(changed)
    return found
