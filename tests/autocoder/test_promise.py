"""The autoencoder as a coder: every value within its bound, whatever comes in; hostile bytes are refused."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="encoding by a network needs torch")

from hepack._errors import BadRequestError, CorruptFileError, HepackError  # noqa: E402
from hepack.autocoder import decode, describe, encode  # noqa: E402
from hepack.autocoder.encode import Options  # noqa: E402
from hepack.autocoder.frame import frame, unframe  # noqa: E402
from hepack.autocoder.learn import learn  # noqa: E402
from hepack.autocoder.residual import Residual  # noqa: E402
from hepack.study.table import extract  # noqa: E402
from hepack.table import Tolerance  # noqa: E402

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

QUICK = Options(latent=2, hidden=(8,), epochs=3, batch=64)
KEPT = Options(latent=2, hidden=(8,), epochs=3, batch=64, always=True)
BOUNDS = {"pt": "1e-3rel", "eta": "1e-3", "phi": "12bits", "n": "lossless"}


def columns(count: int = 800, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "pt": (rng.pareto(2, count) * 20 + 20).astype(np.float32),
        "eta": rng.normal(0, 1.4, count),
        "phi": rng.uniform(-math.pi, math.pi, count).astype(np.float32),
        "n": rng.poisson(5, count).astype(np.int32),
    }


def spoilt() -> dict[str, Any]:
    made = columns()
    made["pt"][:6] = [math.nan, math.inf, -math.inf, -0.0, 0.0, 1e-42]
    made["eta"][5:9] = [1e300, -1e300, math.nan, 5e-324]
    made["phi"][:] = 1.25
    made["n"][:2] = [np.iinfo(np.int32).max, np.iinfo(np.int32).min]
    return made


def check(given: dict[str, Any], bounds: dict[str, str], data: bytes) -> None:
    found = decode(data)
    assert list(found) == list(given)
    for name, values in given.items():
        bound = Tolerance.parse(bounds.get(name, "lossless"))
        assert found[name].dtype == values.dtype
        assert not bound.violated(values, found[name]).any(), name


@pytest.mark.parametrize("options", [QUICK, KEPT], ids=["smallest", "network"])
@pytest.mark.parametrize("make", [columns, spoilt])
def test_every_value_is_within_its_bound(make: Any, options: Options) -> None:
    given = make()
    data = encode(given, BOUNDS, options=options)
    check(given, BOUNDS, data)
    told = describe(data)
    assert told.bounded
    assert told.rows == 800
    if options.always:
        assert told.latent == 2


@pytest.mark.parametrize("count", [0, 1, 2, 255])
def test_few_rows(count: int) -> None:
    given = columns(count)
    check(given, BOUNDS, encode(given, BOUNDS))
    check(given, {}, encode(given))  # too few for a network: bit for bit


def test_unbounded_is_marked_and_keeps_what_it_cannot_take() -> None:
    given = spoilt()
    data = encode(given, options=QUICK)
    told = describe(data)
    assert not told.bounded
    assert set(told.columns.values()) == {"unbounded"}
    found = decode(data)
    assert np.array_equal(found["pt"][:4].view(np.uint32), given["pt"][:4].view(np.uint32))
    assert np.isnan(found["eta"][7])
    assert found["eta"][5] == 1e300
    assert (found["phi"] == np.float32(1.25)).mean() > 0.99
    assert all(np.isfinite(found[name][10:]).all() for name in given)


def test_a_model_of_other_data_keeps_the_promise() -> None:
    ordinary = columns(2000)
    trained = learn(np.stack([v.astype(np.float64) for v in ordinary.values()], 1), QUICK)
    heavy = columns(300, seed=5)
    heavy["pt"] *= 5000  # far outside the range trained on
    heavy["n"] += 10_000_000
    check(heavy, BOUNDS, encode(heavy, BOUNDS, model=trained, options=KEPT))
    with pytest.raises(BadRequestError):
        encode({"pt": heavy["pt"]}, BOUNDS | {"pt": "1e-3"}, model=trained)


def test_zprime_jets_in_a_qcd_model_keep_the_promise() -> None:
    names = [f"Jet_{name}" for name in ("pt", "eta", "phi", "mass")]
    qcd = extract(SAMPLES / "qcd_high.root", names, most=1500)
    heavy = extract(SAMPLES / "zprime_tt.root", names, most=600).columns()
    bounds = {"Jet_pt": "1e-3rel", "Jet_eta": "1e-3", "Jet_phi": "1e-3", "Jet_mass": "1e-3rel"}
    check(heavy, bounds, encode(heavy, bounds, model=learn(qcd.values, KEPT), options=KEPT))


def test_an_angle_is_coded_around_the_circle() -> None:
    rng = np.random.default_rng(4)
    phi = rng.uniform(-math.pi, math.pi, 1000).astype(np.float32)
    ahead = np.remainder(phi + 0.01 + math.pi, 2 * math.pi) - math.pi  # beyond pi it is near -pi
    bound = Tolerance("absolute", 1e-3)
    turning = Residual.for_column(phi, bound, 2 * math.pi)
    steps = turning.forward(phi, ahead)
    assert np.abs(steps).max() <= 6
    assert np.abs(Residual.for_column(phi, bound).forward(phi, ahead)).max() > 3000
    restored = turning.inverse(steps, ahead, phi.dtype)
    assert bound.violated(phi, restored, period=2 * math.pi).mean() < 0.01  # in the gap at pi: stored exactly
    assert np.abs(restored).max() <= np.abs(phi).max()
    given = columns(600)
    data = encode(given, BOUNDS | {"phi": "1e-3"}, periods={"phi": 2 * math.pi}, options=KEPT)
    found = decode(data)["phi"]
    assert not bound.violated(given["phi"], found, period=2 * math.pi).any()
    assert np.abs(found).max() <= np.abs(given["phi"]).max()
    with pytest.raises(CorruptFileError):
        Residual("ratio", 1.0, 6.28, -3.0, 3.0)


def test_derived_columns_pay_for_the_network() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 6000)).astype(np.float32)
    given = {"x": x, "y": y, **{f"s{k}": (x * (k + 1) + y * (3 - k)).astype(np.float32) for k in range(4)}}
    bounds = dict.fromkeys(given, "1e-2")
    data = encode(given, bounds, latent=2, options=Options(hidden=(), epochs=8, batch=128))
    check(given, bounds, data)
    plain = encode(given, bounds, latent=1, options=Options(hidden=(), epochs=1, batch=6000))
    assert describe(data).latent == 2
    assert len(data) < 0.7 * len(plain)


def test_bad_requests() -> None:
    with pytest.raises(BadRequestError, match="differ in length"):
        encode({"a": np.zeros(3), "b": np.zeros(4)}, {})
    with pytest.raises(BadRequestError, match="no column 'c'"):
        encode({"a": np.zeros(3)}, {"c": "1e-3"})
    with pytest.raises(BadRequestError, match="flat numbers"):
        encode({"a": np.zeros((3, 2))}, {})


def test_decoding_loads_no_torch() -> None:
    code = "import sys, hepack.autocoder.decode; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_damage_is_found() -> None:
    data = encode(columns(), BOUNDS, options=KEPT)
    for cut in range(0, len(data), max(1, len(data) // 60)):
        with pytest.raises(HepackError):
            decode(data[:cut])
    rng = np.random.default_rng(1)
    for place in rng.integers(0, len(data), 40):
        broken = bytearray(data)
        broken[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(HepackError):
            decode(bytes(broken))


def hostile(header: dict[str, Any]) -> list[dict[str, Any]]:
    def changed(**values: Any) -> dict[str, Any]:
        return json.loads(json.dumps({**header, **values}))

    first = header["columns"][0]
    rest = header["columns"][1:]
    return [
        changed(rows=-1),
        changed(rows=2**62),
        changed(rows="many"),
        changed(columns=3),
        changed(network={}),
        changed(network={**header["network"], "normaliser": {}}),
        changed(network={**header["network"], "net": {**header["network"]["net"], "folds": 99}}),
        changed(network={**header["network"], "net": {**header["network"]["net"], "layers": [[2**40, 2, 0, 0]] * 2}}),
        changed(columns=[{**first, "dtype": "|O"}, *rest]),
        changed(columns=[{**first, "form": "magic"}, *rest]),
        changed(columns=[{**first, "exceptions": 10**9}, *rest]),
        changed(columns=rest),
    ]  # fmt: skip


def test_impossible_headers_are_refused() -> None:
    data = encode(columns(), BOUNDS, options=KEPT)
    header, sections = unframe(data)
    assert frame({k: v for k, v in header.items() if k != "sections"}, sections) == data
    for document in hostile(header):
        document.pop("sections")
        with pytest.raises(HepackError):
            decode(frame(document, sections))
