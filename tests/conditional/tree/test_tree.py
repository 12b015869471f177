from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conditional.tree.problems import bell, integers, physics
from hepack._errors import BadRequestError, CorruptFileError
from hepack.conditional.base import Problem
from hepack.conditional.tree import Tree, fit_tree

SETTINGS = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


def fitted(problem: Problem) -> Tree:
    tree = fit_tree(problem)
    assert tree is not None
    return tree


def round_trip(tree: Tree, problem: Problem) -> bytes:
    data = tree.encode(problem.features, problem.targets, problem.first)
    back = tree.decode(problem.features, data, problem.first)
    assert back.dtype == np.int64
    assert np.array_equal(back, problem.targets)
    return data


@pytest.mark.parametrize("lagged", [False, True])
@pytest.mark.parametrize("n", [300, 70_000])
def test_round_trip_and_bits(lagged, n):
    problem = physics(n, n, lagged=lagged)
    tree = fitted(problem)
    data = round_trip(tree, problem)
    assert Tree.from_bytes(tree.to_bytes(), problem.features.shape[1]) == tree
    bits = tree.bits(problem.features, problem.targets, problem.first)
    assert len(data) == pytest.approx(bits.sum() / 8, rel=0.01, abs=40)
    assert tree.lagged == lagged


def test_only_used_features_matter():
    problem = physics(5, 5000, lagged=False)
    tree = fitted(problem)
    other = np.full_like(problem.features, -7)
    other[:, list(tree.used)] = problem.features[:, list(tree.used)]
    assert tree.encode(other, problem.targets) == tree.encode(problem.features, problem.targets)


MODEL = (
    "134e982b194709d8ffffffffffff0fd03038283888fa7fffffff749ac24022281000007ce573016960022ae00de260cb"
    "8492f5b34c3eb213d74c2ed6bc4ee6a3b972a5f6532741131cd1410338290c40da6106ec1883745227c51250578dcbff"
    "5bc46de330618b618709833a4117eca26069f03f18d8c830a784ff21d031f4f3f8ff23fff81ffbff083ea0017660f881"
    "0248c00b240715ccf1c11f68800cac8006a00126fc871d8006f85060073fa0f1e30f2250801714fcffff03"
)


def test_the_pinned_bytes(twins):
    problem = physics(1, 3000, lagged=True)
    tree = Tree.from_bytes(bytes.fromhex(MODEL), 6)
    assert tree.to_bytes().hex() == MODEL
    data = round_trip(tree, problem)
    assert len(data) == 2157
    assert hashlib.sha256(data).hexdigest()[:16] == "770c1bd1a798e48d"
    with twins():
        assert round_trip(tree, problem) == data


@pytest.mark.parametrize("lagged", [False, True])
def test_the_slow_twins_fit_the_same(twins, lagged):
    problem = physics(1, 3000, lagged=lagged)
    tree = fit_tree(problem, max_leaves=64)
    with twins():
        assert fit_tree(problem, max_leaves=64) == tree


@SETTINGS
@given(st.lists(INT64, max_size=40), st.booleans(), st.integers(0, 99))
def test_any_integer_comes_back(twins, values, lagged, seed):
    problem = physics(seed % 4, 400, lagged=lagged)
    tree = fitted(problem)
    n = len(values)
    first = integers(seed, (n,), 0, 2) == 0 if lagged else None
    features = integers(seed, (n, 6), -(1 << 24) + 1, 1 << 24).astype(np.int32)
    other = Problem(features, np.array(values, np.int64), n, first)
    data = round_trip(tree, other)
    with twins():
        assert round_trip(tree, other) == data
        assert np.array_equal(
            tree.bits(features, other.targets, first), fitted(problem).bits(features, other.targets, first)
        )


@SETTINGS
@given(st.lists(INT64, min_size=1, max_size=60), st.booleans())
def test_any_integers_can_be_fitted(values, repeat):
    y = np.array(values * 30 if repeat else values, np.int64)
    x = np.stack([np.arange(len(y)) % 7, np.clip(y >> 40, -(1 << 24) + 1, (1 << 24) - 1)], 1).astype(np.int32)
    tree = fit_tree(Problem(x, y, len(y), np.zeros(len(y), np.bool_)))
    if tree is not None:
        round_trip(tree, Problem(x, y, len(y), np.zeros(len(y), np.bool_)))


def test_degenerate_problems():
    none = np.zeros((0, 3), np.int32)
    assert fit_tree(Problem(none, np.zeros(0, np.int64), 0)) is None
    assert fit_tree(Problem(np.zeros((500, 0), np.int32), bell(1, 500, 9), 500)) is None
    assert fit_tree(Problem(np.zeros((500, 2), np.int32), np.full(500, 7), 500)) is None
    assert fit_tree(Problem(np.zeros((1, 2), np.int32), np.full(1, 7), 1)) is None
    tree = fitted(physics(2, 400, lagged=False))
    assert tree.encode(np.zeros((0, 6), np.int32), np.zeros(0, np.int64)) == b""
    assert len(tree.decode(np.zeros((0, 6), np.int32), b"")) == 0


@pytest.mark.parametrize("kinds", [2, 3, 9, 40])
def test_what_follows_from_a_feature_costs_little(kinds):
    x = np.stack([bell(1, 5000, 90), integers(2, (5000,), 0, kinds), integers(3, (5000,), 0, 50)], axis=1)
    problem = Problem(x.astype(np.int32), 7 * x[:, 1] - 11, 5000)
    tree = fitted(problem)
    bits = tree.bits(problem.features, problem.targets).sum() + 8 * len(tree.to_bytes())
    assert bits < 5000 * np.log2(kinds) / 4


def test_noise_is_left_alone():
    x = integers(3, (4000, 8), -1000, 1000).astype(np.int32)
    assert fit_tree(Problem(x, bell(17, 4000, 200), 4000)) is None


def test_threads_change_nothing():
    problems = [physics(s, 2000, lagged=bool(s % 2)) for s in range(4)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fit_tree, problems))
    assert together == [fit_tree(problem) for problem in problems]
    assert None not in together


@pytest.mark.parametrize("lagged", [False, True])
def test_damaged_streams_are_refused(twins, lagged):
    problem = physics(3, 400, lagged=lagged)
    tree = fitted(problem)
    data = round_trip(tree, problem)
    for cut in range(0, len(data), 7):
        with pytest.raises(CorruptFileError):
            tree.decode(problem.features, data[:cut], problem.first)
    with pytest.raises(CorruptFileError):
        tree.decode(problem.features, data + b"\0", problem.first)
    for at in range(0, len(data), 31):
        bad = bytearray(data)
        bad[at] ^= 1 + at % 255
        with twins():
            slow = outcome(tree, problem, bytes(bad))
        assert outcome(tree, problem, bytes(bad)) == slow


def outcome(tree: Tree, problem: Problem, data: bytes) -> bytes | str:
    try:
        return tree.decode(problem.features, data, problem.first).tobytes()
    except CorruptFileError as error:
        return str(error)


def test_damaged_models_are_refused():
    problem = physics(4, 400, lagged=True)
    tree = fitted(problem)
    model = tree.to_bytes()
    for cut in range(len(model)):
        with pytest.raises(CorruptFileError):
            Tree.from_bytes(model[:cut], 6)
    with pytest.raises(CorruptFileError):
        Tree.from_bytes(model + b"\0", 6)
    with pytest.raises(CorruptFileError):
        Tree.from_bytes(model, 2)
    data = tree.encode(problem.features, problem.targets, problem.first)
    for at in range(8 * len(model)):
        bad = bytearray(model)
        bad[at // 8] ^= 1 << at % 8
        try:
            Tree.from_bytes(bytes(bad), 6).decode(problem.features, data, problem.first)
        except (CorruptFileError, BadRequestError):
            continue


@SETTINGS
@given(st.binary(max_size=120))
def test_hostile_bytes(data):
    features, first = np.zeros((50, 6), np.int32), np.zeros(50, np.bool_)
    try:
        tree = Tree.from_bytes(data, 6)
        tree.decode(features, data, first)
    except CorruptFileError:
        pass


def test_a_lagged_model_needs_first():
    problem = physics(6, 2000, lagged=True)
    tree = fitted(problem)
    assert tree.lagged
    with pytest.raises(BadRequestError, match="first"):
        tree.encode(problem.features, problem.targets)
    with pytest.raises(BadRequestError, match="rows"):
        tree.encode(problem.features[1:], problem.targets, problem.first)
