"""Rates and AUCs of trigger models against pile-up, and the streams that the committed figures came from.

    for n in 1 2 3; do hepack trigger simulate background -n 8000 --seed 10$n --pile-up 0-40 -o bg$n.h5; done
    python benchmarks/trigger/pileup.py join bg1.h5 bg3.h5 bg2.h5 -o all.h5
    for s in a_4l leptoquark h0_tautau hplus_taunu; do
        hepack trigger simulate $s -n 1000 --seed 21 --pile-up 20 -o $s.h5; done
    for s in a_4l leptoquark h0_tautau; do    # 300 of h0_tautau, which rarely has such a lepton
        hepack trigger simulate $s -n 1000 --seed 22 --pile-up 20 --filter -o ${s}_filtered.h5; done
    hepack trigger train all.h5 -o pileup.model.json --rate 0.003 --input-rate 1e6 --output-rate 1e3
    python benchmarks/trigger/pileup.py measure pileup.model.json all.h5 --half --signal a_4l=a_4l.h5 ... \\
        -o benchmarks/trigger/pileup_trained.json
    python benchmarks/trigger/pileup.py measure axol1tl.model.json all.h5 --signal a_4l=a_4l.h5 ... \\
        --without background.h5 -o benchmarks/trigger/pileup.json
    hepack trigger study axol1tl.model.json all.h5 --signal a_4l=a_4l.h5 ... --rate 0.01 \\
        --plot docs/trigger/pileup.png --json > benchmarks/trigger/study_pileup.json

Training takes the first half of its file, so ``--half`` measures on the second alone; `axol1tl.model.json` was trained
without pile-up and saw nothing of it. The
thresholds of ``measure`` are those of all of its background, and the slices of that are compared with each other, which
needs no second sample. ``--without`` names a stream without pile-up, whose second half sets other thresholds.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.io import WriteOptions, get_format
from hepack.triggering.cuts import cut_values
from hepack.triggering.files import stream_table
from hepack.triggering.inputs import read_mean_pile_up, read_stream
from hepack.triggering.model import Trigger, load
from hepack.triggering.rates import Share, auc, share, threshold_at
from hepack.triggering.stream import Made

Stream = NDArray[np.float32]
EDGES = (0.0, 5.0, 15.0, 25.0, 35.0, 40.0)
"""Slices of mean pile-up: about 0, 10, 20, 30 and 40."""
RATES = (5e-2, 1e-2, 3e-3, 1e-3)


def join(paths: list[Path], output: Path) -> None:
    """One file of the events of all, in order; the processes are left out."""
    streams = [read_stream(str(path)) for path in paths]
    means = [read_mean_pile_up(str(path)) for path in paths]
    particles, mean = np.concatenate(streams), np.concatenate([m for m in means if m is not None])
    made = Made(particles, mean.astype(np.float32), np.full(len(mean), -1, np.int32))
    table = stream_table(particles, np.full(len(mean), -1, np.int32), made)
    with get_format("hdf5").create(str(output), {}, WriteOptions()) as sink:
        sink.begin(table.schema, table.n_events)
        sink.write(table)


def as_json(found: Share) -> dict[str, Any]:
    """With the interval."""
    return {**asdict(found), "value": found.value, "interval": list(found.interval)}


def ratio(high: Share, low: Share) -> dict[str, Any]:
    """Ratio of two rates; given how many passed in all, those of the first are binomial, which gives the interval."""
    if not low.passed:
        return {"value": None, "interval": None}
    size = high.total / low.total
    edges = [
        p / (1 - p) / size if p < 1 else None for p in Share(high.passed, high.passed + low.passed).interval
    ]
    return {"value": high.value / low.value, "interval": edges}


def rates(
    found: dict[str, Any], mean: NDArray[Any], rate: float, calibration: dict[str, Any]
) -> dict[str, Any]:
    """Rates of each trigger in all and in each slice at the thresholds of ``calibration``, and the ratio of the slice
    about 30 to that about 10."""
    result = {}
    for name, values in found.items():
        passed = values >= threshold_at(calibration[name], rate)
        slices = [share(passed[(mean >= low) & (mean < high)]) for low, high in itertools.pairwise(EDGES)]
        result[name] = {
            "all": as_json(share(passed)),
            "slices": [as_json(s) for s in slices],
            "30 to 10": ratio(slices[3], slices[1]),
        }
    return result


def areas(own: NDArray[Any], mean: NDArray[Any], other: NDArray[Any]) -> dict[str, Any]:
    """AUC against the background of a pile-up of about 20, and against all of it."""
    near = (mean >= EDGES[2]) & (mean < EDGES[3])
    return {"20": asdict(auc(own[near], other)), "0-40": asdict(auc(own, other)), "events": len(other)}


def measure(
    model: Path, background: Path, signals: list[str], *, without: Path | None, half: bool
) -> dict[str, Any]:
    """The document; with ``half`` of the second half of ``background``."""
    trigger, stream = load(model), read_stream(str(background))
    mean = read_mean_pile_up(str(background))
    if mean is None:
        raise SystemExit(f"'{background}' was not made with a range of pile-up")
    start = len(stream) // 2 if half else 0
    stream, mean = stream[start:], mean[start:]
    found = decided(trigger, stream)
    others = {name: read_stream(path) for name, _, path in (word.partition("=") for word in signals)}
    pairs = list(itertools.pairwise(EDGES))
    jets = (stream[:, 9:, 0] > 0).sum(axis=1)
    document = {
        "model": model.name,
        "events": len(stream),
        "edges": list(EDGES),
        "jets_per_event": [float(jets[(mean >= low) & (mean < high)].mean()) for low, high in pairs],
        "rates": {f"{rate:g}": rates(found, mean, rate, found) for rate in RATES},
        "auc": {name: areas(found["anomaly"], mean, trigger.score(x)) for name, x in others.items()},
    }
    if without is not None:
        quiet = read_stream(str(without))
        calibration = decided(trigger, quiet[len(quiet) // 2 :])
        document["thresholds_without_pile_up"] = {
            f"{rate:g}": rates(found, mean, rate, calibration) for rate in RATES
        }
    return document


def decided(trigger: Trigger, stream: Stream) -> dict[str, NDArray[Any]]:
    """What the net and the cuts decide on."""
    return {"anomaly": trigger.score(stream), **cut_values(stream)}


def main() -> None:
    """Write one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    first, second = kinds.add_parser("join"), kinds.add_parser("measure")
    first.add_argument("streams", type=Path, nargs="+")
    for name in ("model", "background"):
        second.add_argument(name, type=Path)
    second.add_argument("--without", type=Path)
    second.add_argument("--half", action="store_true")
    second.add_argument("--signal", action="append", default=[], metavar="NAME=FILE")
    for parts in (first, second):
        parts.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    if options.kind == "join":
        join(options.streams, options.output)
        return
    found = measure(
        options.model, options.background, options.signal, without=options.without, half=options.half
    )
    options.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
