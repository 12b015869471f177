from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepack._errors import BadRequestError, CorruptFileError, TruncatedFileError
from hepack.entropy.packing import (
    BitReader,
    BitWriter,
    best_order,
    bit_lengths,
    pack,
    read_varint,
    unpack,
    unzigzag,
    varint,
    zigzag,
)

UINT64 = st.integers(0, 2**64 - 1) | st.integers(0, 300)


@given(st.lists(UINT64, max_size=60), st.randoms(use_true_random=False))
def test_packing_round_trip(numbers, chance):
    values = np.array(numbers, np.uint64)
    widths = np.array([chance.randint(int(v).bit_length(), 64) for v in numbers], np.int64)
    data = pack(values, widths)
    stream = sum(int(v) << int(at) for v, at in zip(values, np.cumsum(widths) - widths, strict=True))
    assert data == stream.to_bytes((int(widths.sum()) + 7) // 8, "little")
    assert np.array_equal(unpack(data, widths), values)


@given(st.lists(UINT64, min_size=1, max_size=40))
def test_prefix_codes_round_trip(numbers):
    values = np.array(numbers, np.uint64)
    order = best_order(values, 63)
    for k in {order, 1, 7, 63}:
        writer = BitWriter()
        writer.number(5, 3)
        writer.codes(values, k)
        writer.number(1, 1)
        reader = BitReader(writer.to_bytes())
        assert reader.number(3) == 5
        assert np.array_equal(reader.codes(len(values), k), values)
        assert reader.number(1) == 1
        assert reader.used() == len(writer.to_bytes())


@given(UINT64)
def test_varints_round_trip(number):
    assert read_varint(b"x" + varint(number), 1) == (number, 1 + len(varint(number)))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_zigzag_round_trip(numbers):
    values = np.array(numbers, np.int64)
    assert np.array_equal(unzigzag(zigzag(values)), values)


def test_golden_bits(loops):
    values = np.array([1, 5, 0, 2**64 - 1, 3], np.uint64)
    widths = np.array([1, 3, 0, 64, 5])
    assert pack(values, widths).hex() == "fbffffffffffffff3f00"
    assert np.array_equal(unpack(bytes.fromhex("fbffffffffffffff3f00"), widths), values)
    assert bit_lengths(values).tolist() == [1, 3, 0, 64, 2]


def test_wrong_lengths_and_padding_are_refused(loops):
    with pytest.raises(TruncatedFileError):
        unpack(b"\x01", np.array([9]))
    with pytest.raises(CorruptFileError):
        unpack(b"\x01\x00", np.array([8]))
    with pytest.raises(CorruptFileError):
        unpack(b"\xff", np.array([7]))
    with pytest.raises(TruncatedFileError):
        BitReader(b"\x00" * 20).codes(2, 0)
    for data in (b"", b"\x80", b"\xff" * 9, b"\xff" * 10 + b"\x00"):
        with pytest.raises(CorruptFileError):
            read_varint(data, 0)


def test_values_over_their_width_are_refused():
    with pytest.raises(BadRequestError):
        pack(np.array([8], np.uint64), np.array([3]))
    with pytest.raises(BadRequestError):
        pack(np.array([8], np.uint64), np.array([65]))
    with pytest.raises(BadRequestError):
        unpack(b"", np.array([65]))
