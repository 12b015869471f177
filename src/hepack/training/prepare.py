"""A `Problem` made ready for training: channels, axis, size of the net, and rows in random order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.base import Problem
from hepack.conditional.mlp.channels import Channels
from hepack.entropy.mixture_axis import MixtureAxis
from hepack.entropy.mixture_tables import PLACE_BITS
from hepack.training.axis import fit_axis
from hepack.training.inputs import fit_channels

Floats = NDArray[np.float32]

FAR = 1e4  # the place of the outermost edges, in scales
MIN_ROWS = 1000
_HELD_OUT, _MAX_HELD_OUT = 20, 20_000  # one row of so many, and at most so many rows


@dataclass(frozen=True)
class Size:
    """How large a net is: wide ones pay only for many rows."""

    hidden: int
    weight_limit: int

    @classmethod
    def of(cls, rows: int) -> Size:
        """For a model that will code so many rows."""
        for least, hidden, limit in ((600_000, 48, 127), (200_000, 32, 127), (40_000, 16, 127), (0, 8, 63)):
            if rows >= least:
                return cls(hidden, limit)
        raise AssertionError("rows are not negative")


@dataclass(frozen=True)
class Prepared:
    """What is fixed before training; ``order`` are the rows to use, the last ``held_out`` kept from training."""

    problem: Problem
    channels: Channels
    axis: MixtureAxis
    size: Size
    order: NDArray[np.int64]
    held_out: int

    @classmethod
    def of(cls, problem: Problem, *, most: int, rng: np.random.Generator) -> Prepared | None:
        """Prepared to train on ``most`` rows; None for a problem that no net can help."""
        n = len(problem.targets)
        order = rng.permutation(n)[:most]
        if n < MIN_ROWS or int(problem.targets.min()) == int(problem.targets.max()):
            return None
        channels = fit_channels(problem)
        if len(channels) == 0:
            return None
        axis = fit_axis(problem.targets, problem.rows)
        held_out = min(_MAX_HELD_OUT, len(order) // _HELD_OUT)
        return cls(problem, channels, axis, Size.of(problem.rows), order, held_out)

    @property
    def rows(self) -> int:
        return len(self.order)

    def inputs(self) -> NDArray[np.int16]:
        """The inputs of the rows, shape ``(row, channel)``."""
        return self.channels(self.problem.features[self.order])

    def aims(self) -> tuple[NDArray[np.int16], Floats]:
        """Class of each row; place of its bin's edges and its weight, shape ``(3, row)``: see `Aim`."""
        axis = self.axis
        symbols, _, _ = axis.symbols(self.problem.targets[self.order])
        spikes = len(axis.spikes)
        kind = np.clip(symbols, 0, axis.n_classes - 1).astype(np.int16)
        edges = np.empty((3, len(symbols)), np.float32)
        edges[0], edges[1], edges[2] = -FAR, FAR, symbols >= 0
        if axis.components:
            places = (axis.edges / (1 << PLACE_BITS)).astype(np.float32)
            places[0], places[-1] = -FAR, FAR
            inside = symbols >= spikes
            bins = symbols[inside] - spikes
            edges[0, inside], edges[1, inside] = places[bins], places[bins + 1]
        return kind, edges
