"""Measure how fast events are simulated on one core, part by part, and write JSON.

    python benchmarks/simulate/speed.py --process ttbar --events 1000 -o benchmarks/simulate/speed.json

CPU seconds are those of this process (`time.process_time`), so that other work on the machine
matters less than in wall seconds. Files are written to a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from hepack.io import WriteOptions, get_format
from hepack.simulate import Request, get_process
from hepack.simulate.detector import CMS_LIKE
from hepack.simulate.event import observe, visible_particles
from hepack.simulate.generator import generate, pythia_seed
from hepack.simulate.layouts import build

PACKAGES = ("pythia8mc", "fastjet", "awkward", "numpy", "uproot")


def machine() -> dict[str, object]:
    """Facts about this machine that a reader of the figures needs."""
    model = "unknown"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load_average_1min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def measure(process: str, events: int, seed: int) -> dict[str, float]:
    """CPU seconds of each step for ``events`` events in chunks of `Request.chunk`."""
    request = Request(process=process, events=events, seed=seed)
    clock = {"generate": 0.0, "observe": 0.0, "table": 0.0, "write": 0.0}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        sink = get_format("root").create(f"{folder}/events.root", {}, WriteOptions())
        for chunk, size in request.chunks():
            tic = time.process_time()
            record = generate(
                get_process(process),
                events=size,
                energy=request.energy,
                seed=pythia_seed(seed, process, chunk, 0),
                tick=lambda made: None,
            )
            toc = time.process_time()
            clock["generate"] += toc - tic
            result = observe(
                record,
                visible_particles(record),
                pile_up=np.zeros(size, np.int64),
                detector=CMS_LIKE,
                rng=np.random.default_rng(chunk),
                first=chunk * request.chunk,
            )
            tic = time.process_time()
            clock["observe"] += tic - toc
            table = build(request, result)
            toc = time.process_time()
            clock["table"] += toc - tic
            if chunk == 0:
                sink.begin(table.schema, events)
            sink.write(table)
            clock["write"] += time.process_time() - toc
        tic = time.process_time()
        sink.close()
        clock["write"] += time.process_time() - tic
        size = Path(f"{folder}/events.root").stat().st_size
    clock["wall"] = time.perf_counter() - began
    clock["bytes_per_event"] = size / events
    return clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--process", default="ttbar")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    measure(args.process, 20, args.seed)  # imports and first-use costs
    clock = measure(args.process, args.events, args.seed)
    steps = {name: clock[name] for name in ("generate", "observe", "table", "write")}
    total = sum(steps.values())
    result = {
        "command": f"python benchmarks/simulate/speed.py {' '.join(sys.argv[1:])}",
        "machine": machine(),
        "process": args.process,
        "events": args.events,
        "cpu_ms_per_event": {name: round(1e3 * s / args.events, 3) for name, s in steps.items()},
        "cpu_seconds": round(total, 2),
        "wall_seconds": round(clock["wall"], 2),
        "events_per_cpu_second": round(args.events / total, 1),
        "bytes_per_event": round(clock["bytes_per_event"]),
        "minutes_for_20000_events_on_two_idle_cores": round(20000 * total / args.events / 2 / 60, 2),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if args.output:
        args.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
