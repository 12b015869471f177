"""Choose the cells of a model: copies, single values that stand out, and bins for the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.tree.cells import MAX_HEIGHT, Cells
from hepack.conditional.tree.shapes import COEFFICIENTS, MAX_POLYNOMIALS
from hepack.entropy.fit import Census, fit_bins

Int64s = NDArray[np.int64]

_MOST_BINS = 80  # before heavy ones are halved
_MOST_CELLS = 240
_SHARE = 32  # a bin with more than one of so many rows is halved
_COPY_SHARE = 0.03
_MANY_COPIES = 0.3
_SPIKE_SHARE = 0.004
_SPIKE_CONTRAST = 6.0
_NEIGHBOURS = 6
_FEW = 9  # so few values are kinds, not numbers
_SMOOTH = 4  # polynomials that many cells need
_FEW_CELLS = 24  # so few may be kinds, and take more
_LEAST_FOR_TAILS = 8


def fit_cells(targets: Int64s, line: Int64s, previous: Int64s | None, scale: float) -> Cells:
    """Cells for targets of which each stands for ``scale`` rows; ``previous`` is what a copy would give."""
    copied = np.zeros(len(targets), np.bool_)
    if previous is not None:
        copied = targets == previous
        if not _copies_pay(float(copied.mean()), targets):
            copied[:] = False
    rest = targets[~copied]
    absolute = _spikes(rest, len(targets))
    inside = ~np.isin(rest, absolute)
    relative, widths = _bins(rest[inside] - line[~copied][inside], scale)
    copies = bool(copied.any())
    single = len(absolute) + copies
    most = MAX_POLYNOMIALS if len(relative) <= _FEW_CELLS else _SMOOTH
    polynomials = min(max(COEFFICIENTS - single, _SMOOTH), most, max(len(relative) - 1, 0))
    cells = Cells(
        relative, widths, absolute, copies, np.zeros(len(relative) + single + 1, np.int64), polynomials
    )
    return with_heights(cells, cells.assign(targets, line, previous)[0], scale)


def _copies_pay(share: float, targets: Int64s) -> bool:
    """Whether so many rows equal their previous one that chance does not explain it."""
    counts = np.unique(targets, return_counts=True)[1] / len(targets)
    chance = float((counts**2).sum())
    excess = (share - chance) / max(1.0 - chance, 1e-9)
    return excess > _COPY_SHARE and (excess > _MANY_COPIES or share > 4.0 * chance)


def with_heights(cells: Cells, chosen: NDArray[np.uint8], scale: float) -> Cells:
    """The cells with heights from how often each was chosen."""
    counts = np.bincount(chosen, minlength=len(cells.heights)).astype(np.float64)
    counts[:-1] = np.maximum(counts[:-1], 0.3)
    counts[-1] = max(counts[-1], 0.3 / scale)
    depth = np.rint(8.0 * (np.log2(counts.max()) - np.log2(counts)))
    heights = np.minimum(depth, MAX_HEIGHT).astype(np.int64)
    return Cells(cells.relative, cells.widths, cells.absolute, cells.copies, heights, cells.polynomials)


def _spikes(values: Int64s, total: int) -> Int64s:
    """Values far more frequent than those around them, the most frequent first; all, where there are few."""
    if not len(values):
        return np.zeros(0, np.int64)
    distinct, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    if len(distinct) <= _FEW:
        every: Int64s = distinct[order]
        return every
    reach = np.arange(len(distinct))
    low, high = np.maximum(reach - _NEIGHBOURS, 0), np.minimum(reach + _NEIGHBOURS, len(distinct) - 1)
    ends = np.concatenate([[0], np.cumsum(counts)])
    around = ends[high + 1] - ends[low] - counts
    span = np.maximum(distinct[high].astype(np.float64) - distinct[low], 1.0)
    stands = (counts > _SPIKE_SHARE * total) & (counts > _SPIKE_CONTRAST * around / span)
    if stands.sum() > 4 * COEFFICIENTS:
        return np.zeros(0, np.int64)
    found: Int64s = distinct[order[stands[order]]]
    return found


def _bins(values: Int64s, scale: float) -> tuple[Int64s, Int64s]:
    """Lowers and widths of bins that hold the values, without small gaps, and with room at both ends."""
    if not len(values):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    base = int(values.min())
    if int(values.max()) - base >= 1 << 62:
        keep = np.abs(values >> 2) < 1 << 59
        return _bins(values[keep], scale)
    shifted = np.sort(values - base)
    census = Census.of(shifted.view(np.uint64))
    weight = scale
    found = fit_bins(census, weight=weight)
    while len(found) > _MOST_BINS:
        weight /= 2.0
        found = fit_bins(census, weight=weight)
    pairs = list(zip(found.lowers.tolist(), found.widths.astype(np.int64).tolist(), strict=True))
    pairs = _closed(_halved(pairs, shifted))[:_MOST_CELLS]
    if len(pairs) >= _LEAST_FOR_TAILS:
        pairs = _tailed(pairs)
    lowers, widths = np.array(pairs, np.int64).T
    return lowers + base, widths.copy()


def _halved(pairs: list[tuple[int, int]], ordered: Int64s) -> list[tuple[int, int]]:
    """Bins with more than their share, halved until they have it. Bins may reach into the one after them."""
    limit = len(ordered) / _SHARE
    done = []
    stops = [lower for lower, _ in pairs[1:]] + [1 << 63]
    for pair, stop in zip(pairs, stops, strict=True):
        todo = [pair]
        while todo:
            lower, width = todo.pop()
            if lower >= stop:
                continue
            end = min(lower + (1 << width), stop) - 1
            count = np.searchsorted(ordered, end, side="right") - np.searchsorted(ordered, lower)
            if width and count > limit:
                width -= 1
                todo += [(lower + (1 << width), width), (lower, width)]
            else:
                done.append((lower, width))
    return done


def _closed(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Fill the gaps that are not wide against the bins around them."""
    out = pairs[:1]
    for lower, width in pairs[1:]:
        end = out[-1][0] + (1 << out[-1][1])
        gap = lower - end
        if 0 < gap <= 4 * ((1 << out[-1][1]) + (1 << width)):
            out.append((end, (gap - 1).bit_length()))
        out.append((lower, width))
    return out


def _tailed(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Room before and after the bins, as wide as a good part of them."""
    end = pairs[-1][0] + (1 << pairs[-1][1])
    width = min((end - pairs[0][0]).bit_length(), 60)
    return [(pairs[0][0] - (1 << width), width), *pairs, (end, width)]
