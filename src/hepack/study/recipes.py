"""The published recipe beside better ones: the same jets, the same split, three numbers per jet, several seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.correlation import matrix
from hepack.models.architecture import Architecture, layer_text
from hepack.models.published import published
from hepack.models.winding import Winding
from hepack.study import draw
from hepack.study.effort import Effort, Say
from hepack.study.quality import Quality, quality, residuals, responses, worst
from hepack.study.record import Entry, Picture, Section, Sheet
from hepack.study.table import Table
from hepack.training.epochs import History, Settings
from hepack.training.trained import Trained, fit

TURNS = 1024
TURNS_ALONE = 4096
"""float32 counts 2**24 steps: 4096 for the turns, 4096 around each. A trained network is not as exact."""


RESPONSE_CAPTION = (
    "Response of each variable on jets not trained on, first seed; the outermost bins hold all beyond."
)
RESIDUAL_CAPTION = "Residual of each variable: a bias is a peak beside zero, an unlearned fold a plateau."
SPECTRUM_CAPTION = "The variables before and after: a spectrum may look right while single jets are wrong."
LOSS_CAPTION = "Validation loss after each epoch; the last part of the cycle, at falling rate, gains most."
CORRELATION_CAPTION = "Correlation of the residuals: what one variable loses, another loses too; grey: exact."


@dataclass(frozen=True, eq=False)
class Outcome:
    """One recipe with one seed: what came back of the validation jets, and how good it is."""

    recipe: str
    seed: int
    restored: NDArray[np.float64]
    quality: tuple[Quality, ...]
    trained: Trained | None = None
    history: History | None = None


def settings_of(effort: Effort, seed: int, **options: Any) -> Settings:
    """The settings all networks of a comparison share, but for ``options``."""
    return Settings(
        **{"epochs": effort.epochs, "batch": 1024, "seed": seed, "device": effort.device, **options}
    )


WOUND = Architecture(inputs=3, latent=3, encoder=(), decoder=(), skip=True)
"""What is left for a network after winding: nothing but a linear path."""


def learned_architecture(inputs: int, latent: int, *, width: int = 64, folds: int = 2) -> Architecture:
    """Our network: two small hidden layers beside a linear path, so that what is linear costs nothing."""
    return Architecture(
        inputs=inputs,
        latent=latent,
        encoder=(width, width),
        decoder=(width, width),
        activation="leaky-relu",
        skip=True,
        folds=folds,
    )


def published_recipe(inside: Table, outside: Table, effort: Effort, seed: int) -> Outcome:
    """4-200-100-50-3, tanh, custom normalisation, MSE; the rate by the finder."""
    net = published("jets-4-3-tanh")
    trained, history = fit(
        inside.values, outside.values, net.architecture, settings_of(effort, seed), way=net.normalisation,
        names=inside.names,
    )  # fmt: skip
    restored = trained.reconstruct(outside.values)
    return Outcome("published", seed, restored, quality(outside, restored), trained, history)


def learned_recipe(inside: Table, outside: Table, effort: Effort, seed: int) -> Outcome:
    """Logarithms scaled so that equal errors are equal responses, linear path, waves."""
    architecture = learned_architecture(inside.values.shape[1], 3)
    trained, history = fit(
        inside.values,
        outside.values,
        architecture,
        settings_of(effort, seed),
        way="response",
        names=inside.names,
    )
    restored = trained.reconstruct(outside.values)
    return Outcome("learned", seed, restored, quality(outside, restored), trained, history)


def wound_recipe(inside: Table, outside: Table, effort: Effort, seed: int) -> Outcome:
    """Azimuth and pseudorapidity wound on a helix first; a linear network keeps the three numbers that are left."""
    winding = winding_of(inside, TURNS)
    rows, held = winding.forward(inside.values), winding.forward(outside.values)
    trained, history = fit(rows, held, WOUND, settings_of(effort, seed), way="response")
    restored = winding.inverse(trained.reconstruct(held))
    return Outcome("wound", seed, restored, quality(outside, restored), trained, history)


def without_network(inside: Table, outside: Table) -> Outcome:
    """The helix alone: three float32 numbers, nothing learned."""
    winding = winding_of(inside, TURNS_ALONE)
    restored = winding.inverse(winding.forward(outside.values).astype(np.float32))
    return Outcome("helix, no network", 0, restored, quality(outside, restored))


def winding_of(table: Table, turns: int) -> Winding:
    """The helix of the azimuth and the variable before it (the pseudorapidity)."""
    angle = table.angles[0]
    return Winding.fit(table.values, angle, angle - 1 if angle else 1, turns)


def compare(inside: Table, outside: Table, effort: Effort, say: Say) -> tuple[Section, list[Outcome]]:
    """All recipes and seeds; the section shows response and residual of each variable."""
    outcomes = []
    recipes: Mapping[str, Any] = {"published": published_recipe, "learned": learned_recipe}
    if inside.angles:
        recipes = {**recipes, "wound": wound_recipe}
    for seed in effort.seeds:
        for name, recipe in recipes.items():
            say(f"training the {name} recipe, seed {seed}")
            outcomes.append(recipe(inside, outside, effort, seed))
    if inside.angles:
        outcomes.append(without_network(inside, outside))
    return _section(outside, outcomes, effort), outcomes


def _section(outside: Table, outcomes: list[Outcome], effort: Effort) -> Section:
    before = [worst(o.quality) for o in outcomes if o.recipe == "published"]
    text = [
        f"{len(outside)} jets that no network has seen; every network was trained for {effort.epochs} epochs on the "
        f"others, with one cycle of the learning rate, in this run. All recipes store three numbers per jet.",
        "The response is (out - in) / in; values within 5 % of the median magnitude of zero are left out of it, "
        "since it has no meaning there (their residual counts).",
    ]
    for name in ("learned", "wound"):
        after = [worst(o.quality) for o in outcomes if o.recipe == name]
        if after:
            gains = [a.response_rms / b.response_rms for a, b in zip(before, after, strict=True)]
            text.append(
                f"Recipe '{name}': the response rms of its worst variable is smaller than that of the published "
                f"recipe's worst variable by a factor of {min(gains):.2f} to {max(gains):.2f} over the seeds."
            )
    if any(o.recipe == "wound" for o in outcomes):
        text.append(
            "The wound recipe lays azimuth and pseudorapidity on a helix before the network; without any network, "
            "and with as many turns as float32 can count, the helix is better still. That is the lesson: a latent of "
            "three real numbers is no statement about information. What counts is bits, which the rate-distortion "
            "section compares."
        )
    return Section(
        "recipes",
        "The published recipe, and better ones",
        tuple(text),
        _sheets(outcomes),
        _pictures(outside, outcomes),
    )


def _sheets(outcomes: list[Outcome]) -> tuple[Sheet, ...]:
    header = (
        "recipe", "seed", "variable", "residual mean", "residual rms", "rms / spread",
        "response mean", "response rms", "response core", "largest residual", "with a response",
    )  # fmt: skip
    rows: list[tuple[Entry, ...]] = [_quality_row(o, q) for o in outcomes for q in o.quality]
    nets: dict[str, tuple[Entry, ...]] = {}
    for o in outcomes:
        if o.trained and o.history:
            a = o.trained.model.architecture
            nets[f"{o.recipe} {o.seed}"] = (
                o.recipe, o.seed, layer_text(a), a.activation, o.trained.card["parameters"], o.history.rate,
                len(o.history.training), min(o.history.validation), o.history.seconds,
            )  # fmt: skip
    heads = (
        "recipe",
        "seed",
        "layers",
        "activation",
        "parameters",
        "rate",
        "epochs",
        "validation loss",
        "seconds",
    )
    return (
        Sheet(
            "Response and residual",
            header,
            tuple(rows),
            "Residuals in the variable's own unit; core: half the central 68 %.",
        ),
        Sheet(
            "The networks",
            heads,
            tuple(nets.values()),
            "Losses of different normalisations cannot be compared.",
        ),
    )


def _quality_row(o: Outcome, q: Quality) -> tuple[Entry, ...]:
    return (
        o.recipe, o.seed, q.name, q.residual_mean, q.residual_rms, q.relative_rms, q.response_mean,
        q.response_rms, q.core, q.largest, q.counted,
    )  # fmt: skip


def _pictures(outside: Table, outcomes: list[Outcome]) -> tuple[Picture, ...]:
    first = {o.recipe: o for o in outcomes if o.seed in (0, outcomes[0].seed)}
    names = outside.names

    def response(axes: Any, place: int) -> None:
        found = {name: responses(outside, o.restored, place) for name, o in first.items()}
        limit = draw.spread_of([found["published"]])
        draw.overlay(axes, found, label=f"response of {names[place]}", low=-limit, high=limit)
        if place == 0:
            axes.legend(fontsize=7)

    def residual(axes: Any, place: int) -> None:
        found = {name: residuals(outside, o.restored)[:, place] for name, o in first.items()}
        limit = draw.spread_of([found["published"]])
        draw.overlay(axes, found, label=f"residual of {names[place]}", low=-limit, high=limit)

    def spectrum(axes: Any, place: int) -> None:
        found = {"original": outside.values[:, place]}
        found |= {name: o.restored[:, place] for name, o in first.items()}
        low, high = np.quantile(outside.values[:, place], [0.0005, 0.9995])
        draw.overlay(axes, found, label=names[place], low=float(low), high=float(high))
        if place == 0:
            axes.legend(fontsize=7)

    losses = {
        f"{o.recipe}, seed {o.seed}": (range(1, 1 + len(o.history.validation)), o.history.validation)
        for o in outcomes
        if o.history
    }
    grids = {name: matrix(residuals(outside, o.restored)) for name, o in first.items()}
    count = len(names)
    return (
        draw.panels("response", RESPONSE_CAPTION, count, response),
        draw.panels("residual", RESIDUAL_CAPTION, count, residual),
        draw.panels("spectrum", SPECTRUM_CAPTION, count, spectrum),
        draw.curves("loss", LOSS_CAPTION, losses, x="epoch", y="loss", marked=False),
        draw.matrix("correlation", CORRELATION_CAPTION, grids, names),
        _response_in_pt(outside, first),
    )


def _response_in_pt(outside: Table, first: Mapping[str, Outcome]) -> Picture:
    """Min-max scaling hides the error of soft jets; bins of the first variable show it."""
    values = outside.values[:, 0]
    edges = np.quantile(values, np.linspace(0, 1, 11))
    lines = {}
    for name, outcome in first.items():
        ratio = residuals(outside, outcome.restored)[:, 0] / np.where(values == 0, math.inf, values)
        bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, 9)
        rms = [
            float(np.sqrt(np.mean(ratio[bins == b] ** 2))) if (bins == b).any() else math.nan
            for b in range(10)
        ]
        middle = [float(np.median(values[bins == b])) if (bins == b).any() else math.nan for b in range(10)]
        lines[name] = (middle, rms)
    caption = f"Response rms of {outside.names[0]} in tenths of the jets: some losses neglect the soft ones."
    return draw.curves("response_in_bins", caption, lines, x=outside.names[0], y="response rms", log_x=True)
