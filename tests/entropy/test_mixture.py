"""The mixture coder: round trips, its slow twin, pinned streams, hostile bytes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.entropy import mixture_tables
from hepack.entropy.mixture import MixtureDecoder, encode_mixture, intervals, mixture_bits
from hepack.entropy.mixture_axis import MixtureAxis
from hepack.entropy.rans64 import TOTAL

SETTINGS = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NONE = np.zeros(0, np.int64)
WIDE = MixtureAxis(
    np.array([0, -999]),
    -5000,
    1,
    np.array([300, 500, 200, 60]),
    np.array([4, 2, 2, 5]),
    np.array([-40000, -8000, 0, 9000, 50000]),
    4,
    200,
)
AXES = {
    "spikes and bins": WIDE,
    "bins": MixtureAxis(NONE, 10, 3, np.array([40, 1]), np.array([0, 0]), np.array([-9000, 0, 7]), 1, 1),
    "categories": MixtureAxis(np.array([3, -2, 40]), 0, 1, NONE, NONE, NONE, 0, 1 << 20),
    "one category": MixtureAxis(np.array([7]), 0, 1, NONE, NONE, NONE, 0, 1),
    "all bins there can be": MixtureAxis(
        NONE, -(1 << 62), 5, np.array([1 << 16]), np.array([40]), np.array([-(1 << 17), 1 << 17]), 16, 1 << 26
    ),
}


def rows(axis: MixtureAxis, n: int, seed: int = 0, spread: int = 60) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = rng.integers(-spread, spread + 1, (n, axis.columns))
    at, k = axis.n_classes + axis.components, axis.components
    out[:, at : at + k] *= 40
    out[:, at + 2 * k :] *= 60
    return out.astype(np.int32)


def values(axis: MixtureAxis, n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = rng.integers(-(1 << 63), 1 << 63, n, dtype=np.int64, endpoint=False)
    if axis.components:
        steps = rng.integers(0, axis.span, n)
        inside = rng.random(n) < 0.9
        out[inside] = (axis.low + axis.step * steps)[inside]
    spiked = rng.random(n) < (0.3 if axis.components else 0.9)
    if len(axis.spikes):
        out[spiked] = rng.choice(axis.spikes, n)[spiked]
    return out


def decoded(axis: MixtureAxis, data: bytes, outputs: np.ndarray, cuts: tuple[int, ...] = ()) -> np.ndarray:
    decoder = MixtureDecoder(axis, data, len(outputs))
    parts = [decoder.next(part) for part in np.split(outputs, list(cuts))]
    decoder.finish()
    return np.concatenate(parts)


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES.keys())
def test_round_trip(loops, axis):
    outputs, given_values = rows(axis, 300), values(axis, 300)
    data = encode_mixture(axis, outputs, given_values)
    assert np.array_equal(decoded(axis, data, outputs, (1, 1, 17, 250)), given_values)
    assert mixture_bits(axis, outputs, given_values).min() >= 0


@SETTINGS
@given(st.integers(0, 2**32), st.sampled_from(sorted(AXES)), st.sampled_from([5, 200, 2000, 500_000]))
def test_twins_agree(twins, seed, name, spread):
    axis = AXES[name]
    outputs, given_values = rows(axis, 60, seed, spread), values(axis, 60, seed)
    data = encode_mixture(axis, outputs, given_values)
    with twins():
        assert encode_mixture(axis, outputs, given_values) == data
        assert np.array_equal(decoded(axis, data, outputs), given_values)


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES.keys())
@pytest.mark.parametrize("spread", [0, 100, 1 << 20])
def test_slots_are_shared_without_gaps(axis, spread):
    total = len(axis.spikes) + axis.n_bins
    symbols = np.arange(-1, total, dtype=np.int32)
    outputs = np.repeat(rows(axis, 1, 5, spread), len(symbols), axis=0)
    starts, sizes = intervals(axis, outputs, symbols)
    assert sizes.min() >= 1
    assert starts[0] == 0
    assert np.array_equal(starts[1:], (starts + sizes)[:-1])
    assert starts[-1] + sizes[-1] == TOTAL


def test_pinned(loops):
    data = encode_mixture(WIDE, rows(WIDE, 500), values(WIDE, 500))
    assert hashlib.sha256(data).hexdigest()[:16] == "8ce17de1546bff4f"
    assert (
        WIDE.to_bytes().hex()
        == "0204c8018f4e01040705cd0fe70701010705781405cc1e0004010402c20c05fff004e8070700242c1605"
    )


def test_tables_are_pinned():
    tables = (
        mixture_tables.exponentials(),
        mixture_tables.inverse_scales(),
        mixture_tables.sigmoids(),
        mixture_tables.silus(),
    )
    digests = [hashlib.sha256(t.astype("<i8").tobytes()).hexdigest()[:8] for t in tables]
    assert digests == ["61bd310b", "a0b31ff3", "9082e753", "4217352b"]
    for table, exact in zip(
        tables[:3],
        (
            2.0**24 * np.exp(-np.arange(512) / 16),
            2.0 ** (12 + np.arange(-24, 89) / 8),
            2.0**30 / (1 + np.exp(-np.minimum(np.arange(2050), 2048) / 128)),
        ),
        strict=True,
    ):
        assert np.abs(table - exact).max() < 0.51


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES.keys())
def test_axis_bytes(axis):
    data = axis.to_bytes()
    back, at = MixtureAxis.read(b"xy" + data + b"z", 2)
    assert at == len(data) + 2
    assert back.to_bytes() == data
    for cut in range(len(data)):
        with pytest.raises(CorruptFileError):
            MixtureAxis.read(data[:cut], 0)


def test_damaged_axis_bytes():
    data = WIDE.to_bytes()
    rng = np.random.default_rng(0)
    for _ in range(2000):
        bad = bytearray(data)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        try:
            MixtureAxis.read(bytes(bad), 0)
        except CorruptFileError:
            continue


def test_damaged_streams(loops):
    n = 40
    outputs, given_values = rows(WIDE, n), values(WIDE, n)
    data = encode_mixture(WIDE, outputs, given_values)
    rng = np.random.default_rng(0)
    for cut in range(0, len(data), 11):
        with pytest.raises(CorruptFileError):
            decoded(WIDE, data[:cut], outputs)
    for _ in range(60):
        bad = bytearray(data)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        try:
            decoded(WIDE, bytes(bad), outputs)
        except CorruptFileError:
            continue


def test_wrong_use_is_refused():
    outputs = rows(WIDE, 10)
    data = encode_mixture(WIDE, outputs, values(WIDE, 10))
    with pytest.raises(BadRequestError, match="do not fit"):
        encode_mixture(WIDE, outputs[:, :4], values(WIDE, 10))
    decoder = MixtureDecoder(WIDE, data, 10)
    with pytest.raises(BadRequestError, match="not read"):
        decoder.finish()
    with pytest.raises(BadRequestError, match="left"):
        decoder.next(rows(WIDE, 11))
    with pytest.raises(CorruptFileError):
        MixtureDecoder(WIDE, data, 0)
    with pytest.raises(LimitError):
        MixtureDecoder(WIDE, data, 1 << 40)


@pytest.mark.parametrize(
    "change",
    [
        {"spikes": np.array([1, 1])},
        {"low": (1 << 63) - 10},
        {"step": 0},
        {"counts": np.array([300, 500, 200, 0])},
        {"counts": np.array([300, 500, 200, 70000])},
        {"shifts": np.array([4, 2, 2, 60])},
        {"places": np.array([-40000, 8000, 0, 9000, 50000])},
        {"components": 0},
        {"escape": 0},
        {"counts": NONE, "shifts": NONE, "places": NONE},
    ],
)
def test_impossible_axes_are_refused(change):
    names = ("spikes", "low", "step", "counts", "shifts", "places", "components", "escape")
    with pytest.raises(BadRequestError):
        MixtureAxis(**{**{name: getattr(WIDE, name) for name in names}, **change})
