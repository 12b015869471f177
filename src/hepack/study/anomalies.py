"""The study of scores: how well each tells signals from the reference, both ways round, and what it follows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import HepackError
from hepack.bench.machine import machine_facts
from hepack.scoring.detector import Detector, DetectorRecipe
from hepack.scoring.quality import Profile, Quality, assess, best, correlation, profile
from hepack.scoring.quantities import quantities, usual_quantities
from hepack.study.draw import COLOURS, panels
from hepack.study.record import Entry, Picture, Section, Sheet, Study
from hepack.table import EventTable
from hepack.triggering.rates import Share

Floats = NDArray[np.float64]
Scores = Mapping[str, Mapping[str, Floats]]
"""Signal -> method -> scores."""


@dataclass(frozen=True, eq=False)
class ScoreStudy:
    """The page, and the figures on it as records."""

    page: Study
    qualities: tuple[Quality, ...]
    reverse: tuple[Quality, ...]


def study_scores(
    detector: Detector, signals: Mapping[str, EventTable], *, command: str = "", both_directions: bool = True
) -> ScoreStudy:
    """Compare the events that calibrated a detector with those of each signal.

    With ``both_directions``, a detector of the same recipe is fitted to each signal, and the background scored.

    Raises:
        BadInputError: a signal lacks a column of the reference.
    """
    start = time.monotonic()
    scores = {name: detector.score(table) for name, table in signals.items()}
    forward = tuple(
        assess(method, name, detector.reference[method], found[method])
        for name, found in scores.items()
        for method in detector.recipe.methods
    )
    sections = [_telling(forward, time.monotonic() - start)]
    reverse: tuple[Quality, ...] = ()
    skipped: dict[str, str] = {}
    if both_directions and detector.held is not None:
        start = time.monotonic()
        reverse, skipped = _reversed(detector.recipe, detector.held, signals)
        if reverse:
            sections.append(_directions(forward, reverse, time.monotonic() - start))
    if detector.held is not None:
        sections.append(_follows(detector, best(forward).method, signals, scores))
    page = Study(
        "Anomaly scores", command, machine_facts(("scikit-learn", "torch")), tuple(sections), skipped
    )
    return ScoreStudy(page, forward, reverse)


def _telling(found: Sequence[Quality], seconds: float) -> Section:
    rows = [_row(quality) for quality in found]
    rates = [effort.rate for effort in found[0].efficiencies]
    header: tuple[str, ...] = ("signal", "method", "AUC", "± (DeLong)", "SIC", "at background share")
    header += tuple(f"efficiency at {rate:g}" for rate in rates)
    champion = best(found)
    text = (
        f"{found[0].events[0]:,} reference events that no method was fitted to are the background. The largest AUC is "
        f"{champion.area.value:.4f} ± {champion.area.error:.4f}, of '{champion.method}' on '{champion.signal}'.",
        "SIC is the largest efficiency / √(background share) with ten or more background events above the cut; "
        "intervals are 95 % Wilson. An efficiency is left empty where the reference is too small to know the rate to "
        "30 %.",
    )
    names = list(dict.fromkeys(quality.signal for quality in found))
    return Section(
        "telling", "Signal from background", text, (Sheet("Every method", header, tuple(rows)),),
        (_rocs(found, names), _improvements(found, names)), seconds, seconds,
    )  # fmt: skip


def _row(quality: Quality) -> tuple[Entry, ...]:
    efficiencies = tuple(_share(effort.share) for effort in quality.efficiencies)
    return (
        quality.signal, quality.method, quality.area.value, quality.area.error, quality.improvement,
        quality.improvement_at, *efficiencies,
    )  # fmt: skip


def _share(share: Share | None) -> str:
    if share is None:
        return ""
    low, high = share.interval
    return f"{share.value:.3g} [{low:.3g}, {high:.3g}]"


def _rocs(found: Sequence[Quality], names: Sequence[str]) -> Picture:
    def draw(axes: Any, number: int) -> None:
        for place, quality in enumerate(q for q in found if q.signal == names[number]):
            colour, roc = COLOURS[place % len(COLOURS)], quality.roc
            style = ("-", "--")[place // len(COLOURS) % 2]
            axes.plot(roc.background, roc.signal, style, color=colour, label=quality.method)
            axes.fill_between(
                roc.background, roc.signal_low, roc.signal_high, color=colour, alpha=0.2, linewidth=0
            )
        axes.set_xscale("log")
        axes.set_xlabel("share of background above the cut")
        axes.set_ylabel("share of signal")
        axes.set_title(names[number], fontsize=9)
        axes.legend(fontsize=7)

    return panels("roc", "ROC; bands are 68 % Clopper-Pearson.", len(names), draw, columns=2, size=(5.4, 4.2))


def _improvements(found: Sequence[Quality], names: Sequence[str]) -> Picture:
    def draw(axes: Any, number: int) -> None:
        for place, quality in enumerate(q for q in found if q.signal == names[number]):
            roc = quality.roc
            enough = roc.background * quality.events[0] >= 10
            style = ("-", "--")[place // len(COLOURS) % 2]
            values = roc.signal[enough] / np.sqrt(roc.background[enough])
            axes.plot(
                roc.signal[enough], values, style, color=COLOURS[place % len(COLOURS)], label=quality.method
            )
        axes.axhline(1.0, color="0.5", linewidth=1)
        axes.set_xlabel("share of signal")
        axes.set_ylabel("significance improvement")
        axes.set_title(names[number], fontsize=9)
        axes.legend(fontsize=7)

    caption = "Significance improvement, where ten or more background events pass."
    return panels("sic", caption, len(names), draw, columns=2, size=(5.4, 4.2))


def _reversed(
    recipe: DetectorRecipe, background: EventTable, signals: Mapping[str, EventTable]
) -> tuple[tuple[Quality, ...], dict[str, str]]:
    """Detectors fitted to each signal, with the background to be found."""
    found: list[Quality] = []
    skipped: dict[str, str] = {}
    for name, table in signals.items():
        try:
            other = Detector.fit(table, recipe)
            scores = other.score(background)
        except HepackError as error:
            skipped[f"the other direction of {name}"] = str(error)
            continue
        found += [assess(m, name, other.reference[m], scores[m]) for m in recipe.methods]
    return tuple(found), skipped


def _directions(forward: Sequence[Quality], reverse: Sequence[Quality], seconds: float) -> Section:
    back = {(quality.signal, quality.method): quality for quality in reverse}
    rows = []
    for quality in forward:
        other = back.get((quality.signal, quality.method))
        if other is not None:
            rows.append((
                quality.signal, quality.method, quality.area.value, quality.area.error, other.area.value,
                other.area.error, min(quality.area.value, other.area.value),
            ))  # fmt: skip
    header = ("signal", "method", "signal in background", "±", "background in signal", "±", "the worse")
    text = (
        "A score that only measures complexity finds complex signals in simple backgrounds and fails the other way "
        "round (Finke et al., arXiv:2104.09051). Here each method is fitted to the signal as well, and the background "
        "is what is to be found.",
    )
    return Section(
        "directions", "Both directions", text, (Sheet("AUC each way", header, tuple(rows)),),
        seconds=seconds, cpu_seconds=seconds,
    )  # fmt: skip


def _follows(detector: Detector, method: str, signals: Mapping[str, EventTable], scores: Scores) -> Section:
    """What the best method's score depends on."""
    start = time.monotonic()
    assert detector.held is not None
    reference = quantities(detector.held)
    others = {name: quantities(table) for name, table in signals.items()}
    names = [n for n in usual_quantities(reference) if all(n in found for found in others.values())]
    profiles = []
    for name in names:
        parts = {"reference": (reference[name], detector.reference[method])}
        parts |= {signal: (others[signal][name], scores[signal][method]) for signal in signals}
        profiles.append(profile(name, reference[name], parts))
    rows: tuple[tuple[Entry, ...], ...] = tuple(
        (m, *(correlation(reference[name], detector.reference[m]) for name in names))
        for m in detector.recipe.methods
    )
    sheet = Sheet("Rank correlation with the score, reference events", ("method", *names), rows)
    text = (
        f"The score '{method}' against quantities of the event; --decorrelate NAME gives p-values among events that "
        f"are alike in one.",
    )
    pictures = (_profiles(profiles, method),) if profiles else ()
    seconds = time.monotonic() - start
    return Section("follows", "What the score follows", text, (sheet,), pictures, seconds, seconds)


def _profiles(profiles: Sequence[Profile], method: str) -> Picture:
    def draw(axes: Any, number: int) -> None:
        one = profiles[number]
        centres = (one.edges[1:] + one.edges[:-1]) / 2 if len(one.edges) > 1 else one.edges
        for place, (name, rows) in enumerate(one.quartiles.items()):
            axes.plot(
                centres, rows[:, 1], marker="o", markersize=3, color=COLOURS[place % len(COLOURS)], label=name
            )
            axes.fill_between(centres, rows[:, 0], rows[:, 2], color=COLOURS[place % len(COLOURS)], alpha=0.2)
        axes.set_xlabel(one.quantity)
        axes.set_ylabel(f"score '{method}'")
        axes.legend(fontsize=7)

    return panels(
        "profiles", "Median score and quartiles in equal shares of the reference.", len(profiles), draw
    )
