"""Rounding to NanoAOD precision."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hepack.simulate.columns import DROPPED_BITS, Columns, round_mantissa


@settings(deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=True), max_size=20))
def test_rounding_keeps_eleven_bits(values: list[float]) -> None:
    before = np.array(values, np.float32)
    after = round_mantissa(before)
    finite = np.isfinite(before)
    assert after[~finite].tobytes() == before[~finite].tobytes()
    bits = after[finite].view(np.uint32)
    overflow = np.abs(before[finite]) > np.float32(3.4e38)
    assert (bits[~overflow] % (1 << DROPPED_BITS) == 0).all()
    wide = before[finite].astype(np.float64)
    normal = np.abs(wide) >= 2.0**-126
    error = np.abs(after[finite].astype(np.float64) - wide)
    assert (error[normal] <= np.abs(wide[normal]) * 2.0**-12).all()


def test_integers_and_exact_columns_stay() -> None:
    columns = Columns("t", 2, round_floats=True)
    value = np.array([1.23456789, 2.3456789])
    columns.add("rounded", value)
    columns.add("exact", value, exact=True)
    columns.add("number", np.array([2**30 + 1, 5]), dtype="i4", kind="integer")
    table = columns.build()
    assert table.columns["exact"].tolist() == value.astype(np.float32).tolist()
    assert table.columns["rounded"].tolist() != table.columns["exact"].tolist()
    assert table.columns["number"].tolist() == [2**30 + 1, 5]
