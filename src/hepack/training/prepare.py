"""A `Problem` made ready for training: channels, axis, shuffled rows, and what a trained net becomes."""

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
_HELD_OUT, _MAX_HELD_OUT = 20, 20_000  # one row of so many, and at most so many rows


@dataclass(frozen=True)
class Size:
    """How large a net is: wide ones pay only for many rows."""

    hidden: int
    weight_limit: int

    @classmethod
    def of(cls, rows: int) -> Size:
        """For a model that will code so many rows."""
        for least, hidden, limit in ((600_000, 48, 63), (200_000, 32, 63), (40_000, 16, 31), (0, 8, 31)):
            if rows >= least:
                return cls(hidden, limit)
        raise AssertionError("rows are not negative")


@dataclass(frozen=True)
class Prepared:
    """Rows in random order, the last ``held_out`` of them kept from training."""

    channels: Channels
    axis: MixtureAxis
    size: Size
    inputs: NDArray[np.int16]
    kind: NDArray[np.int16]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    weight: NDArray[np.float32]
    held_out: int
    order: NDArray[np.int64]

    @classmethod
    def of(cls, problem: Problem, *, most: int, rng: np.random.Generator) -> Prepared | None:
        """Prepared from at most ``most`` rows; None for a problem that no net can help."""
        n = len(problem.targets)
        if n < 1000 or int(problem.targets.min()) == int(problem.targets.max()):
            return None
        channels = fit_channels(problem)
        if len(channels) == 0:
            return None
        axis = fit_axis(problem.targets, problem.rows)
        order = rng.permutation(n)[:most]
        held_out = min(_MAX_HELD_OUT, len(order) // _HELD_OUT)
        inputs = channels(problem.features[order])
        kind, low, high, weight = _aims(axis, problem.targets[order])
        size = Size.of(problem.rows)
        return cls(channels, axis, size, inputs, kind, low, high, weight, held_out, order)

    @property
    def rows(self) -> int:
        return len(self.inputs)


def _aims(axis: MixtureAxis, targets: NDArray[np.int64]) -> tuple[NDArray[np.int16], Floats, Floats, Floats]:
    """Class, places of both edges and weight of each row, as `hepack.training.loss.Aim` has them."""
    symbols, _, _ = axis.symbols(targets)
    spikes = len(axis.spikes)
    kind = np.clip(symbols, 0, axis.n_classes - 1).astype(np.int16)
    low = np.full(len(symbols), -FAR, np.float32)
    high = np.full(len(symbols), FAR, np.float32)
    if axis.components:
        edges = (axis.edges / (1 << PLACE_BITS)).astype(np.float32)
        edges[0], edges[-1] = -FAR, FAR
        inside = symbols >= spikes
        bins = symbols[inside] - spikes
        low[inside], high[inside] = edges[bins], edges[bins + 1]
    return kind, low, high, (symbols >= 0).astype(np.float32)
