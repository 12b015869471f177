"""Spectra of both files with a ratio panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepack._optional import require
from hepack.evaluate.figures import Histogram
from hepack.evaluate.results import Floats
from hepack.report.style import AFTER, BEFORE, INK, log_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Names = tuple[str, str]


def draw_spectrum(
    axes: Axes, before: Histogram, after: Histogram, names: Names, *, density: bool = False, log: bool = False
) -> None:
    """Original as a line, other file as points with Poisson errors."""
    mplhep = require("mplhep", extra="report", purpose="drawing the report")
    scales = [1 / max(h.total, 1.0) if density else 1.0 for h in (before, after)]
    centres = _centres(before.edges, log)
    mplhep.histplot(
        before.counts * scales[0], before.edges, ax=axes, histtype="step", color=BEFORE, label=names[0],
        yerr=False, edges=False, flow="none", linewidth=1.4,
    )  # fmt: skip
    filled = after.counts > 0
    axes.errorbar(
        centres[filled], after.counts[filled] * scales[1], np.sqrt(after.counts[filled]) * scales[1], fmt="o",
        color=AFTER, markersize=2.6, elinewidth=0.8, label=names[1],
    )  # fmt: skip
    axes.set_xlim(before.edges[0], before.edges[-1])
    if log:
        log_ticks(axes)
    top = max(
        float((before.counts * scales[0]).max(initial=0)), float((after.counts * scales[1]).max(initial=0))
    )
    positive = before.counts[before.counts > 0]
    if len(positive) and positive.max() > 300 * np.median(positive):
        axes.set_yscale("log")
        axes.set_ylim(0.3 * scales[0], top * 20 or 1.0)
    else:
        axes.set_ylim(0, 1.32 * top or 1.0)
    axes.set_ylabel("fraction per bin" if density else "entries per bin")
    axes.legend(loc="upper right", ncols=2, handlelength=1.4, columnspacing=1.0)


def draw_ratio(
    axes: Axes, before: Histogram, after: Histogram, *, independent: bool, log: bool = False
) -> None:
    """Other file over original. Of the same events (not ``independent``) the errors are those of the entries that
    moved at least, ``sqrt(|difference|)``; of two samples those of both."""
    scale = before.total / max(after.total, 1.0) if independent else 1.0
    with np.errstate(all="ignore"):
        ratio = after.counts * scale / before.counts
        if independent:
            error = ratio * np.sqrt(1 / after.counts + 1 / before.counts)
        else:
            error = np.sqrt(np.abs(after.counts - before.counts)) / before.counts
    good = np.isfinite(ratio) & (before.counts > 0)
    centres = _centres(before.edges, log)
    axes.axhline(1.0, color=INK, linewidth=0.8)
    axes.errorbar(
        centres[good], ratio[good], np.nan_to_num(error[good], posinf=0.0), fmt="o", color=AFTER, markersize=2.2,
        elinewidth=0.7,
    )  # fmt: skip
    solid = good & (before.counts >= 25)
    reach = float(np.quantile(np.abs(ratio[solid] - 1), 0.95)) * 1.6 if solid.any() else 0.1
    reach = min(max(reach, 0.01), 1.0)
    axes.set_ylim(1 - reach, 1 + reach)
    axes.set_xlim(before.edges[0], before.edges[-1])
    if log:
        log_ticks(axes)
    axes.set_ylabel("ratio")


def _centres(edges: Floats, log: bool) -> Floats:
    if log:
        return np.asarray(np.sqrt(edges[1:] * edges[:-1]))
    return np.asarray(0.5 * (edges[1:] + edges[:-1]))


def spectrum_pair(
    upper: Axes, lower: Axes, before: Histogram, after: Histogram, names: Names, title: str, *, paired: bool,
    log: bool = False,
) -> None:  # fmt: skip
    """Spectrum above, ratio below, one x axis."""
    draw_spectrum(upper, before, after, names, density=not paired, log=log)
    draw_ratio(lower, before, after, independent=not paired, log=log)
    upper.tick_params(labelbottom=False, which="both")
    lower.set_xlabel(title)
