"""The nets of several prepared problems of one shape, and their rows as tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from hepack.conditional.mlp import Mlp
from hepack.conditional.mlp.channels import MAGNITUDE
from hepack.models.lower import lower
from hepack.models.net import INPUT_BITS, Nets, Shape
from hepack.training.fused import mean_nats
from hepack.training.loss import Aim
from hepack.training.prepare import FAR, Prepared

_SCORE_ROWS = 8192
_LINE_ROWS = 16384


class Rows:
    """Rows of every problem of a group, shape ``(net, row, ...)``, padded to the widest problem."""

    def __init__(self, inputs: Tensor, kind: Tensor, edges: Tensor) -> None:
        self.n = kind.shape[1]
        self._inputs, self._kind, self._edges = inputs, kind, edges

    @classmethod
    def of(cls, parts: Sequence[Prepared], shape: Shape) -> Rows:
        n = parts[0].rows
        inputs = np.zeros((shape.nets, n, shape.inputs), np.int16)
        kind = np.zeros((shape.nets, n), np.int16)
        edges = np.zeros((3, shape.nets, n), np.float32)
        for p, part in enumerate(parts):
            own = part.inputs()
            inputs[p, :, : own.shape[1]] = own
            kind[p], edges[:, p] = part.aims()
            kind[p] += shape.classes - part.axis.n_classes
        return cls(*map(torch.from_numpy, (inputs, kind, edges)))

    def split(self, at: int) -> tuple[Rows, Rows]:
        head = Rows(self._inputs[:, :at], self._kind[:, :at], self._edges[:, :, :at])
        return head, Rows(self._inputs[:, at:], self._kind[:, at:], self._edges[:, :, at:])

    def part(self, first: int, count: int) -> tuple[Tensor, Aim]:
        rows = slice(first, first + count)
        inputs = self._inputs[:, rows].float().mul_(2.0**-INPUT_BITS)
        low, high, weight = self._edges[:, :, rows]
        return inputs, Aim(self._kind[:, rows], low, high, weight)


class Group:
    """The nets of problems that have the same number of rows, size, and either bins or none."""

    def __init__(self, parts: Sequence[Prepared], seed: int) -> None:
        self.parts = parts
        size = parts[0].size
        self.shape = Shape(
            nets=len(parts),
            inputs=max(len(p.channels) for p in parts),
            hidden=size.hidden,
            classes=max(p.axis.n_classes for p in parts),
            components=parts[0].axis.components,
            weight_limit=size.weight_limit,
        )
        self.generator = torch.Generator().manual_seed(seed)
        self.nets = Nets(self.shape, self.generator)
        rows = Rows.of(parts, self.shape)
        self.train, self.held = rows.split(rows.n - parts[0].held_out)
        self.firsts = torch.tensor([self.shape.classes - part.axis.n_classes for part in parts])
        self.bit_share = torch.tensor([math.log(2.0) / max(1, part.problem.rows) for part in parts])
        self._start_classes(rows)
        if self.shape.components:
            self._start_places()

    @torch.no_grad()
    def _start_classes(self, rows: Rows) -> None:
        """Start the class logits at the classes' shares."""
        _, aim = rows.part(0, rows.n)
        for p, first in enumerate(self.firsts.tolist()):
            counts = torch.bincount(aim.kind[p].int(), minlength=self.shape.classes)[first:] + 1.0
            self.nets.last_bias[p, first : self.shape.classes] = torch.log(counts / counts.sum())

    @torch.no_grad()
    def _start_places(self) -> None:
        """Start the shared location at the line that fits best, the components around it."""
        inputs, aim = self.train.part(0, _LINE_ROWS)
        at = self.shape.classes + self.shape.components
        for p in range(self.shape.nets):
            inside = (aim.low[p] > -FAR) & (aim.high[p] < FAR)
            place = (0.5 * (aim.low[p] + aim.high[p]))[inside].double()
            if len(place) < 100:
                continue
            line = torch.cat([inputs[p, inside].double(), torch.ones(len(place), 1)], dim=1)
            square = line.T @ line + 1e-3 * len(place) * torch.eye(line.shape[1])
            weights = torch.linalg.solve(square, line.T @ place)
            spread = float((place - line @ weights).abs().mean()) + 1e-3
            self.nets.skip[p, 0] = weights[:-1].float()
            self.nets.skip_bias[p, 0] = weights[-1].float()
            self.nets.last_bias[p, at : at + self.shape.components] *= spread
            self.nets.last_bias[p, at + self.shape.components :] = -np.log2(spread)

    def loss(self, first: int, count: int, quantised: bool) -> Tensor:
        """Mean code length of each net on so many training rows, in nats."""
        inputs, aim = self.train.part(first, count)
        return mean_nats(self.nets, inputs, aim, self.firsts, quantised)

    @torch.no_grad()
    def score(self, quantised: bool) -> Tensor:
        """Mean code length of each net on the rows kept from training, in nats."""
        total = torch.zeros(self.shape.nets)
        for first in range(0, self.held.n, _SCORE_ROWS):
            inputs, aim = self.held.part(first, _SCORE_ROWS)
            total += mean_nats(self.nets, inputs, aim, self.firsts, quantised) * inputs.shape[1]
        return total / self.held.n

    def models(self) -> list[Mlp]:
        """The nets lowered to integers."""
        found = []
        for p, part in enumerate(self.parts):
            program = lower(self.nets, p, len(part.channels), part.axis.n_classes, MAGNITUDE)
            found.append(Mlp(part.channels, program, part.axis))
        return found
