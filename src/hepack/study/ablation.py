"""The published ablations: one choice changed at a time, a row for each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hepack.models.architecture import Architecture
from hepack.models.published import published
from hepack.study import draw
from hepack.study.effort import Effort, Say
from hepack.study.quality import quality, worst
from hepack.study.recipes import settings_of
from hepack.study.record import Entry, Section, Sheet
from hepack.study.table import Table
from hepack.training.trained import fit


@dataclass(frozen=True)
class Choice:
    """A row: which knob, its value, and what it gives."""

    knob: str
    value: str
    architecture: Architecture
    way: str = "custom"
    loss: str = "mse"


def choices(inputs: int) -> Iterator[Choice]:
    """Every row of the published studies and of what they wished for, around their tanh network."""
    base = replace(published("jets-4-3-tanh").architecture, inputs=inputs)
    start = Choice("published", "tanh, custom, MSE, 3", base)
    yield start
    for way in ("none", "standard", "min-max", "response"):
        yield replace(start, knob="normalisation", value=way, way=way)
    for name, norm in (("leaky-relu", True), ("elu", True), ("gelu", False), ("relu", False)):
        changed = replace(base, activation=name, batch_norm=norm)
        yield replace(
            start, knob="activation", value=f"{name}{' + BN' if norm else ''}", architecture=changed
        )
    yield replace(start, knob="layers", value="4-400-400-200-3, leaky-relu + BN",
                  architecture=replace(published("jets-4-3-bn").architecture, inputs=inputs))  # fmt: skip
    for loss in ("l1", "response"):
        yield replace(start, knob="loss", value=loss, loss=loss)
    for latent in (1, 2):
        yield replace(start, knob="latent", value=str(latent), architecture=replace(base, latent=latent))
    yield replace(start, knob="skip", value="linear path", architecture=replace(base, skip=True))
    yield replace(start, knob="waves", value="3 octaves", architecture=replace(base, folds=3))
    halves = (tuple(range(0, inputs, 2)), tuple(range(1, inputs, 2)))
    yield replace(start, knob="branches", value="two", architecture=replace(base, branches=halves))
    yield replace(start, knob="kind", value="variational", architecture=replace(base, kind="variational"))
    quantised = replace(base, kind="vector-quantised", codebook=256)
    yield replace(start, knob="kind", value="vector-quantised, 256", architecture=quantised)


def ablate(inside: Table, outside: Table, effort: Effort, say: Say, *, own: Choice | None = None) -> Section:
    """Train every choice on the same rows, briefly; ``own`` is one more that the user asked for."""
    inside = inside.take(slice(0, effort.ablation_rows))
    short = replace(effort, epochs=effort.ablation_epochs)
    rows: list[tuple[Entry, ...]] = []
    shown = {}
    for choice in (*choices(inside.values.shape[1]), *([own] if own else [])):
        say(f"ablation: {choice.knob} {choice.value}")
        row, rms = _row(inside, outside, short, choice)
        rows.append(row)
        if math.isfinite(rms):
            shown[f"{choice.knob}: {choice.value}"] = rms
    header = (
        "knob", "value", "worst variable", "its response rms",
        *(f"{name} rms / spread" for name in inside.names), "parameters", "seconds",
    )  # fmt: skip
    text = (
        f"One choice at a time around the published 4-200-100-50-3 network; {len(inside)} jets and "
        f"{short.epochs} epochs for each, so compare rows with each other, not with longer trainings.",
        "The losses of different normalisations and loss functions are not comparable; the columns here are all "
        "measured in the variables themselves.",
    )
    picture = draw.bars(
        "ablation",
        "Response rms of the worst variable for each choice (smaller is better).",
        shown,
        label="response rms",
    )
    return Section(
        "ablations", "The published ablations", text, (Sheet("Ablations", header, tuple(rows)),), (picture,)
    )


def _row(inside: Table, outside: Table, effort: Effort, choice: Choice) -> tuple[tuple[Entry, ...], float]:
    settings = settings_of(effort, 1, loss=choice.loss, batch=512)
    options: dict[str, Any] = {"way": choice.way, "names": inside.names}
    trained, history = fit(inside.values, outside.values, choice.architecture, settings, **options)
    found = quality(outside, trained.reconstruct(outside.values))
    bad = worst(found)
    rms = bad.response_rms if math.isfinite(bad.response_rms) else math.inf
    row: tuple[Entry, ...] = (
        choice.knob, choice.value, bad.name, rms, *(q.relative_rms for q in found),
        trained.card["parameters"], history.seconds,
    )  # fmt: skip
    return row, rms
