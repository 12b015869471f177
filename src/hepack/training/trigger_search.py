"""Search the widths of each layer: what a bit less saves in logic, against what it costs in efficiency."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from hepack.firmware.adders import signed_digits
from hepack.models.trigger_net import INPUT_POINT, Bits, TriggerModel, freeze, to_units
from hepack.training.trigger_fit import Counts, FitRecipe, Fitted, refit

SLACK = 0.005
"""Efficiency that the search may give up: half a point."""
RATE = 0.01
MOST_STEPS = 40
LEAST_WEIGHT, LEAST_OUTPUT = 3, 4


@dataclass(frozen=True)
class Step:
    """One accepted set of widths: the efficiency it has before training on, and its adder bits."""

    bits: tuple[Bits, ...]
    quality: float
    cost: int


@dataclass(frozen=True)
class Searched:
    """The path of the search, and the model at its end, trained on with the last widths."""

    steps: tuple[Step, ...]
    fitted: Fitted


def search(
    fitted: Fitted,
    companded: Counts,
    signals: Mapping[str, Counts],
    recipe: FitRecipe,
    *,
    slack: float = SLACK,
    epochs: int = 5,
) -> Searched:
    """Take bits away one at a time, each time where the most logic is saved per efficiency lost.

    Efficiency is that of the ``signals`` at a background rate of `RATE`; without signals it is the share of
    the events that the float model accepts at that rate and the fixed one accepts, too. Stops when every
    bit less would leave the efficiency more than ``slack`` below the best seen.
    """
    judge = _Judge(fitted, companded, signals)
    now = tuple(layer.bits for layer in fitted.fixed.parts)
    steps = [judge.step(now)]
    while len(steps) < MOST_STEPS:
        tried = [judge.step(bits) for bits in _narrower(now)]
        floor = max(step.quality for step in steps) - slack
        fit = [step for step in tried if step.quality >= floor and step.cost < steps[-1].cost]
        if not fit:
            break
        last = steps[-1]
        best = max(fit, key=lambda s: (last.cost - s.cost) / (max(last.quality - s.quality, 0.0) + slack / 5))
        steps.append(best)
        now = best.bits
    return Searched(tuple(steps), refit(fitted, companded, recipe, now, epochs=epochs))


def adder_bits(model: TriggerModel) -> int:
    """The logic of a model before sharing: signed digits of the weights times the width they are added in."""
    total, width = 0, INPUT_POINT + 1
    point = INPUT_POINT
    for layer in model.parts:
        weights = layer.lower(point).weights.tolist()
        total += sum(len(signed_digits(row)) for row in weights) * (width + 2)
        width, point = layer.bits.output, int(layer.point or 0)
    return total


def _narrower(bits: tuple[Bits, ...]) -> list[tuple[Bits, ...]]:
    found: list[tuple[Bits, ...]] = []
    for index, layer in enumerate(bits):
        smaller = {
            replace(layer, weight=max(layer.weight - 1, LEAST_WEIGHT)),
            replace(layer, output=max(layer.output - 1, LEAST_OUTPUT)),
        } - {layer}
        found += [(*bits[:index], one, *bits[index + 1 :]) for one in sorted(smaller, key=str)]
    return found


class _Judge:
    """Quality and cost of widths, by quantising the trained weights without training on."""

    def __init__(self, fitted: Fitted, companded: Counts, signals: Mapping[str, Counts]) -> None:
        self._fitted = fitted
        self._background = to_units(companded[-20000:])
        self._signals = [to_units(events[:5000]) for events in signals.values()]
        self._wanted = _above(self._score(fitted.floats, self._background), RATE)

    def step(self, bits: tuple[Bits, ...]) -> Step:
        model = copy.deepcopy(self._fitted.fixed)
        freeze(model, self._background, bits)
        own = self._score(model, self._background)
        if not self._signals:
            agreed = float((_above(own, RATE) & self._wanted).sum() / max(1, self._wanted.sum()))
            return Step(bits, agreed, adder_bits(model))
        edge = float(np.quantile(own, 1 - RATE))
        shares = [float((self._score(model, x) > edge).mean()) for x in self._signals]
        return Step(bits, float(np.mean(shares)), adder_bits(model))

    @staticmethod
    def _score(model: TriggerModel, x: torch.Tensor) -> NDArray[np.float32]:
        with torch.no_grad():
            return np.asarray(model.score(x).numpy())


def _above(scores: NDArray[np.float32], rate: float) -> NDArray[np.bool_]:
    return np.asarray(scores > np.quantile(scores, 1 - rate))
