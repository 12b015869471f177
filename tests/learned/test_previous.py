"""A fit that may not look at the object or event before does not, and is larger where that would have told much."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from hepack.codec.choose import Chooser
from hepack.conditional.history import History
from hepack.fitting import FitOptions, fit_table
from hepack.learned import TableModel
from hepack.table import Collection, EventTable, Schema, Variable, offsets_from_counts


def mirrored(n: int = 400) -> EventTable:
    """Objects in turn on both sides of zero, equally far but for a little."""
    rng = np.random.default_rng(2)
    counts = np.full(n, 6)
    far = np.repeat(rng.integers(0, 30_000, n), counts) + rng.integers(0, 3, 6 * n)
    values = far * np.tile([1, -1], 3 * n)
    variables = (Variable(name="hit_place", dtype=np.dtype("i4"), axis="hit", kind="integer"),)
    schema = Schema("hits", variables, (Collection(name="hit", counter="nhit"),))
    return EventTable(schema, n, {"hit": offsets_from_counts(counts)}, {"hit_place": values.astype("i4")})


def fitted(previous: bool) -> TableModel:
    options = FitOptions(leaves=16, previous=previous)
    table = mirrored()
    with ThreadPoolExecutor(1) as pool:
        return fit_table(table, events=len(table), chooser=Chooser(), executor=pool, options=options).model


def test_what_came_before_is_left_alone_on_request() -> None:
    item = fitted(True).by_key["values", "hit_place"]
    assert item.conditional is not None
    assert item.bits < 0.75 * item.plain_bits
    for alone in fitted(False).items:
        assert not any(f is not None and f.kind in ("previous", "same", "lag") for f in alone.features)
        assert not isinstance(alone.conditional, History)
        assert alone.conditional is None or not alone.conditional.lagged
