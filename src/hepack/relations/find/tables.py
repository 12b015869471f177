"""Columns that are a function of one or two others with few values: a stored table."""

from __future__ import annotations

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


@dataclass(frozen=True)
class _Coded:
    name: str
    codes: NDArray[np.int64]
    distinct: int


def maps(sample: Sample, axis: str) -> Iterator[Proposal]:
    """Tables from one column, and from pairs of the keys that are not enough by themselves."""
    length = sample.table.length(axis)
    if length < 64:
        return
    keys, targets = [], []
    for name, variable in sample.variables.items():
        if variable.axis != axis:
            continue
        values = sample.table.columns[name]
        distinct, codes = np.unique(values, return_inverse=True)
        if len(distinct) < 2 or (values.dtype.kind == "f" and not np.isfinite(distinct).all()):
            continue
        coded = _Coded(name, codes.reshape(-1), len(distinct))
        if variable.tolerance.is_lossless and len(distinct) <= min(MAX_ENTRIES, length // 4):
            keys.append(coded)
        if len(distinct) <= min(MAX_ENTRIES, length // 4):
            targets.append(coded)
    keys.sort(key=lambda key: key.distinct)
    yield from _single(sample, keys[-MOST_KEYS:], targets)
    yield from _double(sample, keys[-24:], targets)


def _single(sample: Sample, keys: list[_Coded], targets: list[_Coded]) -> Iterator[Proposal]:
    for key in keys:
        for target in _determined(
            key, [t for t in targets if t.name != key.name and t.distinct <= key.distinct]
        ):
            yield target.name, build(sample, target.name, (key.name,))


def _double(sample: Sample, keys: list[_Coded], targets: list[_Coded]) -> Iterator[Proposal]:
    for i, first in enumerate(keys):
        for second in keys[:i]:
            if first.distinct * second.distinct > 1 << 40:
                continue
            both, codes = np.unique(first.codes * second.distinct + second.codes, return_inverse=True)
            if len(both) > min(MAX_ENTRIES, len(codes) // 8) or len(both) <= max(
                first.distinct, second.distinct
            ):
                continue
            rest = [t for t in targets if t.name not in (first.name, second.name) and t.distinct > 2]
            pair = _Coded("", codes.reshape(-1), len(both))
            for target in _determined(pair, rest):
                alone = [k for k in (first, second) if _determined(k, [target])]
                if not alone:
                    yield target.name, build(sample, target.name, (first.name, second.name))


def _determined(key: _Coded, targets: list[_Coded]) -> list[_Coded]:
    """The targets that nearly never differ where the key is the same."""
    if not targets:
        return []
    found = []
    order = np.argsort(key.codes[:ROWS], kind="stable")
    same = np.diff(key.codes[:ROWS][order]) == 0
    if same.sum() < 16:
        order = np.argsort(key.codes, kind="stable")
        same = np.diff(key.codes[order]) == 0
    for target in targets:
        differ = np.diff(target.codes[order]) != 0
        if (differ & same).sum() <= 0.05 * same.sum():
            found.append(target)
    return found


def build(sample: Sample, target: str, keys: tuple[str, ...]) -> Expression:
    """The table with the most frequent value of each key."""
    values = sample.table.columns[target]
    stored = [_key(sample, key) for key in keys]
    rows = np.stack(stored, axis=1)
    distinct, code = np.unique(rows, axis=0, return_inverse=True)
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
    columns = tuple(tuple(column) for column in distinct.T.tolist())
    return Expression("table", keys, (*columns, tuple(numbers)))


def _key(sample: Sample, name: str) -> NDArray[np.int64]:
    values = sample.values(name)
    return exact_transform(values.dtype).forward(values)
