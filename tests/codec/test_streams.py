"""Streams of integers: every coder gives back any int64 values, and refuses what is no such stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepack._errors import CorruptFileError, LimitError
from hepack.codec.narrowed import Narrowed, shuffle, unshuffle
from hepack.codec.streams import (
    DEFAULT,
    FAST,
    Stream,
    decode_bytes,
    decode_stream,
    encode_bytes,
    encode_constant,
    encode_lz,
    encode_raw,
)
from hepack.container import MAX_VALUES
from strategies import examples

CODERS = {**DEFAULT, **{f"fast {name}": coder for name, coder in FAST.items()}, "raw": encode_raw}
EDGE = [0, 1, -1, 2**63 - 1, -(2**63), 2**53, 255, 256, 65535, 65536, 2**32]


@st.composite
def symbols(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    n = draw(st.integers(2, 400))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bits = draw(st.integers(1, 64))
    values = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), n, dtype=np.int64, endpoint=bits < 64)
    if draw(st.booleans()):
        values = np.sort(values)
    for place, edge in draw(st.lists(st.tuples(st.integers(0, n - 1), st.sampled_from(EDGE)), max_size=4)):
        values[place] = edge
    return values


@pytest.mark.parametrize("name", CODERS)
@examples(20)
@given(symbols())
def test_there_and_back(name: str, values: np.ndarray[Any, Any]) -> None:
    for symbols_ in (values, np.repeat(values, 20)):
        stream = CODERS[name](symbols_)
        if stream is not None:  # runs: only where there are some
            assert decode_stream(stream.settings, stream.data, len(symbols_)).tolist() == symbols_.tolist()


def test_constant_and_empty() -> None:
    stream = encode_constant(np.full(7, -5))
    assert decode_stream(stream.settings, stream.data, 7).tolist() == [-5] * 7
    assert decode_stream(["e"], b"", 0).tolist() == []


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_shuffle(width: int) -> None:
    values = np.arange(1, 100).astype(f"u{width}")
    assert unshuffle(shuffle(values), width, len(values)).tolist() == values.tolist()
    assert shuffle(np.array([0x0201, 0x0403], "u2")) == bytes([1, 3, 2, 4])
    with pytest.raises(CorruptFileError):
        unshuffle(shuffle(values)[:-1], width, len(values))


@examples(50)
@given(symbols())
def test_narrowing_wraps_around(values: np.ndarray[Any, Any]) -> None:
    for narrow in (Narrowed.plain(values), Narrowed.differences(values)):
        assert Narrowed.restore(narrow.offset, narrow.mode, narrow.values).tolist() == values.tolist()


BAD_SETTINGS: list[list[Any]] = [
    [], ["q"], [None], [["c"]], ["c"], ["c", 1.0], ["c", "1"], ["c", 2**63], ["c", -(2**63) - 1], ["c", True],
    ["e", 0], ["p", 0, 3], ["p", 0], ["p", 0, 16], ["p", 2**70, 2], ["r", 0, 0], ["r", 0, -1], ["z", 0, 1, 2],
    ["z", 0, 1], ["z", 0, 1, -1], ["x", 0, 4, 7], ["x", 0, None, 0], ["b", 1], ["z", 0, 1, True],
    ["d"], ["d", 0.5], ["n", 1, 0], ["n", 1, 0, 5], ["n", 1, 0, ["n", 1, 0, ["b"]]], ["n", 1.0, 0, ["b"]],
    ["n", 0, 0, ["b"]],
    ["n", 5, 0, ["c", 1]], ["n", 2, 9, ["c", 1]], ["n", 2, -1, ["c", 1]], ["n", 1, 0, []], ["n", 1, 2, [[]]],
]  # fmt: skip


@pytest.mark.parametrize("settings", BAD_SETTINGS, ids=str)
def test_impossible_settings(settings: list[Any]) -> None:
    with pytest.raises(CorruptFileError):
        decode_stream(settings, b"1234", 4)


@pytest.mark.parametrize("count", [-1, MAX_VALUES + 1, 2**63, 10**30])
def test_impossible_counts(count: int) -> None:
    with pytest.raises(LimitError):
        decode_stream(["c", 0], b"", count)


@pytest.mark.parametrize("tag", ["z", "x"])
def test_no_integers_and_differences_is_no_bomb(tag: str) -> None:
    """-1 integers of 2 bytes once meant "decompress all there is"."""
    stream = encode_lz(np.arange(1000) % 7, tag=tag, mode=0)
    for width in (1, 2, 4, 8):
        with pytest.raises(CorruptFileError):
            decode_stream([tag, 0, width, 1], stream.data, 0)


@pytest.mark.parametrize("name", CODERS)
def test_damaged_streams(name: str) -> None:
    """Cut, lengthened, flipped, of another count: an error of ours, or integers; nothing else."""
    rng = np.random.default_rng(9)
    values = np.repeat(rng.integers(0, 10**6, 300), 5)
    stream = CODERS[name](values)
    assert stream is not None
    variants = [stream.data[:cut] for cut in range(0, len(stream.data), 1 + len(stream.data) // 40)]
    variants += [stream.data + b"\0", b"", bytes(50)]
    for _ in range(60):
        data = bytearray(stream.data)
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        variants.append(bytes(data))
    for data in variants:
        for count in (len(values), len(values) - 1, 0, 3 * len(values)):
            try:
                found = decode_stream(stream.settings, data, count)
            except CorruptFileError:
                continue
            assert len(found) == count


@examples(40)
@given(st.binary(max_size=3000))
def test_text_bytes(data: bytes) -> None:
    stream = encode_bytes(np.frombuffer(data, np.uint8))
    assert decode_bytes(stream.settings, stream.data, len(data)).tobytes() == data
    with pytest.raises(CorruptFileError):
        decode_bytes(stream.settings, stream.data, len(data) + 1)
    with pytest.raises(CorruptFileError):
        decode_bytes(["b"], stream.data, len(data))


def test_long_text() -> None:
    data = np.random.default_rng(0).integers(65, 70, (1 << 22) + 10).astype(np.uint8)
    stream = encode_bytes(data)
    assert np.array_equal(decode_bytes(stream.settings, stream.data, len(data)), data)


def test_a_stream_knows_its_size() -> None:
    assert len(Stream(["c", 5], b"")) == 8
