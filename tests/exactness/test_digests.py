"""What decoders compute is the same under every setting of the processor and of its libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("digests.py")
PINNED = json.loads(SCRIPT.with_suffix(".json").read_text())

OLD = "AVX2 FMA3 X86_V3 X86_V4"
"""What numpy may be told to leave alone (names of numpy 1 and 2); those that it does not know only warn."""

LONG = ["v2/history", "v2/learned", "v2/net", "v2/with-model"]
"""Golden files that take seconds without compiled loops; the whole set has benchmarks/exactness/run.py."""

SETTINGS = {
    "as it is, two threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    "slow twins, no AVX2": {
        "HEPACK_NO_NUMBA": "1",
        "NPY_DISABLE_CPU_FEATURES": OLD,
        "OPENBLAS_CORETYPE": "Nehalem",
        "OPENBLAS_NUM_THREADS": "1",
    },
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_same_digests_everywhere(name: str) -> None:
    if "slow" not in name:
        pytest.importorskip("numba")
    left_out = LONG if "slow" in name else []
    environment = {**os.environ, **SETTINGS[name], "PYTHONWARNINGS": "ignore"}
    words = [sys.executable, str(SCRIPT), "--without", *left_out]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {key: PINNED[key] for key in PINNED if key not in left_out}
