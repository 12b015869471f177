"""`Quantiser`: values to target integers and back; what must come back exactly becomes integers of its own.

The symbols of the transform (or, with a relation, of the residual) stay below ``base - 1``. Spikes, values
that are frequent and that the transform would not give back exactly (NaN, -999), are ``base + k``. The
escape ``base - 1`` takes the next exact value from a list beside the targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.relations import Centred
from hepack.table import Variable
from hepack.transforms import Symbols, Transform, exact_transform, sentinels
from hepack.transforms.sentinel import SAMPLE

SLICE = 1 << 16
"""Values mapped at a time, so that the temporaries stay in the processor's cache."""

MAX_SPIKES = 32
MAX_BASE = 1 << 62


@dataclass(frozen=True)
class Quantised:
    """``targets``, shape ``(row,)``; ``restored`` what they decode to; ``raw`` the escaped exact values;
    ``predicted`` what the relation said, if there is one."""

    targets: Symbols
    restored: NDArray[Any]
    raw: Symbols
    predicted: NDArray[Any] | None = None


@dataclass(frozen=True, eq=False)
class Quantiser:
    """By a transform, or about a prediction by a centred map: one of the two. ``spikes``: exact symbols
    (`exact_transform`), ascending."""

    transform: Transform | None
    centred: Centred | None
    spikes: Symbols
    base: int

    @property
    def grid(self) -> Transform | Centred:
        """The transform or the centred map."""
        grid = self.transform or self.centred
        assert grid is not None
        return grid

    def tables(self) -> list[Symbols]:
        """Integer arrays that belong to the transform."""
        return self.transform.tables() if self.transform else []

    def forward(
        self,
        values: NDArray[Any],
        variable: Variable,
        predicted: NDArray[Any] | None,
        *,
        row_by_row: bool = False,
        kept: NDArray[Any] | None = None,
    ) -> Quantised:
        """Values, shape ``(row,)``, to targets; ``predicted`` is what the item's relation says.

        A packed column also keeps exactly what is frequent in it, or else the values ``kept``. ``row_by_row``, for
        scores, leaves that out: the target of a row then depends on that row alone.
        """
        targets = np.empty(len(values), np.int64)
        restored = np.empty(len(values), variable.dtype)
        exact = np.zeros(len(values), np.bool_)
        for start in range(0, len(values), SLICE):
            cut = slice(start, start + SLICE)
            near = None if predicted is None else predicted[cut]
            targets[cut], restored[cut], exact[cut] = self._map(values[cut], variable, near)
        if not row_by_row:
            exact |= self._moved(values, variable, restored, kept)
        raw = np.zeros(0, np.int64)
        places = np.flatnonzero(exact)
        if len(places):
            own = exact_transform(variable.dtype).forward(values[places])
            spike, known = self._spike(own)
            targets[places] = np.where(known, self.base + spike, self.base - 1)
            restored[places] = values[places]
            raw = own[~known]
        return Quantised(targets, restored, raw, predicted)

    def inverse(
        self, targets: Symbols, raw: Symbols, variable: Variable, predicted: NDArray[Any] | None
    ) -> NDArray[Any]:
        """Undo `forward`.

        Raises:
            CorruptFileError: the targets and the exact values contradict each other.
        """
        special = targets >= self.base - 1
        exact = special.any()
        symbols = np.where(special, 0, targets) if exact else targets
        values = np.empty(len(targets), variable.dtype)
        for start in range(0, len(targets), SLICE):
            cut = slice(start, start + SLICE)
            near = None if predicted is None else predicted[cut]
            values[cut] = self._back(symbols[cut], variable.dtype, near)
        if exact or len(raw):
            places = np.flatnonzero(special)
            spike = targets[places] - self.base
            if int((spike == -1).sum()) != len(raw) or (spike >= len(self.spikes)).any():
                raise CorruptFileError(f"the exact values of '{variable.name}' contradict its targets")
            own = np.empty(len(places), np.int64)
            own[spike == -1] = raw
            own[spike >= 0] = self.spikes[spike[spike >= 0]]
            values[places] = exact_transform(variable.dtype).inverse(own, variable.dtype)
        return values

    def _map(
        self, values: NDArray[Any], variable: Variable, predicted: NDArray[Any] | None
    ) -> tuple[Symbols, NDArray[Any], NDArray[np.bool_]]:
        """Symbols, what they decode to, and where that is not good enough."""
        ordinary = values
        if variable.dtype.kind == "f":
            special = ~np.isfinite(values)
            if special.any():
                ordinary = np.where(special, variable.dtype.type(0), values)
        if self.centred is not None:
            assert predicted is not None
            symbols = self.centred.forward(ordinary, predicted)
        else:
            assert self.transform is not None
            symbols = self.transform.forward(ordinary)
        restored = self._back(symbols, variable.dtype, predicted)
        broken = variable.tolerance.violated(values, restored, period=variable.period)
        return symbols, restored, broken | (symbols >= self.base - 1)

    def _back(self, symbols: Symbols, dtype: np.dtype[Any], predicted: NDArray[Any] | None) -> NDArray[Any]:
        if self.centred is not None:
            assert predicted is not None
            return self.centred.inverse(symbols, predicted, dtype)
        assert self.transform is not None
        return self.transform.inverse(symbols, dtype)

    def _spike(self, own: Symbols) -> tuple[Symbols, NDArray[np.bool_]]:
        """The number of the spike that each exact symbol is, and whether it is one."""
        place = np.searchsorted(self.spikes, own)
        known = place < len(self.spikes)
        known[known] = self.spikes[place[known]] == own[known]
        return place, known

    def kept(self, values: NDArray[Any], variable: Variable) -> NDArray[Any]:
        """The spikes and all values frequent in a column: what comes back bit for bit."""
        if variable.tolerance.is_lossless:
            return values[:0]
        frequent = sentinels(values[np.isfinite(values)], lambda distinct: np.full(len(distinct), np.nan))
        return np.concatenate([self._exact_spikes(variable), frequent])

    def _exact_spikes(self, variable: Variable) -> NDArray[Any]:
        return exact_transform(variable.dtype).inverse(self.spikes, variable.dtype)

    def _moved(
        self, values: NDArray[Any], variable: Variable, restored: NDArray[Any], kept: NDArray[Any] | None
    ) -> NDArray[np.bool_]:
        """Where a frequent value would not come back bit for bit, as docs/tolerances.md promises it does."""
        if variable.tolerance.is_lossless:
            return np.zeros(len(values), np.bool_)
        changed = np.asarray(values != restored)
        if kept is None:
            step = max(1, len(values) // SAMPLE)
            moved = np.unique(values[::step][changed[::step]])
            frequent = sentinels(
                values[np.isfinite(values)],
                lambda distinct: np.where(np.isin(distinct, moved), np.nan, distinct),
            )
            kept = np.concatenate([self._exact_spikes(variable), frequent])
        return changed & np.isin(values, kept) if len(kept) else np.zeros(len(values), np.bool_)
