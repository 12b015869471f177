"""kill -9 at random moments of a pack: never a file under the final name that does not verify.

``HEPACK_KILLS=100 pytest tests/archive/test_kill.py`` for the full hundred.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hepack._errors import HepackError
from hepack.archive.verify import verify

KILLS = int(os.environ.get("HEPACK_KILLS", "6"))

PACK = """
import sys
from hepack.archive.pack import pack
from hepack.codec.recipe import Recipe
print("ready", flush=True)
sys.stdin.readline()
pack(sys.argv[1], sys.argv[2], Recipe(block_bytes=1 << 15), overwrite=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_killed_at_random_moments(tmp_path: Path) -> None:
    source, target = tmp_path / "in.npy", tmp_path / "out.hpk"
    np.save(source, np.random.default_rng(1).normal(0, 1, (40_000, 2)).astype("f4"))
    before, stamp = source.read_bytes(), source.stat().st_mtime_ns
    rng = random.Random(7)
    whole = run(source, target, None)
    assert verify(target).sound
    older = target.read_bytes()
    killed = 0
    for number in range(KILLS):
        if number % 2:
            target.unlink(missing_ok=True)
        else:
            target.write_bytes(older)
        took = run(source, target, rng.uniform(0, 1.1 * whole))
        killed += took is None
        if target.exists():
            assert verify(target).sound
        else:
            assert number % 2  # an older file is never lost
            with pytest.raises(HepackError):
                verify(target)
        assert source.read_bytes() == before
        assert source.stat().st_mtime_ns == stamp
        for left in tmp_path.iterdir():
            if left not in (source, target):
                assert ".part" in left.name
                left.unlink()
    assert killed >= KILLS // 3


def run(source: Path, target: Path, limit: float | None) -> float | None:
    """Pack in a process of its own and kill it after ``limit`` seconds; the seconds it took, None if killed."""
    with subprocess.Popen(
        [sys.executable, "-c", PACK, str(source), str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == "ready\n"
        start = time.perf_counter()
        process.stdin.write("\n")
        process.stdin.flush()
        try:
            assert process.wait(limit) == 0
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            return None
        return time.perf_counter() - start
