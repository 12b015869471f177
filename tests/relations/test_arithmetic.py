"""The elementary functions against mpmath, and at the edges."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from hepack.relations import arithmetic

RANGES: dict[str, list[tuple[float, float]]] = {
    "exp": [(-700, 700), (-1, 1), (-1e-9, 1e-9)],
    "log": [(1e-300, 1e300), (0.5, 2), (1 - 1e-9, 1 + 1e-9), (5e-324, 1e-310)],
    "log1p": [(-0.9, 10), (-1e-8, 1e-8), (1e3, 1e9)],
    "sin": [(-4, 4), (-1e3, 1e3), (9e5, 1e6), (3.14159, 3.1416)],
    "cos": [(-4, 4), (-1e3, 1e3), (9e5, 1e6), (1.5707, 1.5708)],
    "tan": [(-4, 4), (-1e3, 1e3), (1.5707, 1.5708)],
    "atan": [(-5, 5), (-1e6, 1e6), (-1e-6, 1e-6)],
    "sinh": [(-10, 10), (-1e-5, 1e-5), (300, 700), (0.999, 1.001)],
    "cosh": [(-10, 10), (-1e-5, 1e-5), (300, 700)],
    "tanh": [(-10, 10), (-1e-5, 1e-5), (-50, 50)],
    "asinh": [(-20, 20), (-1e-6, 1e-6), (-1e12, 1e12), (1e100, 1e300)],
}


def ulps(found: Any, exact: list[Any]) -> float:
    worst = 0.0
    for value, truth in zip(found, exact, strict=True):
        if mpmath.isinf(truth) or abs(truth) > 1.7e308:
            continue
        unit = float(np.spacing(abs(float(truth))))
        worst = max(worst, float(abs(mpmath.mpf(float(value)) - truth)) / unit)
    return worst


@pytest.mark.parametrize("name", RANGES)
def test_within_a_few_ulp(name: str) -> None:
    rng = np.random.default_rng(5)
    ours: Callable[..., Any] = getattr(arithmetic, name)
    theirs = getattr(mpmath, name)
    for low, high in RANGES[name]:
        x = rng.uniform(low, high, 400)
        if low > 0 and high / low > 1e6:
            x = np.exp(rng.uniform(np.log(low), np.log(high), 400))
        with mpmath.workdps(60):
            assert ulps(ours(x), [theirs(mpmath.mpf(float(v))) for v in x]) < 4, (low, high)


def test_atan2() -> None:
    rng = np.random.default_rng(6)
    y, x = rng.normal(size=(2, 2000)) * 10.0 ** rng.integers(-6, 6, (2, 2000))
    with mpmath.workdps(60):
        exact = [mpmath.atan2(mpmath.mpf(float(a)), mpmath.mpf(float(b))) for a, b in zip(y, x, strict=True)]
        assert ulps(arithmetic.atan2(y, x), exact) < 4
    edges = arithmetic.atan2([0, 0, 1, -1, 0], [1, -1, 0, 0, 0])
    np.testing.assert_array_equal(edges, [0, np.pi, np.pi / 2, -np.pi / 2, 0])


def test_edges() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])
    np.testing.assert_array_equal(arithmetic.exp(odd), [np.nan, np.inf, 0, 1, 1])
    np.testing.assert_array_equal(arithmetic.log(odd), [np.nan, np.inf, np.nan, -np.inf, -np.inf])
    np.testing.assert_array_equal(arithmetic.log1p(odd[:4]), [np.nan, np.inf, np.nan, 0])
    np.testing.assert_array_equal(arithmetic.sin(odd), [np.nan, np.nan, np.nan, 0, 0])
    np.testing.assert_array_equal(arithmetic.cos(odd), [np.nan, np.nan, np.nan, 1, 1])
    np.testing.assert_array_equal(arithmetic.sinh(odd), [np.nan, np.inf, -np.inf, 0, -0.0])
    np.testing.assert_array_equal(arithmetic.cosh(odd), [np.nan, np.inf, np.inf, 1, 1])
    np.testing.assert_array_equal(arithmetic.tanh(odd), [np.nan, 1, -1, 0, 0])
    np.testing.assert_array_equal(arithmetic.asinh(odd), [np.nan, np.inf, -np.inf, 0, 0])
    np.testing.assert_array_equal(arithmetic.atan(odd[1:]), [np.pi / 2, -np.pi / 2, 0, 0])
    assert np.isnan(arithmetic.sin([1e7, -1e300])).all()
    assert arithmetic.exp(np.array(1000.0)) == np.inf
    assert arithmetic.exp(np.array(-1000.0)) == 0


@pytest.mark.parametrize("name", [*RANGES, "atan2"])
def test_slices_do_not_show(name: str) -> None:
    x = np.random.default_rng(7).normal(size=10_001) * 3
    function: Callable[..., Any] = getattr(arithmetic, name)
    several = (x, x[::-1]) if name == "atan2" else (x,)
    whole = function(*several)
    parts = np.concatenate([function(*(v[i : i + 37] for v in several)) for i in range(0, len(x), 37)])
    np.testing.assert_array_equal(whole, parts)
    assert function(*(np.empty(0) for _ in several)).shape == (0,)
    assert function(*(v.reshape(73, 137) for v in several)).shape == (73, 137)


def digest(name: str) -> str:
    """Of the results on a fixed grid of arguments, made without any library's random numbers."""
    steps = np.arange(-20_000, 20_001, dtype=np.float64)
    x = steps * steps * steps / 2.0**34 + steps / 4096.0
    y = np.roll(x, 7777) + 0.125
    function: Callable[..., Any] = getattr(arithmetic, name)
    result = function(y, x) if name == "atan2" else function(np.abs(x) if name == "log" else x)
    return hashlib.blake2b(np.nan_to_num(result, nan=7.0).tobytes(), digest_size=6).hexdigest()


DIGESTS = {
    "exp": "e7ae3c1aa170",
    "log": "d6f611cb86cd",
    "log1p": "171ddcb6deb8",
    "sin": "207eff379a55",
    "cos": "00211474ce9d",
    "tan": "fa4566e46f05",
    "atan": "ae86ab79cfd6",
    "sinh": "7cc13e4fcfbf",
    "cosh": "e5b00c151769",
    "tanh": "4c51fd09f789",
    "asinh": "c53530fc277a",
    "atan2": "4676384353bd",
}
"""Of format version 1: they must be the same on every machine, for good."""


@pytest.mark.parametrize("name", [*RANGES, "atan2"])
def test_same_bits_everywhere(name: str) -> None:
    assert digest(name) == DIGESTS[name]
