"""Train the nets of several prepared problems of one shape together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hepack.models.net import INPUT_BITS, Nets, Shape
from hepack.training.loss import Aim, nats
from hepack.training.prepare import Prepared

_WARM_UP = 0.05
_SCORE_ROWS = 8192


@dataclass(frozen=True)
class Schedule:
    """How long and how to train."""

    steps: int
    batch: int
    rate: float = 6e-3
    scores: int = 10  # times that the held-out rows are scored
    quantised_from: float = 0.0  # fraction of the steps that runs on floats first
    quantised: bool = True

    def rate_at(self, step: int) -> float:
        """Up in a line, then down along a cosine to a hundredth."""
        done = step / max(1, self.steps)
        if done < _WARM_UP:
            return self.rate * (0.1 + 0.9 * done / _WARM_UP)
        wave = 0.5 * (1.0 + math.cos(math.pi * (done - _WARM_UP) / (1.0 - _WARM_UP)))
        return self.rate * (0.01 + 0.99 * wave)


class Rows:
    """The rows of a group as tensors, shape ``(net, row, ...)``, padded to the widest problem."""

    def __init__(self, parts: Sequence[Prepared], shape: Shape, first: int, last: int) -> None:
        self.n = last - first
        inputs = np.zeros((shape.nets, self.n, shape.inputs), np.int16)
        kind = np.zeros((shape.nets, self.n), np.int16)
        edges = np.zeros((3, shape.nets, self.n), np.float32)
        for p, part in enumerate(parts):
            rows = slice(first, last)
            inputs[p, :, : part.inputs.shape[1]] = part.inputs[rows]
            kind[p] = part.kind[rows] + shape.classes - part.axis.n_classes
            for i, array in enumerate((part.low, part.high, part.weight)):
                edges[i, p] = array[rows]
        self._inputs, self._kind, self._edges = map(torch.from_numpy, (inputs, kind, edges))

    def part(self, first: int, count: int) -> tuple[Tensor, Aim]:
        rows = slice(first, first + count)
        inputs = self._inputs[:, rows].float().mul_(2.0**-INPUT_BITS)
        low, high, weight = self._edges[:, :, rows]
        return inputs, Aim(self._kind[:, rows].long(), low, high, weight)


class Group:
    """The nets of problems that have the same number of rows, size, and either bins or none."""

    def __init__(self, parts: Sequence[Prepared], seed: int) -> None:
        self.parts = parts
        size = parts[0].size
        self.shape = Shape(
            nets=len(parts),
            inputs=max(p.inputs.shape[1] for p in parts),
            hidden=size.hidden,
            classes=max(p.axis.n_classes for p in parts),
            components=parts[0].axis.components,
            weight_limit=size.weight_limit,
        )
        self.generator = torch.Generator().manual_seed(seed)
        self.nets = Nets(self.shape, self.generator)
        train = parts[0].rows - parts[0].held_out
        self.train = Rows(parts, self.shape, 0, train)
        self.held = Rows(parts, self.shape, train, parts[0].rows)
        absent = torch.zeros(self.shape.nets, self.shape.classes)
        for p, part in enumerate(parts):
            absent[p, : self.shape.classes - part.axis.n_classes] = -torch.inf
        self.absent = absent
        self._start_classes()

    def _start_classes(self) -> None:
        """Start the class logits at the classes' shares."""
        for p, part in enumerate(self.parts):
            counts = np.bincount(part.kind, minlength=part.axis.n_classes) + 1.0
            logits = torch.from_numpy(np.log(counts / counts.sum())).float()
            with torch.no_grad():
                first = self.shape.classes - part.axis.n_classes
                self.nets.last_bias[p, first : self.shape.classes] = logits

    def fit(self, schedule: Schedule, tick: Callable[[int], None] | None = None) -> Tensor:
        """Train; the nets are left at each one's best held-out score, which is returned, in nats."""
        optimiser = torch.optim.Adam(self.nets.parameters(), lr=schedule.rate, betas=(0.9, 0.99), eps=1e-10)
        best = torch.full((self.shape.nets,), torch.inf)
        kept = {name: value.detach().clone() for name, value in self.nets.named_parameters()}
        every = max(1, schedule.steps // schedule.scores)
        order: list[int] = []
        for step in range(schedule.steps):
            if not order:
                order = self._shuffled(schedule.batch)
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate_at(step)
            quantised = schedule.quantised and step >= schedule.quantised_from * schedule.steps
            self._step(optimiser, order.pop(), schedule.batch, quantised)
            if step + 1 == schedule.steps or ((step + 1) % every == 0 and quantised == schedule.quantised):
                best = self._keep(best, kept, schedule.quantised)
            if tick is not None:
                tick(step)
        with torch.no_grad():
            for name, value in self.nets.named_parameters():
                value.copy_(kept[name])
        return best

    def _shuffled(self, batch: int) -> list[int]:
        """Starts of batches for one pass over the rows, in random order from a random offset."""
        spare = self.train.n % batch if self.train.n >= batch else 0
        offset = int(torch.randint(0, spare + 1, (1,), generator=self.generator))
        count = max(1, self.train.n // batch)
        return [offset + batch * int(i) for i in torch.randperm(count, generator=self.generator)]

    def _step(self, optimiser: torch.optim.Optimizer, first: int, batch: int, quantised: bool) -> None:
        inputs, aim = self.train.part(first, batch)
        out, shared = self.nets(inputs, quantised)
        loss = nats(self.shape, out, shared, aim, self.absent).mean(dim=1).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    @torch.no_grad()
    def score(self, rows: Rows, quantised: bool) -> Tensor:
        """Mean code length of each net on ``rows``, in nats."""
        total = torch.zeros(self.shape.nets)
        for first in range(0, rows.n, _SCORE_ROWS):
            inputs, aim = rows.part(first, _SCORE_ROWS)
            out, shared = self.nets(inputs, quantised)
            total += nats(self.shape, out, shared, aim, self.absent).sum(dim=1)
        return total / rows.n

    def _keep(self, best: Tensor, kept: dict[str, Tensor], quantised: bool) -> Tensor:
        score = self.score(self.held, quantised)
        better = score < best
        with torch.no_grad():
            for name, value in self.nets.named_parameters():
                kept[name][better] = value[better]
        return torch.where(better, score, best)
