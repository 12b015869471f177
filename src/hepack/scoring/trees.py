"""`Trees`: an isolation forest as plain arrays, with the scores of scikit-learn's.

The nodes of a tree stand in the order of its levels, so that the children of its ``k``-th inner node are its nodes
``1 + 2k`` and ``2 + 2k``: which nodes are leaves says all about its shape, and no file can hold a loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hepack._errors import CorruptFileError
from hepack.container import check
from hepack.scoring.pieces import Floats, Ints, Pieces, Singles, ints_piece, singles_piece

MAX_TREES = 1 << 14
MAX_NODES = 1 << 22
MAX_DEPTH = 64
MAX_SAMPLES = 1 << 31
CELLS = 1 << 15
"""Rows times trees that are looked at in one go: what stays in a processor's cache."""


@dataclass(frozen=True, eq=False)
class Trees:
    """Arrays over the nodes of all trees behind each other, ``sizes[t]`` nodes for tree ``t``.

    A row goes from an inner node to its first child where its column ``feature`` is at most ``threshold``, else to the
    second; leaves have the feature -1. ``samples``: the rows that reached a leaf when the tree was grown from
    ``sample`` rows (at inner nodes 0). Construction checks the shape of every tree.
    """

    sizes: Ints
    feature: Ints
    threshold: Singles
    samples: Ints
    sample: int

    def __post_init__(self) -> None:
        inner = self.feature >= 0
        if len(self.feature) != self.sizes.sum() or not len(self.sizes) or self.sample < 2:
            raise CorruptFileError("a forest has other numbers of nodes than its trees")
        before = self._rank
        ends = np.cumsum(self.sizes) - 1
        if ((self.sizes - 1) != 2 * (before[ends] + inner[ends])).any():
            raise CorruptFileError("a tree of a forest has nodes that no other leads to")
        places = np.arange(len(inner)) - np.repeat(self._roots, self.sizes)
        if (places[inner] > 2 * before[inner]).any():
            raise CorruptFileError("a tree of a forest has a node that comes before the one that leads to it")
        if (self.samples[~inner] < 1).any():
            raise CorruptFileError("a tree of a forest has an empty leaf")
        _ = self._lengths

    @classmethod
    def grown(cls, forest: Any) -> Trees:
        """Those of a fitted ``sklearn.ensemble.IsolationForest`` that looks at all columns in every tree."""
        trees = [_by_levels(estimator.tree_) for estimator in forest.estimators_]
        sizes = np.array([len(feature) for feature, _, _ in trees], np.int64)
        feature, threshold, samples = (np.concatenate([tree[part] for tree in trees]) for part in range(3))
        return cls(sizes, feature, _rounded_down(threshold), samples, int(forest.max_samples_))

    @cached_property
    def _roots(self) -> Ints:
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def _rank(self) -> Ints:
        """How many inner nodes of its tree stand before each node."""
        inner = (self.feature >= 0).astype(np.int64)
        before = np.cumsum(inner) - inner
        found: Ints = before - np.repeat(before[self._roots], self.sizes)
        return found

    @cached_property
    def _first(self) -> Ints:
        """The first child of an inner node; a leaf leads to itself."""
        children = np.repeat(self._roots, self.sizes) + 1 + 2 * self._rank
        return np.where(self.feature >= 0, children, np.arange(len(children)))

    @cached_property
    def _lengths(self) -> tuple[Floats, int]:
        """The path to each leaf with what is left of it (Liu, Ting and Zhou, ICDM 2008, sec. 2), and the longest."""
        depth = np.zeros(len(self.feature))
        level, steps = self._roots, 0
        while True:
            depth[level] = steps
            parents = level[self.feature[level] >= 0]
            if not len(parents):
                break
            level = np.concatenate([self._first[parents], self._first[parents] + 1])
            steps += 1
            check(steps, MAX_DEPTH, "the depth of a tree")
        return depth + usual_depth(self.samples), steps

    def scores(self, rows: Floats) -> Floats:
        """``2**(-depth / usual depth)``, eq. 2 there, for rows ``(row, column)``; shape ``(row,)``."""
        lengths, _ = self._lengths
        usual = len(self.sizes) * float(usual_depth(np.array([self.sample]))[0])
        values = rows.astype(np.float32)  # as scikit-learn looks at them
        found = np.empty(len(rows))
        chunk = max(1, CELLS // len(self.sizes))
        for start in range(0, len(rows), chunk):
            leaves = self._leaves(values[start : start + chunk])
            found[start : start + chunk] = lengths[leaves].sum(axis=1)
        scores: Floats = 2.0 ** (-found / usual)
        return scores

    def _leaves(self, values: Singles) -> Ints:
        """The leaf of every tree that each row comes to, shape ``(row, tree)``."""
        feature, threshold = self._endless
        flat, starts = values.reshape(-1), np.arange(len(values))[:, None] * values.shape[1]
        node = np.repeat(self._roots[None], len(values), axis=0)
        for _ in range(self._lengths[1]):
            right = flat.take(starts + feature.take(node)) > threshold.take(node)
            node = self._first.take(node) + right
        return node

    @cached_property
    def _endless(self) -> tuple[Ints, Singles]:
        """Features and thresholds, such that a leaf leads to itself whatever the values are."""
        threshold = np.where(self.feature < 0, np.float32(np.inf), self.threshold)
        return np.maximum(self.feature, 0), threshold

    def to_parts(self) -> tuple[dict[str, Any], list[bytes]]:
        """JSON, and arrays."""
        inner = self.feature >= 0
        pieces = [
            ints_piece(self.sizes), ints_piece(self.feature), singles_piece(self.threshold[inner]),
            ints_piece(self.samples[~inner]),
        ]  # fmt: skip
        return {"trees": len(self.sizes), "nodes": len(self.feature), "sample": self.sample}, pieces

    @classmethod
    def from_parts(cls, value: Any, pieces: Pieces, columns: int) -> Trees:
        """Undo `to_parts`, for rows of so many columns.

        Raises:
            CorruptFileError, LimitError: the parts are no such forest.
        """
        match value:
            case {"trees": int(trees), "nodes": int(nodes), "sample": int(sample)}:
                check(trees, MAX_TREES, "the number of trees")
                check(nodes, MAX_NODES, "the number of nodes of a forest")
                check(sample, MAX_SAMPLES, "the rows that a tree was grown from")
            case _:
                raise CorruptFileError("the description of a forest has a wrong form")
        sizes = pieces.ints(trees, 1, MAX_NODES)
        feature = pieces.ints(nodes, -1, columns - 1)
        inner = feature >= 0
        threshold, samples = np.zeros(nodes, np.float32), np.zeros(nodes, np.int64)
        threshold[inner] = pieces.singles(int(inner.sum()))
        samples[~inner] = pieces.ints(int((~inner).sum()), 1, MAX_SAMPLES)
        return cls(sizes, feature, threshold, samples, sample)


def usual_depth(rows: Ints) -> Floats:
    """The mean depth of a random binary tree that tells ``rows`` rows apart, eq. 1 there; 0 for a single one."""
    n = np.maximum(rows, 2).astype(np.float64)
    many = 2.0 * (np.log(np.maximum(n - 1.0, 1.0)) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, many))


def _by_levels(tree: Any) -> tuple[Ints, Floats, Ints]:
    """Features, thresholds and samples of a tree of scikit-learn, level by level."""
    order, level = [], np.zeros(1, np.int64)
    while len(level):
        order.append(level)
        parents = level[tree.children_left[level] >= 0]
        level = np.stack([tree.children_left[parents], tree.children_right[parents]], axis=1).reshape(-1)
    nodes = np.concatenate(order)
    inner = tree.children_left[nodes] >= 0
    feature = np.where(inner, tree.feature[nodes], -1).astype(np.int64)
    samples = np.where(inner, 0, tree.n_node_samples[nodes]).astype(np.int64)
    return feature, np.where(inner, tree.threshold[nodes], 0.0), samples


def _rounded_down(values: Floats) -> Singles:
    """The largest binary32 that is not above each value: ``x <= value`` stays as it is for every binary32 ``x``."""
    single = values.astype(np.float32)
    return np.where(single > values, np.nextafter(single, np.float32(-np.inf)), single)
