"""27 variables of simulated jets in 20, 18, 16 and 14 numbers: the published network beside ours."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from hepack.evaluate.correlation import matrix as correlations
from hepack.models.architecture import Architecture, layer_text
from hepack.models.published import published
from hepack.study import draw
from hepack.study.effort import Effort, Say
from hepack.study.quality import Quality, quality, residuals, responses
from hepack.study.recipes import learned_architecture
from hepack.study.record import Entry, Section, Sheet
from hepack.study.table import Table
from hepack.training.epochs import Settings
from hepack.training.trained import fit, split

EMPHASIS = {"pt": 40.0, "mass": 40.0, "eta": 5.0, "phi": 5.0}
"""How much more an error of these counts in our loss: pt and mass are what physics is done with."""

LATENTS = (20, 18, 16, 14)
PUBLISHED_LATENT = 18
"""The one at which the published network is trained as well, and of which the plots are."""

WIDE_CAPTION = "27 -> 18: response and residual of some variables, ours and the published network."
CORRELATION_CAPTION = "Correlation of the 27 variables, before and after (ours), and its change."


def wide(table: Table, effort: Effort, say: Say) -> Section:
    """Train both for each latent; the section shows pt and mass first."""
    first, second = split(len(table))
    inside, outside = table.take(first), table.take(second)
    count = table.values.shape[1]
    emphasis = tuple(EMPHASIS.get(name, 1.0) for name in table.names)
    rows: list[tuple[Entry, ...]] = []
    details: list[tuple[Entry, ...]] = []
    shown: dict[str, np.ndarray] = {}
    for latent in LATENTS:
        # sums and copies among the variables are linear: no waves
        own = learned_architecture(count, latent, width=128, folds=0)
        options: dict[str, Any] = {
            "epochs": effort.wide_epochs,
            "batch": 256,
            "seed": 1,
            "device": effort.device,
        }
        trials: dict[str, tuple[Architecture, Settings, str, tuple[float, ...]]] = {
            "ours": (own, Settings(**options), "response", emphasis)
        }
        if latent == PUBLISHED_LATENT:
            net = published("jets-27-18")
            theirs = replace(net.architecture, inputs=count)
            shared = Settings(**options, rate=net.rate, weight_decay=net.weight_decay)
            trials["published"] = (theirs, shared, net.normalisation, ())
        for name, (architecture, settings, way, weights) in trials.items():
            say(f"27 variables in {latent}: {name}")
            trained, history = fit(
                inside.values, outside.values, architecture, settings, way=way, emphasis=weights
            )
            restored = trained.reconstruct(outside.values)
            found = quality(outside, restored)
            rows.append((name, latent, layer_text(architecture), *_pt_and_mass(found), history.seconds))
            if latent == PUBLISHED_LATENT:
                shown[name] = restored
                details += [
                    (name, q.name, q.residual_mean, q.residual_rms, q.relative_rms, q.response_rms, q.core)
                    for q in found
                ]
    return _section(outside, rows, details, shown, effort)


def _pt_and_mass(found: tuple[Quality, ...]) -> tuple[float, ...]:
    by_name = {q.name: q for q in found}
    pt, mass = by_name["pt"], by_name["mass"]
    rest = [q.relative_rms for q in found if q.name not in ("pt", "mass")]
    middle = math.sqrt(float(np.mean(np.square(rest))))
    return pt.core * 100, pt.response_rms * 100, mass.core * 100, mass.response_rms * 100, middle


def _section(
    outside: Table,
    rows: list[tuple[Entry, ...]],
    details: list[tuple[Entry, ...]],
    shown: dict[str, np.ndarray],
    effort: Effort,
) -> Section:
    names = [
        name
        for name in ("pt", "mass", "eta", "phi", "energyChHad", "energyPhoton", "nConstituents", "tau1")
        if name in outside.names
    ]

    def panel(axes: Any, number: int) -> None:
        place = outside.names.index(names[number])
        angular = names[number] in ("eta", "phi")
        found = {
            key: residuals(outside, r)[:, place] if angular else responses(outside, r, place)
            for key, r in shown.items()
        }
        limit = draw.spread_of(list(found.values()), 0.95)
        word = "residual" if angular else "response"
        draw.overlay(axes, found, label=f"{word} of {names[number]}", low=-limit, high=limit)
        if number == 0:
            axes.legend(fontsize=7)

    header = (
        "network", "latent", "layers", "pt sigma %", "pt rms %", "mass sigma %", "mass rms %",
        "others: rms / spread", "seconds",
    )  # fmt: skip
    heads = (
        "network",
        "variable",
        "residual mean",
        "residual rms",
        "rms / spread",
        "response rms",
        "response sigma",
    )
    text = (
        f"{len(outside)} simulated jets not trained on, {effort.wide_epochs} epochs; sigma is half the width of the "
        "central 68 % of responses. Published after 1500 epochs and 45 hours: 0.15 % (pt) and 0.21 % (m) at 18.",
        "Ours has a linear path beside small hidden layers, and a loss that counts pt and mass 40 times: what a "
        "physicist wants exact is cheap to keep exact. The price is paid by the other variables, last column.",
    )
    pictures = (
        draw.panels("wide", WIDE_CAPTION, len(names), panel),
        draw.matrix("wide_correlation", CORRELATION_CAPTION, _grids(outside, shown["ours"]), outside.names),
    )
    return Section(
        "wide",
        "27 variables",
        text,
        (Sheet("pt and mass", header, tuple(rows)), Sheet("All variables, 27 -> 18", heads, tuple(details))),
        pictures,
    )


def _grids(outside: Table, restored: np.ndarray) -> dict[str, np.ndarray]:
    before, after = (correlations(values) for values in (outside.values, restored))
    return {"before": before, "after": after, "after - before": after - before}
