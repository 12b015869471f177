"""Speed and memory of pack and unpack on a large flat float table, with pcodec and LZMA-9 in the same run.

    python benchmarks/scale.py --megabytes 100 -o benchmarks/results/scale-100MB.json
    python benchmarks/scale.py --megabytes 1000 --repeat 1 --modes 1e-3 -o benchmarks/results/scale-1GB.json

The table has the four-vectors of the jets of samples/ttbar.root, drawn anew and smeared by a percent, so that
no value repeats. Each pair of pack and unpack runs in a process of its own; "command" is the time of the whole
command, starting Python included, "call" that of the function in a process that is warm. LZMA-9 sees 8 MB of
the table, pcodec all of its first 400 MB; both on one thread, from and to memory.
"""

from __future__ import annotations

import argparse
import json
import lzma
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hepack
from hepack.bench.machine import machine_facts

SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "ttbar.root"
NAMES = ("pt", "eta", "phi", "mass")
MODES = {"lossless": [], "1e-3": ["-t", "pt=1e-3rel,mass=1e-3rel,eta=1e-3,phi=1e-3"]}
ROWS = 1 << 20


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = folder / "jets.npy"
        # in a process of its own: children inherit the peak memory of their parent
        with multiprocessing.get_context("spawn").Pool(1) as maker:
            size = maker.apply(make_table, (table, arguments.megabytes * 1_000_000))
        rows = [
            measure(table, size, mode, fast, arguments.repeat, folder)
            for mode in arguments.modes
            for fast in (False, True)
        ]
        record = {
            "command": " ".join(["python benchmarks/scale.py", *(Path(word).name for word in sys.argv[1:])]),
            "machine": machine_facts(["pcodec"]),
            "load_average": os.getloadavg()[0],
            "table": {"bytes": size, "columns": list(NAMES), "dtype": "float32"},
            "hepack": rows,
            "peers": peers(table),
        }
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps({"hepack": rows, "peers": record["peers"]}, indent=1))


def make_table(path: Path, size: int) -> int:
    """Write an npy file of about ``size`` bytes; return the bytes of its values."""
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "sample.hpk"
        hepack.pack(SAMPLE, packed)
        block = hepack.open(packed)["Events"].read([f"Jet_{name}" for name in NAMES])
    jets = np.stack([block.columns[f"Jet_{name}"] for name in NAMES], axis=1)
    dtype = np.dtype([(name, "<f4") for name in NAMES])
    count = size // dtype.itemsize
    out = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(count,))
    rng = np.random.default_rng(1)
    for start in range(0, count, ROWS):
        n = min(ROWS, count - start)
        drawn = jets[rng.integers(0, len(jets), n)]
        for i, name in enumerate(NAMES):
            noise = rng.normal(0, 0.01, n)
            out[name][start : start + n] = (
                drawn[:, i] * (1 + noise) if name in ("pt", "mass") else drawn[:, i] + noise
            )
    out.flush()
    return count * dtype.itemsize


CALLS = """
import sys, time, hepack
table, packed, back, sample, tolerance, fast = sys.argv[1:]
hepack.pack(sample, packed, overwrite=True)
started = time.perf_counter()
hepack.pack(table, packed, tolerance=tolerance or None, effort="fast" if fast == "fast" else "default", overwrite=True)
middle = time.perf_counter()
hepack.unpack(packed, back, overwrite=True)
print(middle - started, time.perf_counter() - middle)
"""


def measure(table: Path, size: int, mode: str, fast: bool, repeat: int, folder: Path) -> dict[str, Any]:
    """The best times and the largest memory of the runs."""
    packed, back = folder / "jets.hpk", folder / "back.npy"
    effort = ["--fast"] if fast else []
    tolerance = "".join(MODES[mode][1:])
    times: dict[str, list[float]] = {name: [] for name in ("pack", "unpack", "pack call", "unpack call")}
    peak = 0
    for _ in range(repeat):
        command = ["-c", "from hepack.cli import main; main()"]
        pack = run([*command, "pack", table, "-o", packed, "--overwrite", *MODES[mode], *effort])
        unpack = run([*command, "unpack", packed, "-o", back, "--overwrite"])
        calls = run(["-c", CALLS, table, packed, back, SAMPLE, tolerance, "fast" if fast else ""])
        times["pack"].append(pack[0])
        times["unpack"].append(unpack[0])
        times["pack call"].append(float(calls[1].split()[0]))
        times["unpack call"].append(float(calls[1].split()[1]))
        peak = max(peak, pack[2], unpack[2])
    back.unlink()
    best = {name: round(size / 1e6 / min(values), 1) for name, values in times.items()}
    return {
        "mode": mode,
        "fast": fast,
        "packed_bytes": packed.stat().st_size,
        "pack_MB_per_s": {"command": best["pack"], "call": best["pack call"]},
        "unpack_MB_per_s": {"command": best["unpack"], "call": best["unpack call"]},
        "peak_memory_MB": peak,
    }


def run(words: list[Any]) -> tuple[float, str, int]:
    """Seconds that a Python process takes, what it prints, and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *map(str, words)], stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{words[:4]} failed")
    return time.perf_counter() - started, printed, usage.ru_maxrss // 1024


def peers(table: Path) -> dict[str, Any]:
    """pcodec (level 8) column by column and LZMA-9 on the rows, one thread, from and to memory."""
    from pcodec import ChunkConfig, standalone

    values: NDArray[Any] = np.load(table, mmap_mode="r")[: 400_000_000 // 16]
    columns = [np.ascontiguousarray(values[name]) for name in NAMES]
    raw = values[: 8_000_000 // 16].tobytes()
    size = sum(column.nbytes for column in columns)
    encoded, seconds = timed(
        lambda: [standalone.simple_compress(column, ChunkConfig()) for column in columns]
    )
    _, back = timed(lambda: [standalone.simple_decompress(data) for data in encoded])
    small, slow = timed(lambda: lzma.compress(raw, preset=9))
    _, slow_back = timed(lambda: lzma.decompress(small))
    return {
        "pcodec, lossless": speeds(size, seconds, back, sum(map(len, encoded))),
        "LZMA-9, lossless": speeds(len(raw), slow, slow_back, len(small)),
    }


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result of ``work`` and the seconds it took."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def speeds(size: int, seconds: float, back: float, packed: int) -> dict[str, float]:
    """Megabytes per second both ways, and the ratio."""
    return {
        "pack_MB_per_s": round(size / 1e6 / seconds, 1),
        "unpack_MB_per_s": round(size / 1e6 / back, 1),
        "ratio": round(size / packed, 3),
    }


if __name__ == "__main__":
    main()
