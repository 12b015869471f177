"""The teacher of a trigger net: bits that an event takes in a code of plain tables, fitted to background.

A tiny net trained on reconstruction alone learns what is common, not what is rare. As CICADA (CMS-DP-2023/086)
and arXiv:2310.06047 teach a small net the score of a large one, this net is taught the code length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.firmware.layout import OBJECTS, sort_objects

Counts = NDArray[np.int32]
Values = NDArray[np.float64]
BINS = 16
PRIOR = 0.5
"""Events added to every cell, so that what never occurred is rare, not impossible."""


@dataclass(frozen=True)
class Teacher:
    """Tables of bits. ``edges`` cut companded pt; ``objects[slot]`` has shape ``(bins before, bins)``."""

    kinds: tuple[int, int, int, int]
    edges: NDArray[np.int64]
    numbers: Values
    objects: tuple[Values, ...]
    lead_edges: NDArray[np.int64]
    lead: Values

    def bits(self, companded: Counts) -> Values:
        """Code length of each event: the numbers of objects, the hardest lepton, each pt given the one before."""
        found = self.numbers[_numbers(companded, self.kinds)] + self.lead[self._lead(companded)]
        binned = _binned(companded, self.edges)
        for slot, table in enumerate(self.objects):
            found += table[_before(binned, slot, self.kinds), binned[:, slot]]
        return found

    def _lead(self, companded: Counts) -> NDArray[np.int64]:
        return np.asarray(
            np.searchsorted(self.lead_edges, _lead_pt(companded, self.kinds), "right"), np.int64
        )


def teach(companded: Counts) -> Teacher:
    """Fit the tables to background: companded integers of shape ``(event, input)``."""
    kinds = OBJECTS[companded.shape[1]]
    pt = companded.reshape(len(companded), -1, 3)[..., 0]
    edges = np.unique(np.quantile(pt[pt > 0], np.linspace(0, 0.999, BINS)).astype(np.int64))
    cells = int(np.prod([n + 1 for n in kinds[1:]]))
    numbers = np.bincount(_numbers(companded, kinds), minlength=cells) + PRIOR
    binned = _binned(companded, edges)
    size = len(edges) + 1
    tables = []
    for slot in range(sum(kinds)):
        cell = _before(binned, slot, kinds) * size + binned[:, slot]
        counts = np.bincount(cell, minlength=size * size).reshape(size, size) + PRIOR
        counts[:, 0] = PRIOR  # absence is in the numbers of objects already
        table = -np.log2(counts / counts.sum(axis=1, keepdims=True))
        table[:, 0] = 0.0
        tables.append(table)
    lead = _lead_pt(companded, kinds)
    lead_edges = np.unique(np.quantile(lead, np.linspace(0, 0.999, BINS)).astype(np.int64))
    lead_counts = (
        np.bincount(np.searchsorted(lead_edges, lead, "right"), minlength=len(lead_edges) + 1) + PRIOR
    )
    return Teacher(
        kinds, edges, -np.log2(numbers / numbers.sum()), tuple(tables), lead_edges,
        -np.log2(lead_counts / lead_counts.sum()),
    )  # fmt: skip


def variants(companded: Counts, count: int, rng: np.random.Generator) -> Counts:
    """Unlabelled variants of background events: half are `fuller`, half `thinned`, of the events and fuller ones."""
    half = count // 2
    pool = np.concatenate([companded, fuller(companded, len(companded), rng)])
    return np.concatenate([fuller(companded, half, rng), thinned(pool, count - half, rng)])


def fuller(companded: Counts, count: int, rng: np.random.Generator) -> Counts:
    """Events of the objects of two, or (every second one) of three or four background events."""
    made = overlays(companded, count, rng)
    more = rng.random(count) < 0.5
    made[more] = overlays(made, int(more.sum()), rng)
    return made


def thinned(companded: Counts, count: int, rng: np.random.Generator) -> Counts:
    """Events that lost objects and whose pt is scaled by one factor, 1/4 to 4, with room for nothing below 0."""
    out = companded[rng.integers(len(companded), size=count)].reshape(count, -1, 3).copy()
    loss = rng.uniform(0, 1, (count, 1))
    gone = rng.random(out.shape[:2]) < loss * (rng.random((count, 1)) < 0.8)
    gone[:, 0] = False
    factor = 2.0 ** rng.uniform(-2, 2, count)
    top = out[..., 0].max()
    out[..., 0] = np.clip(np.rint(out[..., 0] * factor[:, None]), out[..., 0] > 0, top)
    out[gone] = 0
    return sort_objects(out, OBJECTS[companded.shape[1]]).reshape(count, -1)


def overlays(companded: Counts, count: int, rng: np.random.Generator) -> Counts:
    """Events made of the objects of two: they show the net what fuller events look like, without labels.

    The missing momentum is that of one of the two; each kind is sorted by falling pt.
    """
    kinds = OBJECTS[companded.shape[1]]
    first, second = (rng.integers(len(companded), size=count) for _ in range(2))
    a, b = (companded[i].reshape(count, -1, 3) for i in (first, second))
    out = a.copy()
    start = kinds[0]
    for number in kinds[1:]:
        both = np.concatenate([a[:, start : start + number], b[:, start : start + number]], axis=1)
        order = np.argsort(-both[..., 0], axis=1, kind="stable")[:, :number]
        out[:, start : start + number] = np.take_along_axis(both, order[..., None], axis=1)
        start += number
    return out.reshape(count, -1)


def _numbers(companded: Counts, kinds: tuple[int, ...]) -> NDArray[np.int64]:
    """One number for how many electrons, muons and jets there are."""
    there = companded.reshape(len(companded), -1, 3)[..., 0] > 0
    code = np.zeros(len(companded), np.int64)
    start = kinds[0]
    for number in kinds[1:]:
        code = code * (number + 1) + there[:, start : start + number].sum(axis=1)
        start += number
    return code


def _lead_pt(companded: Counts, kinds: tuple[int, ...]) -> NDArray[np.int64]:
    """The pt of the hardest lepton, companded; 0 without."""
    pt = companded.reshape(len(companded), -1, 3)[..., 0]
    return np.asarray(pt[:, kinds[0] : sum(kinds[:3])].max(axis=1), np.int64)


def _binned(companded: Counts, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bin of each object's pt; 0 is absence."""
    pt = companded.reshape(len(companded), -1, 3)[..., 0]
    return np.where(pt > 0, np.clip(np.searchsorted(edges, pt, "right"), 1, len(edges)), 0)


def _before(binned: NDArray[np.int64], slot: int, kinds: tuple[int, ...]) -> NDArray[np.int64]:
    """The bin that a slot's pt is coded given: the object before; the hardest lepton for the first of a kind."""
    starts = np.cumsum((0, *kinds))
    if slot in starts[[0, 3]]:
        return np.asarray(binned[:, starts[1] : starts[3]].max(axis=1))
    if slot in starts[[1, 2]]:
        return np.zeros(len(binned), np.int64)
    return np.asarray(binned[:, slot - 1])
