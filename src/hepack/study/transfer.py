"""Trained on some objects or processes, tested on others, and the other way round."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hepack.study import draw
from hepack.study.effort import Effort, Say
from hepack.study.quality import quality
from hepack.study.recipes import learned_architecture, settings_of
from hepack.study.record import Entry, Picture, Section, Sheet
from hepack.study.table import Table
from hepack.training.trained import fit, split

LEAST = 200
"""Fewer rows are tested on, not trained on."""


EXACT = 1e-5
"""A response rms below this is that of float32."""


def transfer(samples: Mapping[str, Table], effort: Effort, say: Say, *, name: str, title: str) -> Section:
    """Every sample's network on every sample; the entries are response rms of the first variable and of the worst."""
    trainable = {key: table for key, table in samples.items() if len(table) >= LEAST}
    parts = {key: split(len(table)) for key, table in samples.items()}
    rows: list[tuple[Entry, ...]] = []
    grid = np.full((len(trainable), len(samples)), math.nan)
    for i, (source, table) in enumerate(trainable.items()):
        say(f"{title.lower()}: training on {source}")
        inside, outside = parts[source]
        inside = inside[: effort.ablation_rows]
        settings = settings_of(replace(effort, epochs=effort.small_epochs), 1, batch=256)
        architecture = learned_architecture(table.values.shape[1], 3)
        trained, _ = fit(table.values[inside], table.values[outside], architecture, settings, way="response")
        for j, (target, other) in enumerate(samples.items()):
            tested = other.take(parts[target][1]) if target in trainable else other
            found = quality(tested, trained.reconstruct(tested.values))
            grid[i, j] = found[0].response_rms
            rows.append(
                (
                    source,
                    target,
                    len(tested),
                    *(q.response_rms for q in found),
                    *(q.relative_rms for q in found),
                )
            )
    names = next(iter(samples.values())).names
    header = (
        "trained on", "tested on", "rows", *(f"{n} response rms" for n in names), *(f"{n} rms / spread" for n in names),
    )  # fmt: skip
    text: tuple[str, ...] = (
        "Networks of one size and one number of epochs. On its own kind each is tested on rows that it has not seen.",
        "A network extrapolates badly: rows beyond the range trained on come back with errors that no loss curve "
        "shows. A bound (see docs/study.md) turns that into bytes.",
    )
    if np.nanmin(grid) < EXACT:
        text += (
            f"A row without errors of {names[0]} is no success: a variable of that sample never varies (the mass of "
            "muons), three numbers hold the other three, and what varies elsewhere is lost entirely.",
        )
    picture = _picture(name, names[0], grid, list(trainable), list(samples))
    return Section(name, title, text, (Sheet(title, header, tuple(rows)),), (picture,))


def _picture(name: str, variable: str, grid: np.ndarray, sources: list[str], targets: list[str]) -> Picture:
    def cells(axes: object, _number: int) -> None:
        from matplotlib.axes import Axes

        assert isinstance(axes, Axes)
        axes.grid(False)
        image = axes.imshow(np.log10(np.maximum(grid, 1e-6)), cmap="viridis_r", aspect="auto")
        axes.set_xticks(range(len(targets)), targets, rotation=30, ha="right")
        axes.set_yticks(range(len(sources)), sources)
        axes.set_xlabel("tested on")
        axes.set_ylabel("trained on")
        for (i, j), value in np.ndenumerate(grid):
            if math.isfinite(value):
                red, green, blue, _ = image.to_rgba(np.array(math.log10(max(value, 1e-6))))
                light = 0.3 * red + 0.6 * green + 0.1 * blue < 0.5  # the cell is dark
                axes.text(
                    j,
                    i,
                    f"{value:.2g}",
                    ha="center",
                    va="center",
                    color="white" if light else "black",
                    fontsize=9,
                )

    caption = (
        f"Response rms of {variable}: rows are what a network was trained on, columns what it was tested on."
    )
    return draw.panels(name, caption, 1, cells, size=(1.6 + 1.1 * len(targets), 1.4 + 0.6 * len(sources)))
