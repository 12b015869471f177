"""A discrete variable beside the numbers: the kind of an object, one-hot or embedded, restored with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from hepack.models.autoencoder import Autoencoder, parameters_of
from hepack.models.normalise import Normaliser
from hepack.study.effort import Effort, Say
from hepack.study.quality import quality
from hepack.study.recipes import learned_architecture, settings_of
from hepack.study.record import Entry, Sheet
from hepack.study.table import Table
from hepack.training.epochs import Rows, train
from hepack.training.trained import split

WAYS = {"left out": None, "one-hot": 0, "embedded in 3 numbers": 3}
"""How the kind enters the encoder: not at all, or by `Architecture.categories` of this width."""

LONGER = 20
"""So many times the epochs of a small network at most."""


def kinds_within(samples: Mapping[str, Table], effort: Effort, say: Say) -> Sheet:
    """Objects of all kinds through one network, with their kind and without; samples named ``all`` are left out.

    The kind has to come out of the same latent numbers, by the largest of its scores; the share of objects that get
    theirs back is the last column but two.
    """
    kinds = [kind for kind in samples if kind != "all"]
    table = replace(samples[kinds[0]], values=np.concatenate([samples[kind].values for kind in kinds]))
    labels = np.concatenate([np.full(len(samples[kind]), i) for i, kind in enumerate(kinds)])[:, None]
    inside, outside = split(len(table))
    inside = inside[: effort.ablation_rows]
    # few objects, as many steps
    epochs = effort.small_epochs * min(LONGER, max(1, effort.ablation_rows // len(inside)))
    settings = settings_of(replace(effort, epochs=epochs, device="cpu"), 1, batch=256)
    normaliser = Normaliser.fit(table.values[inside], "response")
    tested = table.take(outside)
    normalised = normaliser.forward(tested.values)
    rows: list[tuple[Entry, ...]] = []
    for way, width in WAYS.items():
        say(f"kinds of objects: the kind {way}")
        categories = () if width is None else ((len(kinds), width),)
        torch.manual_seed(settings.seed)
        model = Autoencoder(replace(learned_architecture(len(table.names), 3), categories=categories))
        given = labels if categories else None
        learned = Rows(
            normaliser.forward(table.values[inside]), labels=None if given is None else given[inside]
        )
        held_out = Rows(normalised, labels=None if given is None else given[outside])
        history = train(model, learned, held_out, settings)
        with torch.inference_mode():
            told = None if given is None else torch.from_numpy(given[outside])
            result = model(torch.from_numpy(normalised), None, told)
        found = quality(tested, normaliser.inverse(result.output.numpy()))
        right = None
        if result.scores:
            right = float((result.scores[0].argmax(1).numpy() == labels[outside, 0]).mean())
        rows.append(
            (way, *(q.response_rms for q in found), right, parameters_of(model), round(history.seconds, 2))
        )
    header = (
        "kind", *(f"{name} response rms" for name in table.names), "kind restored", "parameters", "seconds",
    )  # fmt: skip
    note = (
        f"{len(inside)} objects of {len(kinds)} kinds ({', '.join(kinds)}) to learn from, {len(outside)} others. "
        "Three numbers hold the kind as well, so what it needs is missing elsewhere; a code of its own would cost "
        f"at most {np.log2(len(kinds)):.1f} bits."
    )
    return Sheet("The kind as a discrete variable", header, tuple(rows), note)
