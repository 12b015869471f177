"""`Choice`: the best model of an item so far, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from hepack.conditional import Conditional, Problem
from hepack.conditional.base import MAX_FEATURE
from hepack.conditional.history import History
from hepack.learned import Feature, ItemModel
from hepack.learned.features import MISSING
from hepack.table import EVENTS

ITEM_BITS = 8 * 40
"""About what the description of an item in the model takes, beside its conditional model."""

WORTH = 0.993
"""A first conditional model has to save this much: it makes a column slower, and others its sources."""

WORTH_LEARNING_ON = 0.95
"""What a history must save, where time counts: it takes ten times as long as trees, to pack and to unpack."""

TRUSTED_ROWS = 1 << 15
"""A sample of so many rows may stand for twice as many when the size of a model is weighed."""


@dataclass(frozen=True, eq=False)
class Choice:
    """An item's model so far, and its cost in bits over all rows; ``plain``: without any model.

    Where the sample is only a part of the rows, a model is fitted to seven eighths of it and judged by the rest.
    """

    axis: str
    model: ItemModel
    cost: float
    plain: float
    features: list[Feature] = field(default_factory=list)
    problem: Problem | None = None

    @property
    def pays(self) -> bool:
        """Whether the item is smaller than by itself."""
        return self.cost < self.plain

    @property
    def is_free(self) -> bool:
        """Whether it repeats an item before it, so that nothing of it is stored."""
        return self.cost == self.plain == 0

    @property
    def _cut(self) -> int:
        """The rows to fit to: all of them if there are no others."""
        assert self.problem is not None
        n = len(self.problem.targets)
        return n if self.problem.rows <= 1.01 * n else n - n // 8

    def training(self) -> Problem:
        """What to fit to. A small sample is no ground for a large model, however many rows are to come."""
        assert self.problem is not None
        cut = self._cut
        if cut == len(self.problem.targets):
            return self.problem
        rows = int(min(self.problem.rows, cut * (1 + cut / TRUSTED_ROWS)))
        return _part(self.problem, slice(0, cut), rows)

    def _held(self) -> Problem:
        """What to judge by."""
        assert self.problem is not None
        cut = self._cut
        whole = cut == len(self.problem.targets)
        return self.problem if whole else _part(self.problem, slice(cut, None), self.problem.rows)

    def better(self, conditional: Conditional | None, *, worth: float = 1.0) -> Choice:
        """With a conditional model fitted to the problem, if it costs less than this part of what there is."""
        given = self.problem
        if conditional is None or given is None:
            return self
        # as a reader will have it: what is checked while packing is what was stored
        conditional = type(conditional).from_bytes(conditional.to_bytes(), len(self.features))
        held = self._held()
        if isinstance(conditional, History):  # it learns on, so that its mean over the sample is too much
            cost = 8 * conditional.cost(given) + ITEM_BITS
            bits = cost / max(1, given.rows)
        else:
            bits = float(conditional.bits(held.features, held.targets, held.first).mean())
            cost = bits * given.rows + 8 * len(conditional.to_bytes()) + ITEM_BITS
        if cost >= self.cost * min(worth, 1.0 if self.model.conditional else WORTH):
            return self
        used = tuple(f if i in conditional.used else None for i, f in enumerate(self.features))
        model = replace(self.model, features=used, conditional=conditional, bits=bits)
        return replace(self, model=model, cost=cost)

    def with_lag(self) -> Choice:
        """With the previous row's target as one more feature, where rows have a row before."""
        given = self.problem
        if given is None or given.first is None or self.axis == EVENTS:
            return self
        span = int(np.abs(given.targets).max())
        shift = max(0, span.bit_length() - 23)
        column = np.full(len(given.targets), MISSING, np.int32)
        column[1:] = np.clip(given.targets[:-1] >> shift, -MAX_FEATURE, MAX_FEATURE)
        column[given.first] = MISSING
        rows = np.column_stack([given.features, column]).astype(np.int32)
        features = [*self.features, Feature("lag", str(shift))]
        return replace(self, features=features, problem=replace(given, features=rows))


def _part(problem: Problem, rows: slice, count: int) -> Problem:
    """Some rows of a problem; the first of them has no row before it."""
    first = None
    if problem.first is not None:
        first = problem.first[rows].copy()
        first[:1] = True
    return Problem(problem.features[rows], problem.targets[rows], count, first)
