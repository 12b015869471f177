from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.entropy import Frequencies
from hepack.entropy.packing import varint

TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 10**12), min_size=width, max_size=width).filter(any), min_size=1, max_size=5
    )
)


@given(TABLES, st.integers(8, 16))
def test_counts_become_exact_tables(counts, precision):
    made = Frequencies.from_counts(np.array(counts), precision)
    assert (made.values.sum(axis=1) == 1 << precision).all()
    assert ((made.values > 0) == (np.array(counts) > 0)).all()


@given(TABLES, st.integers(8, 16))
def test_bytes_give_equal_tables_back(counts, precision):
    made = Frequencies.from_counts(np.array(counts), precision)
    back = Frequencies.from_bytes(made.to_bytes())
    assert back.precision == precision
    assert np.array_equal(back.bounds, made.bounds)


@given(st.lists(st.integers(1, 300), min_size=2, max_size=4))
def test_normalisation_is_the_best_for_small_alphabets(counts):
    """No move of one slot between two symbols saves more than rounding noise."""
    made = Frequencies.from_counts(np.array(counts), 8).values[0]
    c = np.array(counts)
    cost = -(c * np.log2(made)).sum()
    for a in range(len(c)):
        for b in range(len(c)):
            moved = made.copy()
            moved[a] += 1
            moved[b] -= 1
            if a != b and moved[b] > 0:
                assert -(c * np.log2(moved)).sum() > cost - 0.01 * c.sum()


def test_more_symbols_than_slots_allow_to_share():
    counts = np.ones(256, np.int64)
    counts[0] = 10**9
    assert (Frequencies.from_counts(counts, 8).values == 1).all()


def test_golden_bytes():
    made = Frequencies.from_counts(np.array([5, 3, 0, 1]), 8)
    assert made.bounds.tolist() == [[0, 143, 228, 228, 256]]
    assert made.to_bytes().hex() == "080003c6875500"


@pytest.mark.parametrize(
    "bounds",
    [[[0, 256, 255, 256]], [[1, 256]], [[0, 255]], [[0]], [0, 256], np.zeros((0, 3)), [[-1, 0, 256]]],
)
def test_impossible_bounds_are_refused(bounds):
    with pytest.raises(BadRequestError):
        Frequencies(np.array(bounds), 8)


@pytest.mark.parametrize(
    ("counts", "precision"), [([0, 0], 8), ([-1, 2], 8), ([1], 7), ([1], 17), ([1] * 257, 8)]
)
def test_impossible_counts_are_refused(counts, precision):
    with pytest.raises(BadRequestError):
        Frequencies.from_counts(np.array(counts), precision)


def test_tables_are_read_only():
    made = Frequencies.from_counts(np.array([1, 2]), 8)
    with pytest.raises(ValueError, match="read-only"):
        made.bounds[0, 0] = 1


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", CorruptFileError),
        (b"\x07\x00\x00\x00", CorruptFileError),
        (b"\x11\x00\x00\x00", CorruptFileError),
        (b"\x08" + varint(1 << 20) + b"\x01", LimitError),
        (b"\x08\x00" + varint(1 << 9) + b"\x00", LimitError),
        (b"\x10" + varint(60000) + varint(60000), LimitError),
        (b"\x10" + varint(100) + varint(1000), CorruptFileError),  # more entries than bits
        (b"\x08\x00\x01\xff", CorruptFileError),
        (Frequencies.from_counts(np.array([1, 2, 3]), 9).to_bytes() + b"\x00", CorruptFileError),
    ],
)
def test_hostile_bytes_are_refused(data, error):
    with pytest.raises(error):
        Frequencies.from_bytes(data)


def test_damaged_bytes_never_give_an_unsound_table():
    rng = np.random.default_rng(3)
    sound = Frequencies.from_counts(rng.integers(0, 50, (6, 40)) + 1, 10).to_bytes()
    for _ in range(500):
        data = bytearray(sound[: rng.integers(0, len(sound) + 1)])
        for at in rng.integers(0, max(1, len(data)), 2):
            if data:
                data[at] = rng.integers(0, 256)
        try:
            made = Frequencies.from_bytes(bytes(data))
        except CorruptFileError:
            continue
        assert (made.values.sum(axis=1) == 1 << made.precision).all()
