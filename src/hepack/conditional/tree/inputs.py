"""`Inputs`: the columns that a model reads, and the place for the previous row's target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.conditional.base import Features, Targets

NO_ROW = -(1 << 31)
_LIMIT = (1 << 31) - 1


@dataclass(frozen=True)
class Inputs:
    """``columns``, shape ``(column, row)``, at least one: the used features, then the previous target."""

    columns: NDArray[np.int32]
    first: NDArray[np.bool_]

    @classmethod
    def of(
        cls, features: Features, used: tuple[int, ...], first: NDArray[np.bool_] | None, lagged: bool
    ) -> Self:
        n = len(features)
        if features.ndim != 2 or (used and used[-1] >= features.shape[1]):
            raise BadRequestError(f"features have shape {features.shape}, but feature {used[-1:]} is needed")
        columns = np.zeros((max(len(used) + lagged, 1), n), np.int32)
        for column, feature in zip(columns, used, strict=False):
            column[:] = features[:, feature]
        if not lagged:
            return cls(columns, np.zeros(0, np.bool_))
        if first is None or len(first) != n:
            raise BadRequestError(
                f"a model that looks at the previous row needs 'first' for each of {n} rows"
            )
        starts = np.array(first, np.bool_)
        starts[:1] = True
        return cls(columns, starts)

    def fill(self, targets: Targets) -> Targets:
        """Write the previous targets, as trees see them, into the last column; also those themselves."""
        previous = np.zeros_like(targets)
        previous[1:] = targets[:-1]
        previous[self.first] = 0
        column = np.clip(previous, -_LIMIT, _LIMIT)
        column[self.first] = NO_ROW
        self.columns[-1] = column
        return previous
