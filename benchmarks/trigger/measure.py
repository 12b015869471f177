"""Measure a trigger model: AUCs beside plain baselines, cost, proof on 10,000 events, speed.

    python benchmarks/trigger/measure.py net.json background.h5 --signal a_4l=a_4l.h5 -o benchmarks/trigger/net.json

The second half of the background, which training did not see, is what is measured on.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hepack.firmware.compand import compand
from hepack.firmware.export import export
from hepack.training.trigger_teacher import teach
from hepack.triggering.cuts import cut_values
from hepack.triggering.inputs import check_stream, digitise, read_stream
from hepack.triggering.model import Trigger, load
from hepack.triggering.rates import auc

SPEED_EVENTS = 1_000_000
PROOF_EVENTS = 10_000


def areas(trigger: Trigger, background: Any, signals: dict[str, Any]) -> dict[str, Any]:
    """AUC and its error of each score, per signal."""
    half = len(background) // 2
    table = teach(compand(digitise(background[:half], trigger.net.inputs)))
    scores = {
        "trigger": trigger.score,
        "teacher": lambda x: table.bits(compand(digitise(x, trigger.net.inputs))),
        "number of objects": lambda x: (x[..., 0] > 0).sum(axis=1),
        **{f"cut {name}": (lambda x, name=name: cut_values(x)[name]) for name in cut_values(background[:2])},
    }
    own = {name: score(background[half:]) for name, score in scores.items()}
    return {s: {n: asdict(auc(own[n], f(x))) for n, f in scores.items()} for s, x in signals.items()}


def speed(trigger: Trigger, background: Any) -> dict[str, float]:
    """Seconds for a million events, from float GeV to integer scores; wall and CPU."""
    stream = np.tile(background, (SPEED_EVENTS // len(background) + 1, 1, 1))[:SPEED_EVENTS]
    wall, cpu = time.perf_counter(), time.process_time()
    trigger.score(check_stream(stream, "benchmark"))
    return {"events": SPEED_EVENTS, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def main() -> None:
    """Write one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("background", type=Path)
    parser.add_argument("--signal", action="append", default=[])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--no-simulate", action="store_true")
    options = parser.parse_args()
    trigger, background = load(options.model), read_stream(str(options.background))
    signals = {name: read_stream(path) for name, _, path in (s.partition("=") for s in options.signal)}
    every = np.concatenate([background, *signals.values()])[-PROOF_EVENTS:]
    counts = digitise(every, trigger.net.inputs, trigger.units)
    with tempfile.TemporaryDirectory() as folder:
        done = export(trigger.net, trigger.points, counts, Path(folder), simulate=not options.no_simulate)
    found = {
        "about": trigger.about,
        "background_events": len(background),
        "signal_events": {name: len(x) for name, x in signals.items()},
        "auc": areas(trigger, background, signals),
        "cost": asdict(done.cost),
        "proof": asdict(done.proof),
        "speed": speed(trigger, background),
        "machine": platform.processor() or platform.machine(),
    }
    options.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
