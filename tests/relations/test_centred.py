"""Centred maps keep the tolerance around any prediction, and a good prediction is symbol 0."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from hepack._errors import CorruptFileError
from hepack.relations import NOTHING, centred_candidates, rebuild_centred
from hepack.relations.centred import Absolute, Difference, Lattice, Mantissa, Relative, Ulps
from hepack.table import Tolerance, Variable
from hepack.transforms import Digits, Steps, candidates

RNG = np.random.default_rng(3)
SHAPES = {
    "normal": RNG.normal(0, 2, 500),
    "falling": RNG.exponential(40, 500) + 0.5,
    "wide": np.exp(RNG.normal(0, 20, 500)),
    "zeros": np.where(RNG.random(500) < 0.3, 0.0, RNG.normal(0, 3, 500)),
    "decimals": np.round(RNG.normal(10, 5, 500), 3),
    "angle": RNG.uniform(-np.pi, np.pi, 500),
}
TOLERANCES = ["lossless", "1e-3", "1e-3rel", "1e-2rel", "10bits", "4bits"]


def predictions(values: Any) -> Any:
    guess = values.astype(np.float64) * RNG.normal(1, 1e-3, len(values))
    guess[::7] = np.nan
    guess[1::11] = 0.0
    guess[2::13] = np.inf
    guess[3::17] = -5.0
    guess[4::5] = values[4::5]
    return guess


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tolerance", TOLERANCES)
@pytest.mark.parametrize("dtype", ["f4", "f8", "f2"])
def test_keeps_the_tolerance(shape: str, tolerance: str, dtype: str) -> None:
    if shape == "wide" and (dtype == "f2" or tolerance == "1e-3"):
        pytest.skip("beyond what plain grids hold")
    with np.errstate(over="ignore"):
        values = SHAPES[shape].astype(dtype)
    values = np.where(np.isfinite(values), values, np.ones(1, dtype))
    period = 2 * np.pi if shape == "angle" else None
    kind: dict[str, Any] = {"kind": "angle", "period": period} if period else {}
    variable = Variable(name="x", dtype=np.dtype(dtype), tolerance=Tolerance.parse(tolerance), **kind)
    guess = predictions(values)
    options = centred_candidates(variable, candidates(variable, values, values))
    assert options
    for option in options:
        symbols = option.forward(values, guess)
        assert symbols.dtype == np.int64
        back = option.inverse(symbols, guess, values.dtype)
        wrong = variable.tolerance.violated(values, back, period=period)
        signs = (np.sign(guess) != np.sign(values)) & np.isfinite(guess) & (guess != 0) & (values != 0)
        misfit = signs if isinstance(option, Relative) else np.zeros(len(values), bool)
        allowed = 0.03 if variable.tolerance.mode in ("relative", "mantissa") or dtype == "f2" else 0.0
        assert (wrong & ~misfit).mean() <= allowed, option
        again = rebuild_centred(option.tag, json.loads(json.dumps(option.settings())))
        assert again == option
        if option != Ulps() or tolerance == "lossless":
            assert (symbols[4::5] == 0).mean() > 0.95, option


def test_angle_wraps() -> None:
    grid = Absolute(2e-3, -3.1415, 3.1415, 2 * np.pi)
    values, guess = np.array([-3.141, 3.1409]), np.array([3.1414, -3.1413])
    symbols = grid.forward(values, guess)
    assert (np.abs(symbols) <= 1).all()
    back = grid.inverse(symbols, guess, values.dtype)
    assert not Tolerance("absolute", 1e-3).violated(values, back, period=2 * np.pi).any()
    assert (np.abs(back) <= 3.1415).all()


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "i8", "u8"])
def test_integers(dtype: str) -> None:
    kind = np.dtype(dtype)
    if kind.kind == "b":
        values = RNG.random(200) < 0.5
    else:
        info = np.iinfo(kind)
        values = RNG.integers(info.min, info.max, 200, dtype=kind, endpoint=True)
    guess = RNG.integers(-(2**62), 2**62, 200)
    guess[::3] = NOTHING
    guess[1::3] = (
        values[1::3].astype(np.int64) if kind.kind != "u" else values[1::3].astype(np.uint64).view(np.int64)
    )
    symbols = Difference().forward(values, guess)
    assert (symbols[1::3] == 0).all()
    np.testing.assert_array_equal(Difference().inverse(symbols, guess, kind), values)


def test_any_symbol_decodes() -> None:
    symbols = np.array([-(2**63), 2**63 - 1, 0, -1, 1, 1 << 40, -(1 << 40)])
    guess = np.array([np.nan, np.inf, 0.0, 1e300, -1e-300, 5.0, -5.0])
    maps = [Ulps(), Ulps(13), Mantissa(13), Lattice(Steps(1.0, 1000.0)), Lattice(Digits(6, -4)),
            Absolute(2e-3, -4.0, 4.0, 6.28), Relative(2.9e-3, -100)]  # fmt: skip
    for dtype in ("f2", "f4", "f8"):
        for option in maps:
            assert option.inverse(symbols, guess, np.dtype(dtype)).dtype == dtype
    assert (Difference().inverse(symbols, symbols, np.dtype("i2"))).dtype == "i2"


@pytest.mark.parametrize(
    ("tag", "settings"),
    [
        ("none", []), ("diff", [1]), ("ulps", []), ("ulps", [-1]), ("ulps", [64]), ("ulps", [1.0]), ("ulps", [True]),
        ("mantissa", [99]), ("lattice", []), ("lattice", ["ratio", 0.1, 3]), ("lattice", ["dict", 4]),
        ("lattice", ["step", 0, 1]), ("abs", [1]), ("abs", [-1, 0, 1]), ("abs", [0, 0, 1]),
        ("abs", [float("nan"), 0, 1]), ("abs", [1, 0, 1, -2]), ("rel", [0, 0]), ("rel", [1e-30, 0]),
        ("rel", [float("inf"), 0]), ("rel", [0.1, 1e300]), ("rel", [0.1, "x"]),
    ],
)  # fmt: skip
def test_hostile_settings(tag: str, settings: list[Any]) -> None:
    with pytest.raises(CorruptFileError):
        rebuild_centred(tag, settings)
