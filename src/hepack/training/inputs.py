"""Choose a column's features and fit their maps to net inputs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.base import Problem
from hepack.conditional.mlp.channels import Channels, Mark, Ramp, snapped

_SAMPLE = 1 << 16
_CELLS = 16
_MIN_BITS = 0.0015  # of mutual information, below which a feature is left out
_MAX_FEATURES = 24
_MARK_SHARE = 0.03

Int64s = NDArray[np.int64]


def fit_channels(problem: Problem) -> Channels:
    """Ramps and marks for the features that tell something about the targets."""
    every = max(1, len(problem.targets) // _SAMPLE)
    features, targets = problem.features[::every], problem.targets[::every]
    cells = _cells(targets)
    told = {f: _information(_cells(features[:, f]), cells) for f in range(features.shape[1])}
    chosen = sorted((f for f in told if told[f] > _MIN_BITS), key=lambda f: -told[f])[:_MAX_FEATURES]
    ramps: list[Ramp] = []
    marks: list[Mark] = []
    for f in sorted(chosen):
        new_ramps, new_marks = _maps(features[:, f], f, problem.rows)
        ramps += new_ramps
        marks += new_marks
    return Channels(problem.features.shape[1], tuple(ramps), tuple(marks))


def _maps(values: NDArray[np.int32], feature: int, rows: int) -> tuple[list[Ramp], list[Mark]]:
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 2:
        return [], []
    pieces = 8 if rows < 200_000 else 16
    if len(distinct) <= pieces:
        knots = distinct.astype(np.int64)
    else:
        at = (np.linspace(0.0, 1.0, pieces + 1) * (len(values) - 1)).astype(np.int64)
        knots = np.unique(np.sort(values)[at]).astype(np.int64)
        if len(knots) < 2:
            knots = distinct[[0, -1]].astype(np.int64)
    ramp = Ramp(feature, snapped(knots))
    if len(distinct) == 2:
        return [ramp], []
    most = 5 if len(distinct) <= pieces else 2
    share = counts / len(values)
    often = [
        i
        for i in np.argsort(counts, kind="stable")[::-1][:most]
        if _MARK_SHARE < share[i] < 1 - _MARK_SHARE / 2
    ]
    if len(distinct) > pieces:
        often = [i for i in often if share[i] > 2 / pieces]
    return [ramp], [Mark(feature, int(distinct[i])) for i in sorted(often)]


def _cells(values: NDArray[np.integer]) -> Int64s:
    """Each value's cell: one of 16 of about equal numbers, a frequent value alone in one."""
    ordered = np.sort(values)
    edges = np.unique(ordered[(np.arange(1, _CELLS) * len(ordered)) // _CELLS])
    cells: Int64s = np.searchsorted(edges, values, side="left") + np.searchsorted(edges, values, side="right")
    return cells


def _information(a: Int64s, b: Int64s) -> float:
    """Mutual information in bits, less what chance gives."""
    size = 2 * _CELLS + 1
    counts = np.bincount(a * size + b, minlength=size * size)
    joint = counts.reshape(size, size).astype(np.float64)
    joint = joint[joint.sum(axis=1) > 0][:, joint.sum(axis=0) > 0]
    n = float(joint.sum())
    outer = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    filled = joint > 0
    bits = float((joint[filled] / n * np.log2(joint[filled] * n / outer[filled])).sum())
    chance: float = (joint.shape[0] - 1) * (joint.shape[1] - 1) / (2 * n * math.log(2))
    return bits - chance
