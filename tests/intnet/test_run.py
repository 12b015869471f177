"""Every executor gives the same integers, whatever the batches, threads and kernels of the products."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from hepack._errors import BadRequestError
from hepack.entropy.mixture_tables import silus
from hepack.intnet import Layer, Program, one_thread, reference, run
from hepack.intnet import run as run_program

DIGEST = "78f958dceffb43af"
SCRIPT = """
import hashlib, sys
sys.path.insert(0, {folder!r})
import numpy as np
from conftest import random_program
from hepack.intnet import run
inputs = np.random.default_rng(2).integers(-512, 513, (9001, 11)).astype(np.int16)
print(hashlib.sha256(run(random_program(1), inputs).astype("<i4").tobytes()).hexdigest()[:16])
"""


def digest(values: np.ndarray) -> str:
    return hashlib.sha256(values.astype("<i4").tobytes()).hexdigest()[:16]


def test_equals_the_reference(loops, program, inputs):
    assert np.array_equal(run(program, inputs), reference.run(program, inputs))


def test_pinned(loops, program, inputs):
    assert digest(run(program, inputs)) == DIGEST


def test_torch_equals_the_reference(program, inputs):
    pytest.importorskip("torch")
    from hepack.intnet import torch_run

    assert np.array_equal(torch_run.run(program, inputs), reference.run(program, inputs))


@pytest.mark.parametrize("rows", [1, 7, 2048, 8191])
def test_batches_do_not_matter(program, inputs, rows):
    parts = [run(program, inputs[at : at + rows]) for at in range(0, len(inputs), max(rows, 300))]
    whole = [run(program, inputs)[at : at + rows] for at in range(0, len(inputs), max(rows, 300))]
    assert all(np.array_equal(a, b) for a, b in zip(parts, whole, strict=True))


@pytest.mark.parametrize("core", ["Haswell", "Nehalem", "SkylakeX"])
@pytest.mark.parametrize("threads", ["1", "2"])
def test_kernels_of_the_product_do_not_matter(core, threads):
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    if core == "SkylakeX" and "avx512" not in flags:
        pytest.skip("this processor has no AVX-512")
    settings = {
        "OPENBLAS_CORETYPE": core,
        "OPENBLAS_NUM_THREADS": threads,
        "HEPACK_NO_NUMBA": "1",
        "OMP_NUM_THREADS": threads,
    }
    script = SCRIPT.format(folder=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert done.stdout.strip() == DIGEST, done.stderr


def test_one_thread_holds_for_other_threads_and_ends():
    def threads() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"), ThreadPoolExecutor(1) as pool:
        before = threads()
        with one_thread():
            assert pool.submit(threads).result() == {1}
        assert threads() == before


def test_sums_that_single_precision_would_round_run_in_double():
    weights = np.full((3, 4000), 127, np.int8)
    layer = Layer(0, weights, np.array([1, 2, 3]), np.array([12, 0, -1], np.int8))
    program = Program(4000, 512, (layer,), (1,))
    assert not program.single(0)
    inputs = np.random.default_rng(0).integers(-512, 513, (40, 4000)).astype(np.int16)
    assert np.array_equal(run_program(program, inputs), reference.run(program, inputs))


def test_inputs_out_of_range_are_refused(program, inputs):
    with pytest.raises(BadRequestError, match="leaves"):
        run(program, np.full((1, 11), 513))
    with pytest.raises(BadRequestError, match="do not fit"):
        run(program, inputs[:, :5])


@pytest.mark.parametrize(
    "change",
    [
        {"source": 1},
        {"bias": np.zeros(2, np.int64)},
        {"weights": np.full((3, 2), 40000)},
        {"weights": np.ones((3, 5), np.int8)},
        {"shifts": np.full(3, 50, np.int8)},
        {"bias": np.full(3, 1 << 54)},
        {"bias": np.full(3, -(1 << 63))},
        {"bias": np.full(3, (1 << 63) - 1)},
        {"limit": 1 << 30},
        {"table": silus()[:7]},
    ],
)
def test_impossible_layers_are_refused(change):
    fields = {"source": 0, "weights": np.ones((3, 2), np.int8), "bias": np.zeros(3, np.int64)}
    fields |= {"shifts": np.zeros(3, np.int8), **change}
    with pytest.raises(BadRequestError):
        Program(2, 512, (Layer(**fields),), (1,))


def test_empty(loops, program):
    assert run(program, np.zeros((0, 11), np.int16)).shape == (0, 10)
