"""The table of times and memory, beside the published one."""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from hepack.models.architecture import Architecture, layer_text
from hepack.models.autoencoder import Autoencoder, parameters_of
from hepack.models.lowering import lower_decoder
from hepack.models.normalise import Normaliser
from hepack.models.published import published
from hepack.study.effort import Effort
from hepack.study.recipes import TURNS, WOUND, learned_architecture, winding_of
from hepack.study.record import Entry, Section, Sheet
from hepack.study.table import Table
from hepack.training.principal import start_from_components
from hepack.training.trained import Trained, load, save

JETS = 27_945
PUBLISHED = {
    "jets-4-3-tanh": (0.039, 0.021),
    "jets-4-3-bn": (0.126, 0.100),
    "jets-4-3-elu": (0.164, 0.152),
}
"""Seconds to encode and decode 27,945 jets on a Xeon E5-1620 v4."""


def measure(table: Table, effort: Effort) -> Section:
    """Initialise, load, encode and decode 27,945 jets on one thread; the best of several times."""
    rows = np.resize(table.values, (JETS, table.values.shape[1]))
    normaliser = Normaliser.fit(rows, "custom")
    found: list[tuple[Entry, ...]] = []
    width = rows.shape[1]
    own = learned_architecture(width, 3)
    nets: list[tuple[str, Architecture]] = [
        *((name, replace(published(name).architecture, inputs=width)) for name in PUBLISHED),
        ("learned", own),
        ("wound", WOUND),
    ]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for name, architecture in nets:
            part = (
                normaliser
                if architecture.inputs == width
                else replace(normaliser, scales=normaliser.scales[:3])
            )
            found.append(_row(name, architecture, part, rows[:, : architecture.inputs], effort.repeat))
    finally:
        torch.set_num_threads(threads)
    header = (
        "network", "layers", "parameters", "initialise", "load", "encode", "decode", "decode, fixed point",
        "published encode", "published decode", "encode us/jet", "decode us/jet", "memory encode MB",
        "memory decode MB",
    )  # fmt: skip
    text = (
        f"Seconds of processor time for {JETS} jets on one thread, the best of {effort.repeat}; published: "
        "27,945 jets on a Xeon E5-1620 v4, where loading took 0.06 to 0.08 s, and memory was 0.0024 to 0.0076 MB "
        "while encoding and 0.18 to 0.22 MB while decoding.",
        "The fixed-point decoder gives the same bits on every machine and needs no torch; it is what unpacking runs. "
        "Memory is the peak of NumPy's and Python's allocations beside the input.",
    )
    sheets = [Sheet("Times and memory", header, tuple(found))]
    if table.angles and width == 4:
        sheets.append(_whole_way(replace(table, values=rows), effort.repeat))
    return Section("times", "Times and memory", text, tuple(sheets))


def _whole_way(table: Table, repeat: int) -> Sheet:
    """The wound recipe from values to latent and back, the helix and the normalisation included."""
    winding = winding_of(table, TURNS)
    wound = winding.forward(table.values)
    normaliser = Normaliser.fit(wound, "response")
    model = Autoencoder(WOUND).eval()
    start_from_components(model, normaliser.forward(wound), ())
    trained = Trained(model, normaliser, ())
    latent = trained.latent(wound)
    encoding = _best(lambda: trained.latent(winding.forward(table.values)), repeat)
    decoding = _best(lambda: winding.inverse(normaliser.inverse(trained.normalised_from(latent))), repeat)
    row = (
        "wound",
        encoding,
        decoding,
        1e6 * encoding / JETS,
        1e6 * decoding / JETS,
        *PUBLISHED["jets-4-3-tanh"],
    )
    header = (
        "recipe",
        "encode",
        "decode",
        "encode us/jet",
        "decode us/jet",
        "published encode",
        "published decode",
    )
    note = "From float64 values to the latent and back; the published times are those of the network alone."
    return Sheet("The whole way of the wound recipe", header, (row,), note)


def _row(
    name: str, architecture: Architecture, normaliser: Normaliser, rows: np.ndarray, repeat: int
) -> tuple[Entry, ...]:
    first = _best(lambda: Autoencoder(architecture), repeat)
    model = Autoencoder(architecture).eval()
    trained = Trained(model, normaliser, ())
    with tempfile.TemporaryDirectory(prefix="hepack-study-") as folder:
        path = Path(folder) / "net.safetensors"
        save(trained, path)
        loading = _best(lambda: load(path), repeat)
    normalised = normaliser.forward(rows)
    latent = trained.latent_of(normalised)
    net = lower_decoder(model, (10,) * architecture.latent)
    codes = np.rint(latent * 1024).astype(np.int64)
    encoding = _best(lambda: trained.latent_of(normalised), repeat)
    decoding = _best(lambda: trained.normalised_from(latent), repeat)
    fixed = _best(lambda: net.run(codes), repeat)
    theirs = PUBLISHED.get(name, (None, None))
    return (
        name, layer_text(architecture), parameters_of(model), first, loading, encoding, decoding, fixed, *theirs,
        1e6 * encoding / JETS, 1e6 * decoding / JETS,
        _memory(lambda: trained.latent_of(normalised)), _memory(lambda: trained.normalised_from(latent)),
    )  # fmt: skip


def _best(run: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return min(times)


def _memory(run: Callable[[], object]) -> float:
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6
