"""`train`: one loop for every autoencoder of rows; the same seed gives the same network on one machine."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hepack._errors import BadRequestError
from hepack.training.objective import LOSSES, objective
from hepack.training.schedule import find_rate, one_cycle
from hepack.training.snapshot import Snapshot, restore_snapshot, save_snapshot

Progress = Callable[[int, int, float], None]
"""Called after each epoch with the epochs done, the epochs in all, and the validation loss."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train. ``rate`` None asks the learning-rate finder; ``patience`` counts epochs without a better
    validation loss (0: never stop early); ``seconds`` stops after the epoch that passes it."""

    epochs: int = 40
    batch: int = 1024
    rate: float | None = None
    weight_decay: float = 1e-6
    loss: str = "mse"
    penalty: float = 1e-3
    patience: int = 0
    seed: int = 1
    seconds: float = math.inf
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise BadRequestError(f"there is no loss '{self.loss}'; choose one of {', '.join(LOSSES)}")
        if self.epochs < 1 or self.batch < 2:
            raise BadRequestError("a training needs at least one epoch and batches of at least two rows")


@dataclass(frozen=True)
class Rows:
    """What a network learns from: ``values (row, variable)``, and per row, where there are any, auxiliary
    values, labels of discrete variables, and loss weights."""

    values: NDArray[np.float32]
    auxiliary: NDArray[np.float32] | None = None
    labels: NDArray[np.int64] | None = None
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class History:
    """Losses after each epoch, and what the training cost. ``best`` is the epoch whose weights were kept,
    counted from 0; -1 if the network was best before the first."""

    training: tuple[float, ...]
    validation: tuple[float, ...]
    rate: float
    seconds: float
    best: int


def pick_device(wanted: str = "auto") -> str:
    """``cpu``, or a GPU where there is one and it is ``auto`` or asked for.

    Raises:
        BadRequestError: a GPU is asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise BadRequestError("this machine has no GPU that torch can use; leave out --device or pass cpu")
    return "cuda" if wanted in ("auto", "cuda") and torch.cuda.is_available() else "cpu"


class _Batches:
    """The rows on the device, and the loss of any batch of them."""

    def __init__(self, rows: Rows, settings: Settings) -> None:
        self.settings = settings
        self.values = self._tensor(rows.values)
        self.auxiliary = None if rows.auxiliary is None else self._tensor(rows.auxiliary)
        self.labels = None if rows.labels is None else self._tensor(rows.labels)
        self.weights = None if rows.weights is None else self._tensor(rows.weights)

    def _tensor(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.settings.device)

    def loss(self, model: nn.Module, places: Tensor) -> Tensor:
        x = self.values[places]
        auxiliary, labels, weights = (
            None if part is None else part[places] for part in (self.auxiliary, self.labels, self.weights)
        )
        return objective(
            model(x, auxiliary, labels),
            x,
            self.settings.loss,
            weights=weights,
            labels=labels,
            penalty=self.settings.penalty,
        )

    @torch.no_grad()
    def mean_loss(self, model: nn.Module) -> float:
        model.eval()
        total, count = 0.0, len(self.values)
        for start in range(0, count, 8192):
            places = torch.arange(start, min(count, start + 8192))
            total += float(self.loss(model, places)) * len(places)
        return total / max(1, count)


def train(
    model: nn.Module,
    rows: Rows,
    validation: Rows,
    settings: Settings,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> History:
    """Train ``model`` in place; it ends with the weights of the best epoch, in evaluation mode.

    With ``checkpoint`` the state is saved after every epoch, and a training that was cut off goes on where
    it stood and ends as it would have ended. The model must have been made under the same seed.

    Raises:
        BadRequestError: fewer than two rows, or a checkpoint of another training.
    """
    if len(rows) < 2 or not len(validation):
        raise BadRequestError(f"training needs at least two rows and one to validate, found {len(rows)}")
    return _Training(model.to(settings.device), rows, validation, settings, checkpoint).run(progress)


class _Training:
    def __init__(
        self, model: nn.Module, rows: Rows, validation: Rows, settings: Settings, checkpoint: Path | None
    ) -> None:
        self.model, self.settings, self.checkpoint = model, settings, checkpoint
        self.batches = _Batches(rows, settings)
        self.held_out = _Batches(validation, settings)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.size = min(settings.batch, len(rows))
        self.per_epoch = max(1, len(rows) // self.size)
        self.optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=settings.weight_decay)
        saved = restore_snapshot(checkpoint, model, self.optimiser, self.generator) if checkpoint else None
        self.state = saved or self._fresh()

    def _fresh(self) -> Snapshot:
        start = self.held_out.mean_loss(self.model)
        state = Snapshot(rate=self.settings.rate or self._found_rate())
        state.start(start, self.model)
        return state

    def _order(self) -> Tensor:
        return torch.randperm(len(self.batches.values), generator=self.generator)

    def _found_rate(self) -> float:
        self.model.train()
        order = self._order()
        blocks = [order[k * self.size : (k + 1) * self.size] for k in range(self.per_epoch)]
        return find_rate(self.model, lambda step: self.batches.loss(self.model, blocks[step % len(blocks)]))

    def _epoch(self, number: int) -> float:
        self.model.train()
        order, total = self._order(), torch.zeros(())
        steps = self.settings.epochs * self.per_epoch
        for k in range(self.per_epoch):
            rate = one_cycle(number * self.per_epoch + k, steps, self.state.rate)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            self.optimiser.zero_grad()
            loss = self.batches.loss(self.model, order[k * self.size : (k + 1) * self.size])
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimiser.step()
            total += loss.detach().cpu()
        return float(total) / self.per_epoch

    def run(self, progress: Progress | None) -> History:
        started, spent = time.perf_counter(), self.state.seconds
        for number in range(len(self.state.training), self.settings.epochs):
            self.state.add(self._epoch(number), self.held_out.mean_loss(self.model), self.model)
            self.state.seconds = spent + time.perf_counter() - started
            if self.checkpoint:
                save_snapshot(self.checkpoint, self.state, self.model, self.optimiser, self.generator)
            if progress:
                progress(number + 1, self.settings.epochs, self.state.validation[-1])
            stale = number - self.state.best
            if (self.settings.patience and stale >= self.settings.patience) or (
                self.state.seconds > self.settings.seconds
            ):
                break
        self.state.load_best(self.model)
        self.model.eval()
        s = self.state
        return History(tuple(s.training), tuple(s.validation), s.rate, s.seconds, s.best)
