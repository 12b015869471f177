"""`Trained`: a network with its normalisation and its card, fitted, saved and loaded as one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError
from hepack.models.architecture import Architecture, layer_text
from hepack.models.autoencoder import Autoencoder, parameters_of
from hepack.models.normalise import Normaliser
from hepack.training.epochs import History, Progress, Rows, Settings, train
from hepack.training.principal import start_from_components
from hepack.training.snapshot import load_weights, save_weights

CHUNK = 1024
"""Rows in one pass: what stays in a processor's cache."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network; ``card`` says what it is, in plain values."""

    model: Autoencoder
    normaliser: Normaliser
    names: tuple[str, ...]
    card: Mapping[str, Any] = field(default_factory=dict)

    def latent(self, table: NDArray[Any]) -> NDArray[np.float32]:
        """The latent of rows, shape ``(row, variable)`` to ``(row, latent)``."""
        return self.latent_of(self.normaliser.forward(table))

    def latent_of(self, normalised: NDArray[np.float32]) -> NDArray[np.float32]:
        """The latent of rows that are normalised already."""
        return _in_chunks(self.model.encode, normalised, self.model.architecture.latent)

    def penalty_of(self, normalised: NDArray[np.float32]) -> NDArray[np.float32]:
        """The penalty of the latent, shape ``(row,)``: of a variational one the divergence from the prior."""
        return _in_chunks(lambda rows: self.model(rows).penalty[:, None], normalised, 1)[:, 0]

    def normalised_from(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalised variables from the latent, in torch (not reproducible to the last bit)."""
        return _in_chunks(self.model.decode, latent, self.model.architecture.inputs)

    def reconstruct(self, table: NDArray[Any]) -> NDArray[np.float64]:
        """There and back."""
        return self.normaliser.inverse(self.normalised_from(self.latent(table)))


def _in_chunks(function: Any, rows: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    out = np.empty((len(rows), width), np.float32)
    source = torch.from_numpy(np.ascontiguousarray(rows, np.float32))
    with torch.inference_mode():
        for start in range(0, len(rows), CHUNK):
            out[start : start + CHUNK] = function(source[start : start + CHUNK]).numpy()
    return out


def split(count: int, *, share: float = 0.8, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers for training and validation, drawn without order."""
    order = np.random.default_rng(seed).permutation(count)
    cut = max(min(1, count), int(share * count))
    return order[:cut], order[cut:]


def fit(
    table: NDArray[Any],
    validation: NDArray[Any],
    architecture: Architecture,
    settings: Settings,
    *,
    way: str = "custom",
    names: tuple[str, ...] = (),
    emphasis: tuple[float, ...] = (),
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Trained, History]:
    """Normalise, train, and write the card. A network with a linear path starts from principal components.
    ``emphasis`` multiplies the errors of each variable in the loss.

    Raises:
        BadRequestError: the table has another number of columns than the network, or too few rows.
    """
    if table.ndim != 2 or table.shape[1] != architecture.inputs:
        raise BadRequestError(f"the network has {architecture.inputs} inputs, the table {table.shape[1:]}")
    torch.manual_seed(settings.seed)
    model = Autoencoder(architecture)
    normaliser = Normaliser.fit(table, way)
    rows = _rows(table, normaliser, settings.loss, emphasis)
    start_from_components(model, rows.values, emphasis)
    held_out = _rows(validation, normaliser, settings.loss, emphasis)
    history = train(model, rows, held_out, settings, checkpoint=checkpoint, progress=progress)
    model.to("cpu")
    card = {
        "layers": layer_text(architecture),
        "architecture": architecture.to_dict(),
        "settings": {key: value for key, value in dataclasses.asdict(settings).items() if key != "seconds"},
        "normalisation": way,
        "parameters": parameters_of(model),
        "rows": len(table),
        "epochs": len(history.training),
        "rate": history.rate,
        "loss": {"training": history.training[-1], "validation": min(history.validation)},
        "best_epoch": history.best,
    }
    return Trained(model, normaliser, names, json.loads(json.dumps(card))), history


def _rows(table: NDArray[Any], normaliser: Normaliser, loss: str, emphasis: tuple[float, ...]) -> Rows:
    weights = None
    if loss == "response":
        weights = normaliser.response_weights(table)
    if emphasis:
        base = np.ones(table.shape, np.float32) if weights is None else weights
        weights = (base * np.array(emphasis, np.float32)).astype(np.float32)
    return Rows(normaliser.forward(table), weights=weights)


def save(trained: Trained, path: Path) -> None:
    """Write the weights as safetensors, with all else in its header."""
    notes = {
        "architecture": json.dumps(trained.model.architecture.to_dict()),
        "normaliser": json.dumps(trained.normaliser.to_dict()),
        "names": json.dumps(trained.names),
        "card": json.dumps(dict(trained.card)),
    }
    save_weights(path, dict(trained.model.state_dict()), notes)


def load(path: Path) -> Trained:
    """Undo `save`.

    Raises:
        CorruptFileError: the file is damaged or holds something else.
    """
    tensors, notes = load_weights(path)
    try:
        model = Autoencoder(Architecture.from_dict(json.loads(notes["architecture"])))
        normaliser = Normaliser.from_dict(json.loads(notes["normaliser"]))
        model.load_state_dict(tensors)
        names, card = tuple(json.loads(notes["names"])), json.loads(notes["card"])
    except (KeyError, ValueError, RuntimeError, BadRequestError) as error:
        raise CorruptFileError(f"'{path.name}' holds no network of hepack: {error}") from None
    model.eval()
    return Trained(model, normaliser, names, card)
