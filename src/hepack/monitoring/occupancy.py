"""`OccupancyProbe`: where in eta and phi the objects of a collection lie; holes and hot spots of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.monitoring.blocks import Blocks
from hepack.monitoring.columns import Columns, Floats, Ints
from hepack.monitoring.permutation import normalised, signed_root
from hepack.monitoring.probes import Test
from hepack.physics.kinematics import TURN

ETA_BINS, PHI_BINS = 48, 48
WINDOWS = ((1, 1), (2, 2), (4, 4), (8, 8), (2, 8), (8, 2), (48, 2), (2, 48))
"""Bins in eta and phi of the windows that are looked at: one, an even number that divides, or all."""
LEAST = 8.0
"""Objects that a window must hold in run and reference together."""


@dataclass(frozen=True)
class Window:
    """A window of the map: ``found`` objects of the run, ``expected`` from the reference."""

    eta: tuple[float, float]
    phi: tuple[float, float]
    found: int
    expected: float
    z: float


@dataclass(frozen=True, kw_only=True)
class OccupancyProbe:
    """``pairs`` are the columns of eta and phi, each with the pt that is above zero where there is an object."""

    column: str
    pairs: tuple[tuple[str, str, str], ...]
    low: float
    high: float

    @property
    def tests(self) -> tuple[Test, ...]:
        return tuple(
            Test(name=f"{self.column}:occupancy:{kind}", column=self.column, kind=kind, measure="occupancy",
                 two_sided=False)
            for kind in ("hole", "hot")
        )  # fmt: skip

    def sums(self, columns: Columns, blocks: Blocks) -> Floats:
        total = np.zeros((blocks.count, ETA_BINS * PHI_BINS))
        for eta, phi, pt in self.pairs:
            places = self._places(columns, eta, phi, pt)
            total += blocks.sums(columns.events_of(eta), places, ETA_BINS * PHI_BINS)
        return total

    def _places(self, columns: Columns, eta: str, phi: str, pt: str) -> Ints:
        east, turn = columns.values[eta], columns.values[phi]
        known = np.isfinite(east) & np.isfinite(turn) & (np.abs(turn) < 1e6)
        if pt:
            known &= columns.values[pt] > 0
        east, turn = np.where(known, east, 0.0), np.where(known, turn, 0.0)
        row = np.floor((east - self.low) / (self.high - self.low) * ETA_BINS)
        known &= (row >= 0) & (row < ETA_BINS)
        column = np.floor(np.mod(turn + TURN / 2, TURN) / TURN * PHI_BINS)
        place = np.clip(row, 0, ETA_BINS - 1) * PHI_BINS + np.clip(column, 0, PHI_BINS - 1)
        return np.where(known, place, -1).astype(np.int64)

    def statistics(self, sums: Floats, found: Floats, run: int) -> Floats:
        found = found.astype(np.float32)  # counts are exact up to 2**24
        totals = sums.sum(axis=0)
        if not totals.sum():
            return np.zeros((len(found), 2))
        share = np.clip(found.sum(axis=1) / totals.sum(), 1e-12, 1 - 1e-12)
        holes = hot = np.zeros(len(found))
        for window in WINDOWS:
            z, _, _ = _scan(found, totals, share, window)
            holes, hot = np.maximum(holes, -z.min(axis=1)), np.maximum(hot, z.max(axis=1))
        return np.stack([normalised(holes), normalised(hot)], axis=1)

    def locate(self, sums: Floats, run: int, kind: str) -> Window | None:
        """The window that stands out most in the first ``run`` blocks; None without objects."""
        found = sums[:run].sum(axis=0, keepdims=True)
        totals = sums.sum(axis=0)
        if not totals.sum() or not found.sum():
            return None
        share = found.sum(axis=1) / totals.sum()
        sign = -1.0 if kind == "hole" else 1.0
        best: Window | None = None
        for window in WINDOWS:
            z, counts, places = _scan(found, totals, share, window)
            at = int(np.argmax(sign * z[0]))
            if best is None or sign * z[0, at] > sign * best.z:
                best = self._window(
                    window, int(places[at]), float(counts[0, at]), totals, found, float(z[0, at])
                )
        return best

    def _window(
        self, size: tuple[int, int], place: int, inside: float, totals: Floats, found: Floats, z: float
    ) -> Window:
        row, column = divmod(place, PHI_BINS)
        step, turn = (self.high - self.low) / ETA_BINS, TURN / PHI_BINS
        low, left = self.low + row * step, column * turn - TURN / 2
        sums, origins = windows(totals[None], size)
        known = float(sums[0, np.flatnonzero(origins == place)[0]]) - inside
        outside = totals.sum() - found.sum()
        expected = known * found.sum() / outside if outside else 0.0
        return Window(
            (low, low + size[0] * step), (left, left + size[1] * turn), int(inside), float(expected), z
        )  # fmt: skip


def _scan(found: Floats, totals: Floats, share: Floats, size: tuple[int, int]) -> tuple[Floats, Floats, Ints]:
    """Deviations and counts ``(trial, window)`` of the windows of a size that hold enough, and the bin of each."""
    whole, origins = windows(totals[None], size)
    held = np.flatnonzero(whole[0] >= LEAST)
    if not len(held):
        return np.zeros((len(found), 1)), np.zeros((len(found), 1)), np.zeros(1, np.int64)
    counts = windows(found, size)[0][:, held]
    z = signed_root(counts, whole[0, held], share[:, None].astype(counts.dtype))
    return z, counts, origins[held]


def windows(cells: Floats, size: tuple[int, int]) -> tuple[Floats, Ints]:
    """Sums over windows, shape ``(trial, window)``, and the bin where each begins.

    Windows begin at every half of their size, in the range of eta and around the circle of phi.
    """
    grid = cells.reshape(-1, ETA_BINS, PHI_BINS)
    down, across = (max(1, length // 2) for length in size)
    if size[1] == PHI_BINS:
        across = PHI_BINS
    if down * across > 1:
        grid = grid.reshape(-1, ETA_BINS // down, down, PHI_BINS // across, across).sum(axis=(2, 4))
    if size[0] > down:
        grid = grid[:, :-1] + grid[:, 1:]
    if size[1] > across:
        grid = grid + np.roll(grid, -1, axis=2)
    rows, columns = np.arange(grid.shape[1]) * down, np.arange(grid.shape[2]) * across
    return grid.reshape(len(cells), -1), (rows[:, None] * PHI_BINS + columns).reshape(-1)
