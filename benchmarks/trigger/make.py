"""Make `auc.json` (recipes compared) and `proof.json` (an untrained net, equal in all forms).

    hepack trigger simulate background -n 7395 --seed 1 -o background.h5
    for s in a_4l leptoquark h0_tautau hplus_taunu; do hepack trigger simulate $s -n 500 --seed 1 -o $s.h5; done
    for s in a_4l leptoquark hplus_taunu; do
        hepack trigger simulate $s -n 1500 --seed 1 --filter -o ${s}_filtered.h5; done
    python benchmarks/trigger/make.py auc background.h5 -o auc.json $(for s in a_4l leptoquark h0_tautau \\
        hplus_taunu a_4l_filtered leptoquark_filtered; do echo --signal $s=$s.h5; done) \\
        --supervised hplus_taunu_filtered=hplus_taunu_filtered.h5
    python benchmarks/trigger/make.py proof background.h5 a_4l_filtered.h5 leptoquark_filtered.h5 -o proof.json

The samples are not in the repository. The committed figures came from samples of the same processes, sizes and
filter that were simulated in parts under several seeds, before there was one command for the whole mix, so this
makes them again within their statistical errors, not digit by digit; the cost in `proof.json` does not depend on the
sample and comes out the same. One committed figure, 'axol1tl, earlier variants', is of code that was replaced.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.firmware import run
from hepack.firmware.compand import compand, companding
from hepack.firmware.export import export
from hepack.firmware.layout import CMS_UNITS
from hepack.firmware.net import Dense, TriggerNet
from hepack.triggering.inputs import digitise, read_stream
from hepack.triggering.rates import auc

Counts = NDArray[np.int32]
Score = Callable[[Counts], NDArray[Any]]
RECIPES: tuple[dict[str, Any], ...] = (
    {"shape": "axol1tl", "sparsity": 0.3, "beta": 0.05},
    {"shape": "ae", "sparsity": 0.5, "beta": 0.05},
    {"shape": "ae", "sparsity": 0.5, "beta": 0.005},
    {"shape": "vae", "sparsity": 0.5, "beta": 0.05},
)
PROOF_EVENTS, PROOF_SEED, PROOF_EDGE = 10_000, 5, 15
PROOF_WIDTHS = ((57, 32), (32, 16), (16, 3))
TREES = 60
INPUTS = 57


def areas(score: Score, background: Counts, signals: dict[str, Counts]) -> list[float]:
    """AUC per signal, three digits."""
    own = score(background)
    return [round(auc(own, score(counts)).value, 3) for counts in signals.values()]


def recipes(train: Counts, test: Counts, signals: dict[str, Counts], epochs: int) -> dict[str, Any]:
    """Each recipe fitted on ``train``: AUCs of the float and of the fixed-point net on ``test``.

    The score needs the encoder alone, so only its parameters count.
    """
    from hepack.training.trigger_fit import FitRecipe, fit, model_scores

    found = {}
    for given in RECIPES:
        recipe = FitRecipe(epochs=epochs, quantised_epochs=max(1, epochs // 2), seed=1, **given)
        fitted = fit(train, recipe)
        found["{shape}, sparsity {sparsity}, beta {beta}".format(**given)] = {
            "parameters": sum(a * b + b for a, b in itertools.pairwise((INPUTS, *recipe.hidden))),
            "float": areas(lambda x, net=fitted.floats: model_scores(net, x), test, signals),
            "fixed": areas(lambda x, net=fitted.fixed: model_scores(net, x), test, signals),
        }
    return found


def supervised(train: Counts, test: Counts, signal: Counts) -> float:
    """AUC of boosted trees that were shown one half of the signal, on the other half: what labels would bring."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    half = len(signal) // 2
    labels = np.concatenate([np.zeros(len(train)), np.ones(half)])
    trees = HistGradientBoostingClassifier(max_iter=TREES, random_state=1)
    trees.fit(np.concatenate([train, signal[:half]]), labels)
    own, other = trees.predict_proba(test)[:, 1], trees.predict_proba(signal[half:])[:, 1]
    return round(auc(own, other).value, 3)


def make_auc(background: Path, signals: list[str], labelled: list[str], epochs: int) -> dict[str, Any]:
    """The document of `auc.json`: thresholds play no part in it."""
    from hepack.training.trigger_teacher import teach

    def counts(path: str) -> Counts:
        return compand(digitise(read_stream(path), INPUTS))

    events = counts(str(background))
    train, test = events[: len(events) // 2], events[len(events) // 2 :]
    given = {name: counts(path) for name, _, path in (word.partition("=") for word in signals)}
    teacher = teach(train)
    found: dict[str, Any] = {
        "what": f"AUC on {len(test):,} background events that training did not see; fits by "
        f"hepack.training.trigger_fit.fit on {len(train):,} others, seed 1, {epochs} epochs in floats and "
        f"{max(1, epochs // 2)} in fixed point, weights of 6 bits, outputs of 8",
        "signal_events": {name: len(x) for name, x in given.items()},
        "columns": list(given),
        "teacher": areas(teacher.bits, test, given),
        **recipes(train, test, given, epochs),
    }
    for name, _, path in (word.partition("=") for word in labelled):
        signal = counts(path)
        found[name] = {
            "events": len(signal),
            "teacher": areas(teacher.bits, test, {name: signal})[0],
            "gradient-boosted trees, trained on it": supervised(train, test, signal),
        }
    return found


def random_net() -> TriggerNet:
    """57-32-16-3 with random weights of 5 bits, half of them zero."""
    rng, layers = np.random.default_rng(PROOF_SEED), list(companding(INPUTS))
    for index, (inputs, outputs) in enumerate(PROOF_WIDTHS):
        drawn = np.rint(rng.laplace(0, PROOF_EDGE / 4, (outputs, inputs)))
        weights = np.clip(drawn, -PROOF_EDGE, PROOF_EDGE).astype(np.int64) * (rng.random(drawn.shape) < 0.5)
        low, high = (-127, 127) if index == len(PROOF_WIDTHS) - 1 else (0, 255)
        layers.append(Dense(weights, rng.integers(-99, 99, outputs), 5, low, high))
    lows, highs = zip(*(CMS_UNITS.bounds * 19), strict=True)
    return TriggerNet(lows, highs, tuple(layers), "sum_squares", fixed=2)


def make_proof(paths: list[Path], *, simulate: bool) -> dict[str, Any]:
    """The document of `proof.json`: the threshold is at one event in a hundred, the prescale 3."""
    streams = [read_stream(str(path)) for path in paths]
    counts = digitise(np.concatenate(streams)[:PROOF_EVENTS], INPUTS)
    net = random_net()
    net = replace(net, threshold=int(np.quantile(run.scores(net, counts), 0.99)), prescale=3)
    with tempfile.TemporaryDirectory() as folder:
        done = export(net, (6, 6, 6, 6, 5, 5), counts, Path(folder), simulate=simulate)
    what = "57-32-16-3 with random weights, half of them zero, 5 bits, not trained; events in order: "
    what += ", ".join(f"{path.stem} ({len(x):,})" for path, x in zip(paths, streams, strict=True))
    return {"what": what, "cost": asdict(done.cost), "proof": asdict(done.proof)}


def main() -> None:
    """Write one of the two files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    first, second = kinds.add_parser("auc"), kinds.add_parser("proof")
    first.add_argument("background", type=Path)
    first.add_argument("--signal", action="append", default=[], metavar="NAME=FILE")
    first.add_argument("--supervised", action="append", default=[], metavar="NAME=FILE")
    first.add_argument("--epochs", type=int, default=80)
    second.add_argument("streams", type=Path, nargs="+")
    second.add_argument("--no-simulate", action="store_true")
    for parts in (first, second):
        parts.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    if options.kind == "auc":
        found = make_auc(options.background, options.signal, options.supervised, options.epochs)
    else:
        found = make_proof(options.streams, simulate=not options.no_simulate)
    options.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
