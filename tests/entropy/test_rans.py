from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.entropy import Frequencies, decode, encode

SETTINGS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def sample(seed: int, n: int, tables: int, width: int, precision: int):
    """Symbols, their tables and contexts; the counts leave some symbols absent."""
    rng = np.random.default_rng(seed)
    contexts = rng.integers(0, tables, n).astype(np.uint16)
    symbols = np.minimum(rng.geometric(0.02 + 0.9 * rng.random(), n) - 1, width - 1)
    counts = np.zeros((tables, width), np.int64)
    np.add.at(counts, (contexts, symbols), 1)
    counts[:, 0] += 1
    return symbols, Frequencies.from_counts(counts, precision), contexts


@SETTINGS
@given(st.integers(0, 2**32), st.integers(0, 300), st.integers(1, 9), st.integers(1, 200), st.integers(8, 16))
def test_round_trip_and_twin(twins, seed, n, tables, width, precision):
    symbols, frequencies, contexts = sample(seed, n, tables, width, precision)
    given_contexts = contexts if tables > 1 else None
    data = encode(symbols, frequencies, given_contexts)
    assert np.array_equal(decode(data, n, frequencies, given_contexts), symbols)
    with twins():
        assert encode(symbols, frequencies, given_contexts) == data
        assert np.array_equal(decode(data, n, frequencies, given_contexts), symbols)


@pytest.mark.parametrize("n", [65535, 65536, 65541])
@pytest.mark.parametrize("tables", [1, 3])
def test_long_streams_use_lanes_and_equal_the_twin(twins, n, tables):
    symbols, frequencies, contexts = sample(n, n, tables, 50, 12)
    given_contexts = contexts if tables > 1 else None
    data = encode(symbols, frequencies, given_contexts)
    assert np.array_equal(decode(data, n, frequencies, given_contexts), symbols)
    with twins():
        assert encode(symbols, frequencies, given_contexts) == data
        assert np.array_equal(decode(data, n, frequencies, given_contexts), symbols)


def test_golden_words(loops):
    one = Frequencies.from_counts(np.array([5, 3, 0, 1]), 8)
    symbols = [0, 1, 3, 0, 0, 1, 0, 1, 3, 3, 0, 0]
    assert encode(np.array(symbols), one).hex() == "8d7c0a004ce7"
    assert decode(bytes.fromhex("8d7c0a004ce7"), 12, one).tolist() == symbols
    two = Frequencies.from_counts(np.array([[5, 3, 1], [1, 1, 60]]), 10)
    assert two.to_bytes().hex() == "0a010205e68055e308"
    assert (
        encode(np.array([0, 1, 2, 2, 2, 2, 0, 0]), two, np.array([0, 0, 0, 1, 1, 1, 1, 0])).hex()
        == "2252bb16"
    )


def test_golden_lanes(loops):
    symbols = np.arange(70000) * 2654435761 % 2**32 % 7 % 4
    data = encode(symbols, Frequencies.from_counts(np.bincount(symbols), 12))
    assert len(data) == 17090
    assert data[:16].hex() == "c420040026360400623b020063b10300"
    assert hashlib.sha256(data).hexdigest()[:16] == "4396161292040487"


@pytest.mark.parametrize(("n", "precision"), [(2000, 12), (100_000, 16), (100_000, 9)])
def test_length_agrees_with_an_independent_coder(n, precision):
    constriction = pytest.importorskip("constriction")
    symbols, frequencies, _ = sample(n + precision, n, 1, 60, precision)
    values = frequencies.values[0]
    present = np.flatnonzero(values)
    model = constriction.stream.model.Categorical(values[present] / (1 << precision), perfect=True)
    coder = constriction.stream.stack.AnsCoder()
    coder.encode_reverse(np.searchsorted(present, symbols).astype(np.int32), model)
    theirs = 4 * len(coder.get_compressed())
    information = -np.log2(values[symbols] / (1 << precision)).sum() / 8
    ours = len(encode(symbols, frequencies))
    rounding = n * 0.006 * 4.0 ** (precision - 16) / 8  # docs/entropy.md, "What rounding costs", doubled
    assert information <= ours <= information + 36 + rounding
    assert abs(ours - theirs) <= 44 + rounding


def test_sure_symbols_cost_only_the_state(loops):
    sure = Frequencies.from_values(np.array([0, 1 << 16]), 16)
    data = encode(np.ones(1000, np.int64), sure)
    assert data == (1 << 16).to_bytes(4, "little")
    assert (decode(data, 1000, sure) == 1).all()


def test_impossible_requests_are_refused(loops):
    frequencies = Frequencies.from_counts(np.array([5, 3, 0, 1]), 8)
    for symbols in ([2], [4], [-1], [0.5], [[0]]):
        with pytest.raises(BadRequestError):
            encode(np.array(symbols), frequencies)
    for contexts in ([1], [-1], [0, 0]):
        with pytest.raises(BadRequestError):
            encode(np.array([0]), frequencies, np.array(contexts))
    for n in (-1, 1 << 40):
        with pytest.raises(LimitError):
            decode(b"\x00" * 8, n, frequencies)


def test_damage_is_noticed_or_harmless(loops):
    rng = np.random.default_rng(11)
    for case in range(500 if loops == "compiled" else 60):
        n = int(rng.choice([0, 1, 40, 400, 66000] if loops == "compiled" else [0, 1, 40, 400]))
        symbols, frequencies, contexts = sample(case, n, 3, 30, 12)
        data = bytearray(encode(symbols, frequencies, contexts))
        if case % 3 == 0:
            data = data[: rng.integers(0, len(data))]
        elif case % 3 == 1:
            data[rng.integers(0, len(data))] ^= 1 << rng.integers(0, 8)
        else:
            data += bytes(rng.integers(0, 256, rng.integers(1, 5)).tolist())
        wrong = n + int(rng.integers(0, 3))
        names = np.resize(contexts, wrong) if n else np.zeros(wrong, np.uint16)
        for choice in (names, None):
            try:
                got = decode(bytes(data), wrong, frequencies, choice)
            except CorruptFileError:
                continue
            assert len(got) == wrong
            assert (got < 30).all()


def test_cut_and_longer_streams_are_always_refused(loops):
    symbols, frequencies, _ = sample(5, 500, 1, 30, 12)
    data = encode(symbols, frequencies)
    for cut in range(len(data)):
        with pytest.raises(CorruptFileError):
            decode(data[:cut], 500, frequencies)
    for n in (499, 501):
        with pytest.raises(CorruptFileError):
            decode(data, n, frequencies)
    with pytest.raises(CorruptFileError):
        decode(data + b"\x00", 500, frequencies)


def test_threads_give_identical_results():
    symbols, frequencies, contexts = sample(9, 200_000, 4, 60, 12)
    data = encode(symbols, frequencies, contexts)
    with ThreadPoolExecutor(4) as pool:
        packed = list(pool.map(lambda _: encode(symbols, frequencies, contexts), range(8)))
        unpacked = list(pool.map(lambda _: decode(data, len(symbols), frequencies, contexts), range(8)))
    assert all(each == data for each in packed)
    assert all(np.array_equal(each, symbols) for each in unpacked)
