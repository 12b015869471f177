from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.entropy import decode_integers, encode_integers

SETTINGS = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LOW, HIGH = -(2**63), 2**63 - 1
INT64 = (
    st.integers(-3, 3) | st.integers(-1000, 1000) | st.integers(LOW, HIGH) | st.sampled_from([LOW, HIGH, 0])
)
COLUMNS = {
    "normal": lambda r: r.normal(0, 1000, 5000),
    "exponential": lambda r: r.exponential(1e12, 5000),
    "spike": lambda r: np.where(r.random(5000) < 0.5, 0, r.integers(0, 10**6, 5000)),
    "outliers": lambda r: np.concatenate([r.normal(0, 1000, 5000), [2.0**60, -(2.0**61)]]),
    "steps": lambda r: r.integers(0, 50, 3000) * 7 - 3,
    "two": lambda r: r.integers(0, 2, 1000) * 10**15,
    "few": lambda r: r.normal(0, 100, 50),
}


def column(name: str) -> np.ndarray:
    return np.round(COLUMNS[name](np.random.default_rng(len(name)))).astype(np.int64)


@SETTINGS
@given(st.lists(INT64, max_size=200), st.integers(1, 20))
def test_round_trip_and_twin(twins, numbers, repeat):
    values = np.array(numbers * repeat, np.int64)
    data = encode_integers(values)
    assert np.array_equal(decode_integers(data, len(values)), values)
    with twins():
        assert encode_integers(values) == data
        assert np.array_equal(decode_integers(data, len(values)), values)


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_equal_the_twin(twins, name):
    values = column(name)
    data = encode_integers(values)
    assert np.array_equal(decode_integers(data, len(values)), values)
    with twins():
        assert encode_integers(values) == data
        assert np.array_equal(decode_integers(data, len(values)), values)


def test_full_range():
    values = np.random.default_rng(0).integers(LOW, HIGH, 3000, endpoint=True)
    values[:2] = LOW, HIGH
    data = encode_integers(values)
    assert len(data) <= 8 * len(values) + 16
    assert np.array_equal(decode_integers(data, len(values)), values)


@pytest.mark.parametrize(
    ("values", "data"),
    [
        ([], ""),
        ([-7], "000d"),
        ([3, 9] * 8, "05060601aaaa"),
        ([10, 20, 40, -10], "05130a035a01"),
        (
            [*list(range(16)) * 2, 2**62, *[0] * 40],
            "120001c00000000000000080deffffffffffffbf4278ca246947554e4888265bff5b1466411032547698badc0e21436587a9cbed",
        ),
        (
            [LOW, HIGH, 0],
            "01ffffffffffffffffff01400000000000000000ffffffffffffffff0000000000000080",
        ),
    ],
)
def test_golden_bytes(loops, values, data):
    assert encode_integers(np.array(values, np.int64)).hex() == data
    assert decode_integers(bytes.fromhex(data), len(values)).tolist() == values


def test_few_values_cost_few_bytes_more():
    values = column("few")
    flat = 50 * int(np.ptp(values)).bit_length() / 8
    assert len(encode_integers(values)) <= flat + 5
    assert len(encode_integers(np.full(10**6, -5))) == 2


def test_code_length_is_near_the_entropy():
    values = np.round(np.random.default_rng(1).normal(0, 300, 200_000)).astype(np.int64)
    entropy = 200_000 * np.log2(300 * np.sqrt(2 * np.pi * np.e)) / 8
    assert len(encode_integers(values)) < 1.004 * entropy


def test_what_a_sample_misses_is_still_coded():
    rng = np.random.default_rng(2)
    values = np.round(rng.normal(0, 1e7, 1_100_000)).astype(np.int64)
    values[1::200_001] = [LOW, HIGH, 2**40, 2**40 + 1, -(2**50), 12345678901]
    data = encode_integers(values)
    assert np.array_equal(decode_integers(data, len(values)), values)


def test_smaller_than_pcodec_on_real_jets(shared_data):
    pandas = pytest.importorskip("pandas")
    pcodec = pytest.importorskip("pcodec")
    path = shared_data / "atlas_4d_jets" / "all_jets_train_4D_100_percent.pkl"
    if not path.is_file():
        pytest.skip("the ATLAS jets are not in shared/data")
    frame = pandas.read_pickle(path)
    grids = {name: np.log(np.maximum(frame[name], 1e-3)) / np.log1p(2e-3) for name in ("m", "pt")}
    grids |= {name: frame[name] / 2e-3 for name in ("eta", "phi")}
    for name, grid in grids.items():
        values = np.round(grid.to_numpy(np.float64)).astype(np.int64)
        data = encode_integers(values)
        assert np.array_equal(decode_integers(data, len(values)), values)
        peer = pcodec.standalone.simple_compress(values, pcodec.ChunkConfig(compression_level=8))
        assert len(data) < len(peer), name


def test_damage_is_noticed_or_harmless(loops):
    rng = np.random.default_rng(7)
    names = list(COLUMNS)
    streams = {name: (encode_integers(column(name)[:400]), len(column(name)[:400])) for name in names}
    for case in range(1000 if loops == "compiled" else 100):
        data, n = streams[names[case % len(names)]]
        damaged = bytearray(data)
        if case % 4 == 0:
            damaged = damaged[: rng.integers(0, len(damaged))]
        for _ in range(int(rng.integers(0, 4))):
            if damaged:  # mostly in the model, where damage does the most
                damaged[min(int(rng.exponential(12)), len(damaged) - 1)] = rng.integers(0, 256)
        wrong = max(0, n + int(rng.integers(-1, 2)))
        try:
            got = decode_integers(bytes(damaged), wrong)
        except CorruptFileError:
            continue
        assert got.dtype == np.int64
        assert len(got) == wrong


@pytest.mark.parametrize("name", COLUMNS)
def test_cut_streams_are_always_refused(name):
    values = column(name)[:300]
    data = encode_integers(values)
    for cut in range(len(data)):
        with pytest.raises(CorruptFileError):
            decode_integers(data[:cut], len(values))
    with pytest.raises(CorruptFileError):
        decode_integers(data + b"\x00", len(values))


@pytest.mark.parametrize("data", ["", "03", "0b00", "0200ff01", "020080804000", "010041", "0100", "ff0000"])
def test_hostile_heads_are_refused(loops, data):
    with pytest.raises(CorruptFileError):
        decode_integers(bytes.fromhex(data), 10)


def test_impossible_requests_are_refused():
    for values in (np.zeros(3), np.zeros((2, 2), np.int64), np.zeros(3, np.uint64)):
        with pytest.raises(BadRequestError):
            encode_integers(values)
    for n in (-1, 1 << 40):
        with pytest.raises(LimitError):
            decode_integers(b"\x00\x00", n)
    with pytest.raises(CorruptFileError):
        decode_integers(b"\x00\x00", 0)


def test_threads_give_identical_results():
    values = np.round(np.random.default_rng(4).normal(0, 500, 100_000)).astype(np.int64)
    data = encode_integers(values)
    with ThreadPoolExecutor(4) as pool:
        assert all(each == data for each in pool.map(lambda _: encode_integers(values), range(8)))
        back = list(pool.map(lambda _: decode_integers(data, len(values)), range(8)))
    assert all(np.array_equal(each, values) for each in back)


def test_importing_is_cheap_and_numba_is_not_needed(tmp_path):
    code = (
        "import sys, hepack.entropy as e, numpy as np\n"
        "assert 'numba' not in sys.modules\n"
        "v = np.arange(50) % 7\n"
        "assert (e.decode_integers(e.encode_integers(v), 50) == v).all()\n"
        "assert 'numba' not in sys.modules\n"
    )
    environment = {**os.environ, "HEPACK_NO_NUMBA": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)


def test_kernels_compile_without_a_cache_folder(monkeypatch):
    numba = pytest.importorskip("numba")
    from hepack._loops import jit

    compiler = numba.njit

    def without_cache(*, cache: bool = False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compiler(**options)

    monkeypatch.setattr(numba, "njit", without_cache)
    assert jit(lambda x: x + 1)(2) == 3
