from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conditional.history.walks import integers, walk
from hepack._errors import BadRequestError, CorruptFileError
from hepack.conditional.base import Problem
from hepack.conditional.history import History, fit_history
from hepack.conditional.history.alphabet import Alphabet
from hepack.conditional.history.contexts import Context
from hepack.conditional.history.tables import LOGIT, tables
from hepack.entropy import encode_integers

SETTINGS = settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
SOME = History((Context(), Context((), 2), Context((1,), 1), Context((0, 1))))


def round_trip(history: History, problem: Problem) -> bytes:
    data = history.encode(problem.features, problem.targets, problem.first)
    back = history.decode(problem.features, data, problem.first)
    assert back.dtype == np.int64
    assert np.array_equal(back, problem.targets)
    return data


def test_what_repeats_costs_little():
    problem = walk(1, 20_000)
    history = fit_history(problem)
    assert history is not None
    data = round_trip(history, problem)
    assert len(data) < 0.3 * len(encode_integers(problem.targets))
    assert history.lagged
    assert 1 in history.used
    bits = history.bits(problem.features, problem.targets, problem.first)
    assert len(data) == pytest.approx(bits.sum() / 8, rel=0.002, abs=12)
    assert history.cost(problem) == pytest.approx(len(data), rel=0.01, abs=20)
    assert History.from_bytes(history.to_bytes(), 2) == history


def test_a_stable_column_is_extrapolated():
    problem = walk(1, 20_000)
    history = fit_history(problem)
    assert history is not None
    part = Problem(problem.features[:8000], problem.targets[:8000], 20_000, problem.first[:8000])
    data = history.encode(problem.features, problem.targets, problem.first)
    assert len(data) < history.cost(part) < 1.15 * len(data)


def test_noise_and_short_columns_have_no_history():
    noise = integers(1, (20_000,), 0, 50)
    features = integers(2, (20_000, 3), 0, 50).astype(np.int32)
    assert fit_history(Problem(features, noise, 20_000)) is None
    assert fit_history(Problem(features, integers(3, (20_000,), 0, 1 << 40), 20_000)) is None
    assert fit_history(Problem(features, np.zeros(20_000, np.int64), 20_000)) is None
    short = walk(1, 500)
    assert fit_history(short) is None
    assert fit_history(Problem(short.features[:0], short.targets[:0], 0)) is None


def test_without_features():
    problem = walk(4, 6000)
    bare = Problem(problem.features[:, :0], problem.targets, 6000, problem.first)
    history = fit_history(bare)
    assert history is not None
    assert history.used == ()
    round_trip(history, bare)


def test_only_used_features_matter():
    problem = walk(5, 5000)
    history = History((Context((1,), 1),))
    other = problem.features.copy()
    other[:, 0] = -7
    expected = history.encode(problem.features, problem.targets, problem.first)
    assert history.encode(other, problem.targets, problem.first) == expected


def test_no_first_means_that_only_the_first_row_has_none_before():
    problem = walk(5, 800)
    first = np.zeros(800, np.bool_)
    first[0] = True
    assert SOME.encode(problem.features, problem.targets) == SOME.encode(
        problem.features, problem.targets, first
    )


def test_the_pinned_bytes(twins):
    problem = walk(1, 3000)
    data = round_trip(SOME, problem)
    bits = SOME.bits(problem.features, problem.targets, problem.first)
    with twins():
        assert round_trip(SOME, problem) == data
        assert np.array_equal(SOME.bits(problem.features, problem.targets, problem.first), bits)
    assert hashlib.sha256(SOME.to_bytes() + data).hexdigest()[:16] == "7d50db9d4f1af8ce"


def test_the_pinned_tables():
    constants = tables()
    parts = (constants.squash, constants.stretch, constants.rates, constants.buckets)
    assert constants.squash[LOGIT] == 1 << 15
    assert (constants.squash + constants.squash[::-1] == 1 << 16).all()
    assert (np.diff(constants.squash) >= 0).all()
    assert (np.diff(constants.stretch) >= 0).all()
    digest = hashlib.sha256(b"".join(part.astype("<i4").tobytes() for part in parts))
    assert digest.hexdigest()[:16] == "5484f8bdba504753"


@SETTINGS
@given(st.lists(INT64 | st.integers(0, 9), max_size=60), st.integers(0, 99))
def test_any_integer_comes_back(twins, values, seed):
    n = len(values)
    features = integers(seed, (n, 2), -(1 << 24) + 1, 1 << 24).astype(np.int32)
    problem = Problem(features, np.array(values, np.int64), n, integers(seed, (n,), 0, 2) == 0)
    data = round_trip(SOME, problem)
    with twins():
        assert round_trip(SOME, problem) == data


def test_many_distinct_values_escape():
    values = np.where(integers(1, (20_000,), 0, 3) == 0, integers(2, (20_000,), 0, 1 << 50), 5)
    assert 1 <= len(Alphabet.of(values).values) < 100
    problem = Problem(np.zeros((20_000, 2), np.int32), values, 20_000)
    data = round_trip(SOME, problem)
    bits = SOME.bits(problem.features, problem.targets)
    assert len(data) == pytest.approx(bits.sum() / 8, rel=0.002, abs=12)


def test_a_stream_longer_than_plain_bits():
    """What is learned in the first half is wrong in the second."""
    values = np.concatenate([np.zeros(3000, np.int64), integers(1, (3000,), 1, 4096)])
    round_trip(SOME, Problem(np.zeros((6000, 2), np.int32), values, 6000))


def test_targets_of_a_wrong_kind_are_refused():
    with pytest.raises(BadRequestError):
        SOME.encode(np.zeros((3, 2), np.int32), np.zeros(2, np.int64))
    with pytest.raises(BadRequestError):
        SOME.encode(np.zeros((3, 2), np.int32), np.zeros(3, np.int32))  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(n):
    problem = walk(1, n)
    data = round_trip(SOME, problem)
    assert bool(data) == bool(n)


def test_every_cut_and_every_longer_stream_is_refused():
    problem = walk(1, 300)
    data = round_trip(SOME, problem)
    for end in range(len(data)):
        with pytest.raises(CorruptFileError):
            SOME.decode(problem.features, data[:end], problem.first)
    with pytest.raises(CorruptFileError):
        SOME.decode(problem.features, data + b"\0", problem.first)
    with pytest.raises(CorruptFileError):
        SOME.decode(problem.features[:0], data)


@SETTINGS
@given(st.binary(max_size=80))
def test_hostile_streams(data):
    features = np.zeros((40, 2), np.int32)
    try:
        back = SOME.decode(features, data)
    except CorruptFileError:
        return
    assert back.shape == (40,)


@SETTINGS
@given(st.data())
def test_changed_streams(twins, data):
    problem = walk(1, 200)
    stream = bytearray(SOME.encode(problem.features, problem.targets, problem.first))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] ^= data.draw(st.integers(1, 255))

    def outcome() -> bytes | str:
        try:
            return SOME.decode(problem.features, bytes(stream), problem.first).tobytes()
        except CorruptFileError as error:
            return str(error)

    fast = outcome()
    with twins():
        assert outcome() == fast


@SETTINGS
@given(st.binary(max_size=20))
def test_hostile_models(data):
    try:
        history = History.from_bytes(data, 5)
    except CorruptFileError:
        return
    assert all(column < 5 for column in history.used)


def test_every_cut_model_is_refused():
    data = SOME.to_bytes()
    for end in range(len(data)):
        with pytest.raises(CorruptFileError):
            History.from_bytes(data[:end], 2)
    with pytest.raises(CorruptFileError):
        History.from_bytes(data, 1)
    with pytest.raises(CorruptFileError):
        History.from_bytes(data + b"\0", 2)
