"""Scores from code lengths.

With ``b`` the bits of a value, ``m`` and ``s`` the mean and rms of its variable's bits on the reference, and
``z = (b - m) / s``, an event's variable counts as ``z_v = sum(z) / sqrt(n)`` over its ``n`` rows, which has mean 0 and
(for independent rows) width 1 for any number of objects:

========== ============================================= ==========================
method     score                                         what is unusual
========== ============================================= ==========================
bits       sum of joint bits                             all that costs much
excess     sum of joint less marginal bits               relations that do not hold
normalised sum of ``z_v`` of joint bits / sqrt(variables) more surprise than usual
marginal   the same of marginal bits                     unusual values, one by one
tails      sum of ``z_v**2`` of joint bits               too simple as well
========== ============================================= ==========================

A likelihood alone follows the complexity of an event, so that simple events never count as unusual (Serra et
al., arXiv:1909.11480): hence the last three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.scoring.lengths import Lengths
from hepack.scoring.scores import Contributions, Look

Floats = NDArray[np.float64]

BIT_METHODS = ("bits", "excess", "normalised", "marginal", "tails")

Moments = Mapping[str, tuple[float, float]]
"""Name -> mean and rms about the mean of a row's bits."""


@dataclass(frozen=True)
class BitScorer:
    """One of `BIT_METHODS`; ``moments`` are those of the kind of bits that it uses."""

    method: str
    moments: Moments

    @classmethod
    def fit(cls, method: str, lengths: Lengths) -> BitScorer:
        """Take the moments from a reference sample, better one that the model was not fitted to."""
        found = {}
        for name, bits in _kind(method, lengths).items():
            found[name] = (float(bits.mean()), float(bits.std())) if len(bits) else (0.0, 0.0)
        return cls(method, found)

    def score(self, look: Look) -> Floats:
        """See the module."""
        values = self._events(look.lengths)
        total: Floats = values.sum(axis=1)
        return (
            total / np.sqrt(max(1, values.shape[1])) if self.method in ("normalised", "marginal") else total
        )

    def contributions(self, look: Look) -> Contributions:
        """The terms of the sum; of an object, its own variables' (less their means, with ``bits``)."""
        lengths = look.lengths
        kind = self._rows(lengths)
        axes = {axis for axis in lengths.axes.values() if axis}
        objects = {axis: lengths.per_object(axis, kind).sum(axis=1) for axis in sorted(axes)}
        values = self._events(lengths)
        if self.method == "bits":  # what a variable always costs is no news
            values = values - self._usual(lengths)
        return Contributions(lengths.names, values, objects)

    def _rows(self, lengths: Lengths) -> dict[str, Floats]:
        """What each row adds, its variable's usual bits taken off."""
        kind = _kind(self.method, lengths)
        if self.method == "excess":
            return dict(kind)
        found = {}
        for name, bits in kind.items():
            mean, rms = self.moments.get(name, (0.0, 0.0))
            centred = bits - mean
            found[name] = centred if self.method == "bits" else centred / rms if rms > 0 else 0.0 * centred
        return found

    def _events(self, lengths: Lengths) -> Floats:
        if self.method in ("bits", "excess"):
            return lengths.per_event(_kind(self.method, lengths))
        values = lengths.per_event(self._rows(lengths)) / np.sqrt(np.maximum(1.0, _counts(lengths)))
        return values**2 if self.method == "tails" else values

    def _usual(self, lengths: Lengths) -> Floats:
        means = np.array([self.moments.get(name, (0.0, 0.0))[0] for name in lengths.names])
        usual: Floats = _counts(lengths) * means
        return usual


def _counts(lengths: Lengths) -> Floats:
    """The rows that each variable has in an event, shape ``(event, name)``."""
    by_axis: dict[str, Floats] = {}
    for name, axis in lengths.axes.items():
        if axis not in by_axis:
            by_axis[axis] = lengths.to_events(np.ones(len(lengths.joint[name])), axis)
    columns = [by_axis[lengths.axes[name]] for name in lengths.names]
    return np.stack(columns, axis=1) if columns else np.zeros((lengths.n_events, 0))


def _kind(method: str, lengths: Lengths) -> Mapping[str, Floats]:
    if method == "excess":
        return lengths.excess()
    return lengths.marginal if method == "marginal" else lengths.joint
