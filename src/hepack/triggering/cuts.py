"""The cut-based triggers that an anomaly trigger is compared with: single lepton, HT, missing momentum."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from hepack.firmware.layout import OBJECTS
from hepack.triggering.rates import threshold_at

Stream = NDArray[np.float32]
Values = NDArray[np.float64]
HT_JET_PT = 30.0
"""GeV: softer jets do not enter HT."""


def lepton_pt(stream: Stream) -> Values:
    """The pt of the hardest electron or muon, GeV."""
    _, electrons, muons, _ = OBJECTS[stream.shape[1] * 3]
    return np.asarray(stream[:, 1 : 1 + electrons + muons, 0].max(axis=1), np.float64)


def jet_ht(stream: Stream) -> Values:
    """The scalar sum of the pt of jets above `HT_JET_PT`, GeV."""
    met, electrons, muons, _ = OBJECTS[stream.shape[1] * 3]
    pt = stream[:, met + electrons + muons :, 0].astype(np.float64)
    return np.asarray((pt * (pt > HT_JET_PT)).sum(axis=1))


def missing_pt(stream: Stream) -> Values:
    """The missing transverse momentum, GeV."""
    return np.asarray(stream[:, 0, 0], np.float64)


CUTS: dict[str, Callable[[Stream], Values]] = {"lepton": lepton_pt, "ht": jet_ht, "met": missing_pt}
"""Name -> the quantity that is cut on."""


def cut_values(stream: Stream) -> dict[str, Values]:
    """All quantities of a stream."""
    return {name: value(stream) for name, value in CUTS.items()}


def cut_thresholds(values: Mapping[str, Values], rate: float) -> dict[str, float]:
    """For each cut alone, the threshold with at most ``rate`` of the events."""
    return {name: threshold_at(v, rate) for name, v in values.items()}


def any_cut(values: Mapping[str, Values], thresholds: Mapping[str, float]) -> NDArray[np.bool_]:
    """Whether each event passes at least one cut."""
    return np.asarray(np.any([values[name] >= edge for name, edge in thresholds.items()], axis=0))


def widened(values: Mapping[str, Values], accepted: int) -> dict[str, float]:
    """Thresholds of equal single rates such that at most ``accepted`` events pass any of the cuts."""
    total = len(next(iter(values.values())))
    low, high = 0, total
    while high - low > 1:
        middle = (low + high) // 2
        if int(any_cut(values, cut_thresholds(values, middle / total)).sum()) <= accepted:
            low = middle
        else:
            high = middle
    return cut_thresholds(values, low / total)
