"""Checkpoints: weights, optimiser, random state and losses in one safetensors file; weights alone for a model."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hepack._atomic import replacing
from hepack._errors import BadRequestError, CorruptFileError
from hepack._optional import require


@dataclass
class Snapshot:
    """The state of a training between two epochs, apart from weights and optimiser."""

    rate: float
    training: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    seconds: float = 0.0
    best: int = -1
    best_loss: float = math.inf
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    def add(self, training: float, validation: float, model: nn.Module) -> None:
        """Note an epoch; keep the weights if it is the best so far."""
        self.training.append(training)
        self.validation.append(validation)
        if validation < self.best_loss:
            self.best = len(self.validation) - 1
            self._keep(validation, model)

    def start(self, validation: float, model: nn.Module) -> None:
        """Note the loss before the first epoch: a network that starts well is kept if training spoils it."""
        if math.isfinite(validation):
            self._keep(validation, model)

    def _keep(self, validation: float, model: nn.Module) -> None:
        self.best_loss = validation
        self.best_weights = {name: value.clone() for name, value in model.state_dict().items()}

    def load_best(self, model: nn.Module) -> None:
        """Give the model the weights of the best epoch."""
        if self.best_weights:
            model.load_state_dict(self.best_weights)


def save_weights(path: Path, tensors: dict[str, Tensor], notes: dict[str, str]) -> None:
    """Write tensors as safetensors, with ``notes`` in its header.

    Raises:
        MissingExtraError: safetensors is not installed.
    """
    library = require("safetensors.torch", extra="train", purpose="saving weights")
    with replacing(path, overwrite=True, durable=False) as temporary:
        plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        library.save_file(plain, str(temporary), metadata=notes)


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read what `save_weights` wrote; nothing in the file is executed.

    Raises:
        CorruptFileError: the file is no safetensors file, or damaged.
    """
    library = require("safetensors", extra="train", purpose="loading weights")
    try:
        with library.safe_open(str(path), framework="pt") as handle:
            return {name: handle.get_tensor(name) for name in handle.keys()}, handle.metadata() or {}  # noqa: SIM118
    except (library.SafetensorError, OSError, ValueError) as error:
        raise CorruptFileError(f"'{path.name}' cannot be read as safetensors: {error}") from None


def save_snapshot(
    path: Path,
    state: Snapshot,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    """Save all that a training needs to go on as if it had never stopped."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in state.best_weights.items()}
    for number, entry in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{name}": torch.as_tensor(value) for name, value in entry.items()}
    tensors["generator"] = generator.get_state()
    tensors["chance"] = torch.get_rng_state()
    notes = {
        "rate": state.rate,
        "training": state.training,
        "validation": state.validation,
        "seconds": state.seconds,
        "best": state.best,
        "best_loss": state.best_loss,
    }
    save_weights(path, {name: value.clone() for name, value in tensors.items()}, {"state": json.dumps(notes)})


def restore_snapshot(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> Snapshot | None:
    """Undo `save_snapshot`; None if there is no file.

    Raises:
        CorruptFileError: the file is damaged.
        BadRequestError: the file belongs to another network.
    """
    if not path.exists():
        return None
    tensors, notes = load_weights(path)
    try:
        state = Snapshot(best_weights=_under(tensors, "best."), **json.loads(notes["state"]))
        model.load_state_dict(_under(tensors, "model."))
        entries: dict[int, dict[str, Any]] = {}
        for name, value in _under(tensors, "optimiser.").items():
            number, _, key = name.partition(".")
            entries.setdefault(int(number), {})[key] = value
        optimiser.load_state_dict({**optimiser.state_dict(), "state": entries})
        generator.set_state(tensors["generator"])
        torch.set_rng_state(tensors["chance"])
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise BadRequestError(
            f"the checkpoint '{path.name}' belongs to another training; remove it or name another: {error}"
        ) from None
    return state


def _under(tensors: dict[str, Tensor], head: str) -> dict[str, Tensor]:
    return {name.removeprefix(head): value for name, value in tensors.items() if name.startswith(head)}
