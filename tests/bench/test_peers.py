"""Every installed peer keeps every bound; what is not installed says how to get it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hepack._errors import BadRequestError
from hepack.bench.column import Column, narrow
from hepack.bench.measure import measure
from hepack.bench.peer import all_peers, choose
from hepack.table import Tolerance

PEERS = all_peers()


def installed(name: str) -> str:
    reason = PEERS[name].missing()
    if reason:
        pytest.skip(reason)
    return name


def column(values: np.ndarray, tolerance: str = "lossless", role: str = "values") -> Column:
    return Column("jets", "x", role, values, Tolerance.parse(tolerance))


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("tolerance", ["1e-3rel", "1e-2", "9bits", "lossless"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_every_setting_keeps_the_bound(name: str, tolerance: str, dtype: str, momenta: np.ndarray) -> None:
    peer = PEERS[installed(name)]
    values = momenta.astype(dtype)
    values[::3] *= -1
    values[:10] = 0
    given = column(values, tolerance)
    for setting in peer.settings(given):
        restored = peer.decompress(peer.compress(given, setting), setting)
        wrong = given.violations(restored)
        assert not wrong.any(), (setting, values[wrong][:3], restored[wrong][:3])


@pytest.mark.parametrize("name", PEERS)
def test_special_values_are_charged(name: str, pt_column: Column) -> None:
    peer = PEERS[installed(name)]
    found = measure(peer, pt_column)
    assert not any(score.broken for score in found.values()), found
    if "bounded" in found:
        assert found["bounded"].bytes < pt_column.raw_bytes
        if "rounded" not in found["bounded"].setting:
            assert found["bounded"].patched >= 3


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "i8", "u8", "f4"])
@pytest.mark.parametrize("count", [1, 257])
def test_exact_settings_give_every_bit_back(name: str, dtype: str, count: int) -> None:
    peer = PEERS[installed(name)]
    values = np.random.default_rng(1).integers(0, 100, count).astype(dtype)
    for score in measure(peer, column(values)).values():
        assert not score.broken, score


@pytest.mark.parametrize("name", PEERS)
def test_no_values_no_settings(name: str) -> None:
    assert not PEERS[installed(name)].settings(column(np.zeros(0, np.float32), "1e-3"))


@pytest.mark.parametrize("name", ["zstd-19", "lzma-9", "pcodec", "openzl"])
def test_text_as_bytes_and_through_a_dictionary(name: str) -> None:
    peer = PEERS[installed(name)]
    text = np.frombuffer(b"".join(b"ab\0" if i % 3 else b"other\0" for i in range(300)), np.uint8)
    settings = peer.settings(column(text, role="text"))
    assert any(setting.startswith("strings") for setting in settings)
    assert not any(score.broken for score in measure(peer, column(text, role="text")).values())


def test_all_special_leaves_exact_settings_only() -> None:
    given = column(np.full(40, np.nan, np.float32), "1e-3rel")
    for name, peer in PEERS.items():
        if peer.missing() is None:
            assert all(setting.startswith("exact") for setting in peer.settings(given)), name


def test_dense_grids_keep_their_shape_for_sz3() -> None:
    x, y = np.meshgrid(np.linspace(0, 3, 40), np.linspace(0, 3, 50))
    given = column(np.sin(x * y).astype(np.float32)[None], "1e-3")
    peer = PEERS[installed("sz3")]
    flat = replace(given, values=given.values.reshape(-1))
    assert measure(peer, given)["bounded"].bytes < measure(peer, flat)["bounded"].bytes


def test_a_missing_package_is_a_reason_with_a_command() -> None:
    peer = PEERS["zfp"]
    broken = type("Gone", (type(peer),), {"module": "no_such_module_here", "package": "nosuch"})()
    assert broken.missing() == "the package 'nosuch' is not installed; run: pip install nosuch"


def test_unknown_ids_name_the_nearest() -> None:
    assert choose(["zfp"], list(PEERS)) == ["zfp"]
    with pytest.raises(BadRequestError, match="did you mean pcodec"):
        choose(["pcodek"], list(PEERS))


def test_float64_that_is_float32_is_narrowed(momenta: np.ndarray) -> None:
    values = momenta.astype(np.float64)
    assert narrow(values).dtype == np.float32
    assert narrow(values + 1e-12).dtype == np.float64
    assert narrow(np.array([np.nan, -0.0, np.inf])).dtype == np.float32
