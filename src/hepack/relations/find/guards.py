"""Guards: where a source holds a sentinel, the target holds one too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hepack.relations.expression import Expression
from hepack.relations.find.sample import FREQUENT, Sample
from hepack.relations.relation import Relation


def guarded(sample: Sample, target: str, formula: Expression) -> Iterator[Expression]:
    """The formula with guards, if sentinels of the target go with sentinels of sources."""
    frequent = sample.frequent(target)
    if not 0 < len(frequent) <= 64:
        return
    values = sample.table.columns[target]
    variable = sample.variables[target]
    with np.errstate(all="ignore"):
        predicted = Relation(target, formula).predict(sample.exact).astype(np.float64)
        wrong = ~(np.abs(predicted - values) <= 1e-3 * np.abs(values))
    result = formula
    for sentinel in frequent.tolist():
        here = (values == sentinel) & wrong
        if here.mean() < FREQUENT / 2 or not np.isfinite(sentinel):
            continue
        for source in formula.sources:
            if source == target or sample.variables[source].axis != variable.axis:
                continue
            column = sample.table.columns[source]
            keys, times = np.unique(column[here], return_counts=True)
            if not len(keys):
                continue
            key = keys[np.argmax(times)]
            if times.max() > 0.9 * here.sum() and here[column == key].mean() > 0.95 and np.isfinite(key):
                result = Expression("guard", (result, source), (key.item(), _number(sentinel)))
                break
    if result is not formula:
        yield result


def _number(value: float | int | bool) -> float | int:
    return int(value) if isinstance(value, bool) else value
