"""Columns that are a function of one or two others with few values: a stored table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.relations.expression import Expression
from hepack.relations.find.pairs import Proposal
from hepack.relations.find.sample import Sample
from hepack.relations.kinds import MAX_ENTRIES
from hepack.transforms import exact_transform

ROWS = 512
MOST_KEYS = 160
MOST_PAIRED = 24
MOST_TABLES = 6


@dataclass(frozen=True)
class _Coded:
    """A column as numbers of its distinct values, and its first rows in the order of those."""

    name: str
    codes: NDArray[np.int64]
    distinct: int

    @classmethod
    def of(cls, name: str, values: NDArray[Any]) -> _Coded:
        distinct, codes = np.unique(values, return_inverse=True)
        return cls(name, codes.reshape(-1), len(distinct))


def maps(sample: Sample, axis: str) -> Iterator[Proposal]:
    """Tables from one column, and from pairs of the keys that are not enough by themselves."""
    length = sample.table.length(axis)
    if length < 64:
        return
    keys, targets = [], []
    for name, variable in sample.variables.items():
        if variable.axis != axis or not np.isfinite(sample.table.columns[name]).all():
            continue
        coded = _Coded.of(name, sample.table.columns[name])
        if 2 <= coded.distinct <= min(MAX_ENTRIES, length // 4):
            targets.append(coded)
            if variable.tolerance.is_lossless:
                keys.append(coded)
    if not keys:
        return
    keys.sort(key=lambda key: key.distinct)
    search = _Determined(targets)
    given: Counter[str] = Counter()
    for key in keys[-MOST_KEYS:]:
        for target in search.by(key):
            if (
                target.name != key.name
                and target.distinct <= key.distinct
                and given[target.name] < MOST_TABLES
            ):
                given[target.name] += 1
                yield target.name, build(sample, target.name, (key.name,))
    yield from _double(sample, keys[-MOST_PAIRED:], search)


def _double(sample: Sample, keys: list[_Coded], search: _Determined) -> Iterator[Proposal]:
    alone = {key.name: {target.name for target in search.by(key)} for key in keys}
    for i, first in enumerate(keys):
        for second in keys[:i]:
            pair = _Coded.of("", first.codes * second.distinct + second.codes)
            if pair.distinct > min(MAX_ENTRIES, len(pair.codes) // 8):
                continue
            if pair.distinct <= max(first.distinct, second.distinct):
                continue
            for target in search.by(pair):
                if target.distinct > 2 and target.name not in alone[first.name] | alone[second.name]:
                    yield target.name, build(sample, target.name, (first.name, second.name))


class _Determined:
    """Finds the columns that nearly never differ where a key is the same."""

    def __init__(self, targets: list[_Coded]) -> None:
        self._targets = targets
        self._first = np.array([target.codes[:ROWS] for target in targets])

    def by(self, key: _Coded) -> list[_Coded]:
        codes, matrix = key.codes[:ROWS], self._first
        order = np.argsort(codes, kind="stable")
        same = np.diff(codes[order]) == 0
        if same.sum() < 16:  # too many keys for so few rows
            codes = key.codes
            order = np.argsort(codes, kind="stable")
            same = np.diff(codes[order]) == 0
            matrix = np.array([target.codes for target in self._targets])
        pairs = np.flatnonzero(same)
        differ = matrix[:, order[pairs]] != matrix[:, order[pairs + 1]]
        good = differ.sum(axis=1) <= 0.05 * len(pairs)
        return [target for target, is_good in zip(self._targets, good.tolist(), strict=True) if is_good]


def build(sample: Sample, target: str, keys: tuple[str, ...]) -> Expression:
    """The table with the most frequent value of each key."""
    values = sample.table.columns[target]
    stored = [_key(sample, key) for key in keys]
    code = np.zeros(len(values), np.int64)
    for part in stored:
        distinct, number = np.unique(part, return_inverse=True)
        _, code = np.unique(code * len(distinct) + number.reshape(-1), return_inverse=True)
    _, first = np.unique(code, return_index=True)
    levels, level = np.unique(values, return_inverse=True)
    pair, count = np.unique(code.reshape(-1) * len(levels) + level.reshape(-1), return_counts=True)
    order = np.lexsort((count, pair // len(levels)))
    owner = pair[order] // len(levels)
    last = np.append(owner[1:] != owner[:-1], True)
    chosen = levels[pair[order][last] % len(levels)]
    numbers: list[Any] = (
        chosen.astype(np.float64).tolist()
        if values.dtype.kind == "f"
        else (chosen.view(np.int64) if values.dtype == np.uint64 else chosen.astype(np.int64)).tolist()
    )
    columns = tuple(tuple(part[first].tolist()) for part in stored)
    return Expression("table", keys, (*columns, tuple(numbers)))


def _key(sample: Sample, name: str) -> NDArray[np.int64]:
    values = sample.values(name)
    return exact_transform(values.dtype).forward(values)
