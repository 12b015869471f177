"""Scores from code lengths.

With ``b`` the bits of a value, ``m`` and ``s`` the mean and rms of its variable's bits on the reference, and
``z = (b - m) / s``, an event's variable counts as ``z_v = sum(z) / sqrt(n)`` over its ``n`` rows, which has mean 0 and
(for independent rows) width 1 for any number of objects:

========== ============================================== ==========================
method     score                                          what is unusual
========== ============================================== ==========================
bits       sum of joint bits                              all that costs much
excess     sum of joint less marginal bits                relations that do not hold
normalised sum of ``z_v`` of joint bits                   more bits than usual
marginal   sum of ``z_v`` of marginal bits                the same, one by one
surprise   sum of ``max(z_v, 0)`` of joint bits           unusual, simple or not
rarity     sum of ``max(z_v, 0)`` of marginal bits        the same, one by one
tails      sum of ``z_v**2`` of the excess                relations too loose or tight
combined   ``-sum(log p)`` of the last three              any of these
========== ============================================== ==========================

A likelihood alone follows the complexity of an event: what is simpler than the reference never counts as unusual
(Serra et al., arXiv:1909.11480). So ``surprise`` lets no usual variable make up for an unusual one, and ``tails``
counts both ways. The p-values of ``combined`` (Fisher's method) are empirical, with an exponential tail fitted to
the excesses over the last hundredth, so that events beyond all of the reference are still told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.scoring.lengths import Lengths
from hepack.scoring.scores import Contributions, Look

Floats = NDArray[np.float64]

KINDS: Mapping[str, str] = {
    "bits": "joint", "excess": "excess", "normalised": "joint", "marginal": "marginal", "surprise": "joint",
    "rarity": "marginal", "tails": "excess",
}  # fmt: skip
"""Method -> the bits that it uses."""

PARTS = ("surprise", "rarity", "tails")
BIT_METHODS = (*KINDS, "combined")

Moments = Mapping[str, tuple[float, float]]
"""Name -> mean and rms about the mean of a row's bits."""

TAIL = 0.01

LEAST_RMS = 0.05
"""Bits. A relation that always holds costs next to nothing; where it fails, that must count, but not without bound."""


@dataclass(frozen=True)
class BitScorer:
    """One of the methods that are sums; ``moments`` are those of the kind of bits that it uses."""

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
        total: Floats = self.terms(look.lengths).sum(axis=1)
        return total

    def contributions(self, look: Look) -> Contributions:
        """The terms of the sum (of ``bits`` less what a variable always costs); of an object, its own variables'."""
        lengths = look.lengths
        values = self.terms(lengths)
        if self.method == "bits":
            values = values - counts(lengths) * self._means(lengths)
        return Contributions(lengths.names, values, self.objects(lengths))

    def terms(self, lengths: Lengths) -> Floats:
        """What each variable adds to an event's score, shape ``(event, name)``."""
        if self.method in ("bits", "excess"):
            return lengths.per_event(_kind(self.method, lengths))
        values = lengths.per_event(self._rows(lengths)) / np.sqrt(np.maximum(1.0, counts(lengths)))
        return self._bent(values)

    def objects(self, lengths: Lengths) -> dict[str, Floats]:
        """The same sums over the variables of single objects, shape ``(object,)`` by collection."""
        rows = {name: self._bent(values) for name, values in self._rows(lengths).items()}
        axes = sorted({axis for axis in lengths.axes.values() if axis})
        return {axis: lengths.per_object(axis, rows).sum(axis=1) for axis in axes}

    def _bent(self, values: Floats) -> Floats:
        if self.method == "tails":
            return values**2
        return np.maximum(values, 0.0) if self.method in ("surprise", "rarity") else values

    def _rows(self, lengths: Lengths) -> dict[str, Floats]:
        """Each row's bits, in units of their rms (but for ``bits`` and ``excess``) from what is usual."""
        found = {}
        for name, bits in _kind(self.method, lengths).items():
            mean, rms = self.moments.get(name, (0.0, 0.0))
            if self.method in ("bits", "excess"):
                found[name] = bits - mean if self.method == "bits" else bits
            else:  # a variable whose bits never vary only counts once they do
                found[name] = (bits - mean) / max(rms, LEAST_RMS)
        return found

    def _means(self, lengths: Lengths) -> Floats:
        return np.array([self.moments.get(name, (0.0, 0.0))[0] for name in lengths.names])


@dataclass(frozen=True, eq=False)
class Combined:
    """Fisher's combination of `PARTS`; ``references`` are their scores on the reference, ascending."""

    parts: tuple[BitScorer, ...]
    references: tuple[Floats, ...]
    method: str = "combined"

    @classmethod
    def fit(cls, lengths: Lengths) -> Combined:
        """From a reference sample, better one that the model was not fitted to."""
        parts = tuple(BitScorer.fit(method, lengths) for method in PARTS)
        return cls(parts, tuple(np.sort(part.terms(lengths).sum(axis=1)) for part in parts))

    def score(self, look: Look) -> Floats:
        """See the module."""
        total: Floats = self._parts(look.lengths)[1].sum(axis=1)
        return total

    def contributions(self, look: Look) -> Contributions:
        """Each part's share of the score, by the terms of its own sum, all of which are positive."""
        lengths = look.lengths
        terms, logs = self._parts(lengths)
        values = np.zeros((lengths.n_events, len(lengths.names)))
        objects: dict[str, Floats] = {}
        for number, part in enumerate(self.parts):
            total = terms[number].sum(axis=1, keepdims=True)
            values += (
                np.divide(terms[number], total, out=np.zeros_like(values), where=total > 0)
                * logs[:, [number]]
            )
            usual = max(float(self.references[number].mean()), 1e-9)
            for axis, found in part.objects(lengths).items():
                objects[axis] = objects.get(axis, np.zeros(len(found))) + found / usual
        return Contributions(lengths.names, values, objects)

    def _parts(self, lengths: Lengths) -> tuple[list[Floats], Floats]:
        """The terms of each part, and its ``-log p``, shape ``(event, part)``."""
        terms = [part.terms(lengths) for part in self.parts]
        logs = [
            surprisal(reference, found.sum(axis=1))
            for reference, found in zip(self.references, terms, strict=True)
        ]
        return terms, np.stack(logs, axis=1)


def surprisal(reference: Floats, scores: Floats) -> Floats:
    """``-log p`` of scores among ascending reference scores; above the last hundredth, of an exponential tail."""
    n = len(reference)
    above = n - np.searchsorted(reference, scores, side="left")
    found: Floats = -np.log((1.0 + above) / (1.0 + n))
    start = max(0, n - max(2, int(TAIL * n)))
    floor = reference[start]
    slope = float((reference[start:] - floor).mean())
    if slope > 0:
        beyond = scores > floor
        share = (1.0 + n - start) / (1.0 + n)
        found[beyond] = (scores[beyond] - floor) / slope - np.log(share)
    return found


def counts(lengths: Lengths) -> Floats:
    """The rows that each variable has in an event, shape ``(event, name)``."""
    by_axis: dict[str, Floats] = {}
    for name, axis in lengths.axes.items():
        if axis not in by_axis:
            by_axis[axis] = lengths.to_events(np.ones(len(lengths.joint[name])), axis)
    columns = [by_axis[lengths.axes[name]] for name in lengths.names]
    return np.stack(columns, axis=1) if columns else np.zeros((lengths.n_events, 0))


def _kind(method: str, lengths: Lengths) -> Mapping[str, Floats]:
    kind = KINDS[method]
    if kind == "excess":
        return lengths.excess()
    return lengths.marginal if kind == "marginal" else lengths.joint
