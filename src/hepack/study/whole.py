"""Whole events: one latent for all objects of an event, read by a GRU, by Deep Sets, or by attention."""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hepack.models.autoencoder import parameters_of
from hepack.models.events import READERS, EventAutoencoder
from hepack.models.normalise import Normaliser
from hepack.study.effort import Effort, Say
from hepack.study.quality import quality
from hepack.study.record import Entry, Section, Sheet
from hepack.study.table import Table
from hepack.table import offsets_from_counts
from hepack.training.schedule import run_cycle

LATENT = 8
BATCH = 128
TOP_RATE = 4e-3


def whole_events(objects: Table, counts: NDArray[np.int64], effort: Effort, say: Say) -> Section:
    """Train each reader on events of any number of objects, all kinds alike, by falling pt."""
    offsets = offsets_from_counts(counts)
    order = _falling(objects.values[:, 0], counts)
    sorted_objects = objects.take(order)
    normaliser = Normaliser.fit(sorted_objects.values, "response")
    rows = normaliser.forward(sorted_objects.values)
    cut = int(0.8 * len(counts))
    held = sorted_objects.take(slice(int(offsets[cut]), None))
    mean = float(counts.mean())
    found: list[tuple[Entry, ...]] = []
    for reader in READERS:
        say(f"whole events: {reader}")
        started = time.perf_counter()
        model = _trained(reader, rows, counts[:cut], offsets, effort.small_epochs)
        with torch.inference_mode():
            inputs = torch.from_numpy(rows[int(offsets[cut]) :])
            out = model(inputs, torch.from_numpy(counts[cut:])).output.numpy()
        result = quality(held, normaliser.inverse(out))
        found.append(
            (reader, LATENT, LATENT / mean, parameters_of(model), *(q.relative_rms for q in result),
             time.perf_counter() - started)
        )  # fmt: skip
    header = (
        "reader", "latent / event", "latent / object", "parameters",
        *(f"{name} rms / spread" for name in objects.names), "seconds",
    )  # fmt: skip
    text = (
        f"{len(counts)} events with {mean:.2f} objects each; {LATENT} numbers for a whole event, whatever its length. "
        "Sequences are packed (GRU) or summed by event (Deep Sets), so no padding is computed; attention pads to the "
        "longest event of its batch.",
        "An event's objects are nearly independent given the process, so a latent of fixed length cannot hold long "
        "events: the error is of the order of the spread, far from the object-wise networks at the same numbers "
        "per object. Whole-event reading pays where a model needs context (probabilities), not as storage.",
    )
    return Section("events", "Whole events", text, (Sheet("Whole-event networks", header, tuple(found)),))


def _falling(pt: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    event = np.repeat(np.arange(len(counts)), counts)
    return np.lexsort((-pt, event))


def _trained(
    reader: str, rows: NDArray[np.float32], counts: NDArray[np.int64], offsets: NDArray[np.int64], epochs: int
) -> EventAutoencoder:
    """Batches hold events of like length, so that even attention pads little."""
    torch.manual_seed(1)
    model = EventAutoencoder(rows.shape[1], LATENT, reader=reader)
    by_length = np.argsort(counts, kind="stable")
    by_length = by_length[counts[by_length] > 0]  # an event without objects has nothing to reconstruct
    batches = [by_length[k : k + BATCH] for k in range(0, len(by_length), BATCH)]
    rng = np.random.default_rng(1)
    order = np.concatenate([rng.permutation(len(batches)) for _ in range(epochs)])

    def loss(step: int) -> Tensor:
        events = batches[order[step]]
        places = np.concatenate([np.arange(offsets[e], offsets[e + 1]) for e in events])
        x = torch.from_numpy(rows[places])
        error: Tensor = model(x, torch.from_numpy(counts[events])).output - x
        return (error**2).mean()

    run_cycle(model, loss, steps=len(order), top=TOP_RATE)
    return model
