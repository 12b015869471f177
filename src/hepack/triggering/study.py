"""`study`: what an anomaly trigger finds at a fixed rate, and what the cut-based triggers find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.triggering.cuts import any_cut, cut_thresholds, cut_values, widened
from hepack.triggering.model import Trigger
from hepack.triggering.rates import (
    PRECISION,
    Area,
    Share,
    auc,
    check_rate,
    events_needed,
    share,
    threshold_at,
)

Stream = NDArray[np.float32]
SHIFTS = (-0.05, -0.02, -0.01, 0.01, 0.02, 0.05)
"""Relative shifts of the energy scale: all pt, the missing one too."""
SLICE = 10.0
"""Width of the slices of mean pile-up, collisions."""
PILE_UP = "pile-up "
"""Begins the names of changes of the pile-up."""


@dataclass(frozen=True)
class SignalResult:
    """Efficiencies at the fixed rate. ``gain``: in the union of all triggers, beyond the cuts.

    ``widened`` are the cuts alone, loosened until they take the whole rate of that union. ``stability`` holds the
    efficiency of each trigger at the same thresholds under each shift of the energy scale.
    """

    events: int
    auc: Area
    anomaly: Share
    cuts: dict[str, Share]
    any_cut: Share
    union: Share
    widened: Share
    stability: dict[str, dict[str, Share]]

    @property
    def gain(self) -> float:
        """Efficiency that the anomaly trigger adds to the cuts."""
        return self.union.value - self.any_cut.value

    def share(self, name: str) -> Share:
        """The efficiency of a cut or of a field such as ``union``."""
        found: Share = self.cuts[name] if name in self.cuts else getattr(self, name)
        return found


@dataclass(frozen=True)
class Adjusted:
    """``threshold`` is set on a slice of pile-up in one half of the background, ``rate`` measured in the other."""

    threshold: int
    rate: Share


@dataclass(frozen=True)
class StudyResult:
    """``rate`` is the share of background each trigger may accept; thresholds were set on one half of the
    background (``calibration`` events) and rates measured on the other (``events``).

    ``rates`` holds the measured rate of each trigger and union, ``stability`` the rate of each trigger
    at the same thresholds under each change, ``by_pile_up`` the anomaly trigger with a threshold for each slice.
    """

    rate: float
    precision: float
    needed: int
    calibration: int
    events: int
    threshold: int
    thresholds: dict[str, float]
    rates: dict[str, Share]
    signals: dict[str, SignalResult]
    stability: dict[str, dict[str, Share]]
    by_pile_up: dict[str, Adjusted]

    def as_json(self) -> dict[str, Any]:
        """Plain values, intervals included."""
        plain = asdict(self)
        for name, result in self.signals.items():
            plain["signals"][name]["gain"] = result.gain
        return dict(_with_intervals(plain))


def study(
    trigger: Trigger,
    background: Stream,
    signals: Mapping[str, Stream],
    *,
    rate: float = 1e-5,
    pile_up: Mapping[str, Stream] | None = None,
    mean_pile_up: NDArray[np.float64] | None = None,
    precision: float = PRECISION,
) -> StudyResult:
    """Compare at ``rate``. Streams have shape ``(event, object, 3)``, see `hepack.triggering.inputs`.

    Half of the background sets the thresholds, the other half measures, so each half must be large
    enough for the rate. With ``mean_pile_up``, one number per event of background, the rate is measured
    in slices of it, too; ``pile_up`` holds further backgrounds by name.

    Raises:
        BadRequestError: too few background events for the rate, or no signal.
    """
    half = len(background) // 2
    check_rate(rate, half, precision)
    if not signals:
        raise BadRequestError("a study needs at least one signal; give --signal NAME=FILE")
    first, second = background[:half], background[half:]
    whole = np.full(len(background), np.nan) if mean_pile_up is None else mean_pile_up
    before, slices = pile_up_slices(first, whole[:half]), pile_up_slices(second, whole[half:])
    menu = _Menu.at(trigger, first, rate)
    scores = menu.trigger.score(second)
    rates = menu.rates(second, scores)
    return StudyResult(
        rate=rate,
        precision=precision,
        needed=2 * events_needed(rate, precision),
        calibration=len(first),
        events=len(second),
        threshold=menu.trigger.net.threshold,
        thresholds=menu.cuts,
        rates=rates,
        signals={name: menu.signal(scores, stream) for name, stream in signals.items()},
        stability=menu.stability(second, rates, slices | dict(pile_up or {})),
        by_pile_up={
            name: adjusted(trigger, before[name], events, rate)
            for name, events in slices.items()
            if len(before.get(name, ())) >= events_needed(rate, precision)
        },
    )


def adjusted(trigger: Trigger, before: Stream, events: Stream, rate: float) -> Adjusted:
    """The threshold that ``before`` gives for ``rate``, and the rate of ``events`` above it."""
    edge = int(np.ceil(threshold_at(trigger.score(before), rate)))
    return Adjusted(edge, share(trigger.score(events) >= edge))


@dataclass(frozen=True)
class _Menu:
    """All triggers with their thresholds; ``wide`` are the cuts at the rate of the union."""

    trigger: Trigger
    cuts: dict[str, float]
    wide: dict[str, float]

    @classmethod
    def at(cls, trigger: Trigger, stream: Stream, rate: float) -> _Menu:
        scores = trigger.score(stream)
        edge = int(np.ceil(threshold_at(scores, rate)))
        values = cut_values(stream)
        cuts = cut_thresholds(values, rate)
        union = any_cut(values, cuts) | (scores >= edge)
        set_up = replace(trigger, net=replace(trigger.net, threshold=edge))
        return cls(set_up, cuts, widened(values, int(union.sum())))

    def rates(self, stream: Stream, scores: NDArray[np.int64]) -> dict[str, Share]:
        values = cut_values(stream)
        anomaly, cuts = scores >= self.trigger.net.threshold, any_cut(values, self.cuts)
        found = {"anomaly": share(anomaly)}
        found |= {name: share(values[name] >= edge) for name, edge in self.cuts.items()}
        pure = share(anomaly & ~cuts)
        wide = share(any_cut(values, self.wide))
        return {
            **found,
            "any_cut": share(cuts),
            "union": share(cuts | anomaly),
            "pure": pure,
            "widened": wide,
        }

    def signal(self, background: NDArray[np.int64], stream: Stream) -> SignalResult:
        """``background`` are scores."""
        scores = self.trigger.score(stream)
        rates = self.rates(stream, scores)
        return SignalResult(
            events=len(stream),
            auc=auc(background, scores),
            anomaly=rates["anomaly"],
            cuts={name: rates[name] for name in self.cuts},
            any_cut=rates["any_cut"],
            union=rates["union"],
            widened=rates["widened"],
            stability=self.stability(stream, rates, {}),
        )

    def stability(
        self, stream: Stream, nominal: dict[str, Share], others: Mapping[str, Stream]
    ) -> dict[str, dict[str, Share]]:
        """``nominal`` again, then under each shift of the scale, then on ``others`` (with pile-up)."""
        changed = {f"scale {shift:+.0%}": scaled(stream, 1 + shift) for shift in SHIFTS}
        changed |= {f"{PILE_UP}{name}": events for name, events in others.items()}
        return {"nominal": nominal} | {
            change: self.rates(events, self.trigger.score(events)) for change, events in changed.items()
        }


def pile_up_slices(stream: Stream, mean: NDArray[np.float64]) -> dict[str, Stream]:
    """The events of each slice of mean pile-up of width `SLICE`, by rising pile-up; none where ``mean`` is NaN.

    Raises:
        BadRequestError: not one mean for each event.
    """
    if mean.shape != stream.shape[:1]:
        raise BadRequestError(f"{len(stream)} events need as many means of pile-up, found {mean.shape}")
    low = np.floor(mean / SLICE) * SLICE
    edges = np.unique(low[np.isfinite(low)]).tolist()
    return {f"{edge:g} to {edge + SLICE:g}": stream[low == edge] for edge in edges}


def scaled(stream: Stream, factor: float) -> Stream:
    """All pt times ``factor``; the filter of the stream is not applied again."""
    out = stream.copy()
    out[..., 0] *= np.float32(factor)
    return out


def _with_intervals(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"passed", "total"}:
            made = Share(**value)
            return {**value, "value": made.value, "interval": list(made.interval)}
        return {key: _with_intervals(item) for key, item in value.items()}
    return value
