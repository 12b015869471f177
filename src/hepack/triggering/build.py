"""From a stream of background to a `Trigger`: train, lower, prove, set threshold and prescale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.firmware import run
from hepack.firmware.compand import compand, companding
from hepack.firmware.layout import CMS_UNITS, OBJECTS, Units
from hepack.models.trigger_net import INPUT_POINT, lower
from hepack.training.trigger_fit import FitRecipe, Fitted, Report, fit, model_scores, prove
from hepack.training.trigger_search import Searched, search
from hepack.triggering.inputs import digitise
from hepack.triggering.model import Trigger
from hepack.triggering.rates import auc, check_rate, threshold_at

Stream = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class RateRequest:
    """``rate`` is the share of background that passes the threshold; with ``input_hz`` and ``output_hz`` the
    prescale brings the rate of passing events down to ``output_hz``."""

    rate: float = 1e-3
    input_hz: float | None = None
    output_hz: float | None = None

    @property
    def prescale(self) -> int:
        """One in how many passing events is kept.

        Raises:
            BadRequestError: only one of the two rates in Hz is given, or one is not positive.
        """
        if self.input_hz is None and self.output_hz is None:
            return 1
        if self.input_hz is None or self.output_hz is None or min(self.input_hz, self.output_hz) <= 0:
            raise BadRequestError("a prescale needs both --input-rate and --output-rate, in Hz above 0")
        return max(1, math.ceil(self.rate * self.input_hz / self.output_hz - 1e-9))


@dataclass(frozen=True)
class Built:
    """A finished trigger, with the nets and the search that it came from."""

    trigger: Trigger
    fitted: Fitted
    searched: Searched | None


def build_trigger(
    background: Stream,
    recipe: FitRecipe,
    wanted: RateRequest,
    *,
    inputs: int = 57,
    units: Units = CMS_UNITS,
    signals: Mapping[str, Stream] | None = None,
    find_widths: bool = False,
    report: Report | None = None,
) -> Built:
    """Train on the first half of ``background``; the second half sets the threshold and measures.

    ``signals`` never train the net: they give the AUCs in ``about``. Where widths are searched, one half of
    each steers the search and the other gives the AUC.

    Raises:
        BadRequestError: too few events to train on, or for the rate.
        HepackError: torch's fixed point and the integer program disagree (our own bug).
    """
    half = len(background) // 2
    check_rate(wanted.rate, len(background) - half)
    counts = digitise(background, inputs, units)
    train = compand(counts[:half])
    fitted, searched = fit(train, recipe, report), None
    given = {name: digitise(events, inputs, units) for name, events in (signals or {}).items()}
    if find_widths:
        searched = search(fitted, train, {name: compand(x[::2]) for name, x in given.items()}, recipe)
        given = {name: x[1::2] for name, x in given.items()}  # the other half measures
        fitted = searched.fitted
    bounds = units.bounds * (sum(OBJECTS[inputs]))
    lows, highs = (tuple(pair[i] for pair in bounds) for i in range(2))
    net = lower(fitted.fixed, lows, highs, companding(inputs))
    points = (INPUT_POINT, *(INPUT_POINT,) * net.fixed, *(int(x.point or 0) for x in fitted.fixed.parts))
    prove(fitted.fixed, net, counts[half:])
    scores = run.scores(net, counts[half:])
    edge = math.ceil(threshold_at(scores, wanted.rate))
    net = replace(net, threshold=max(edge, 0), prescale=wanted.prescale)
    about = describe(fitted, Trigger(net, points), recipe, counts[half:], given) | {"rate": wanted.rate}
    return Built(Trigger(net, points, units, about), fitted, searched)


def describe(
    fitted: Fitted, trigger: Trigger, recipe: FitRecipe, background: NDArray[np.int32],
    signals: Mapping[str, NDArray[np.int32]],
) -> dict[str, Any]:  # fmt: skip
    """What the model file says about itself: recipe, size, AUC of the float and of the integer net."""
    own = run.scores(trigger.net, background)
    floats = model_scores(fitted.floats, compand(background))
    found = {}
    for name, counts in signals.items():
        fixed = auc(own, run.scores(trigger.net, counts))
        before = auc(floats, model_scores(fitted.floats, compand(counts)))
        found[name] = {
            "auc": fixed.value,
            "error": fixed.error,
            "auc_float": before.value,
            "events": len(counts),
        }
    layers = trigger.net.layers[trigger.net.fixed :]
    return {
        "recipe": asdict(recipe),
        "bits": [asdict(layer.bits) for layer in fitted.fixed.parts],
        "parameters": trigger.net.parameters,
        "weights_not_zero": int(sum(np.count_nonzero(layer.weights) for layer in layers)),
        "background_events": len(background),
        "signals": found,
    }
