"""`Loop`: train a group step by step; its whole state can be stored and taken up again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hepack.training.group import Group

_WARM_UP = 0.05
_FRUGALITY = 2.0  # how much the bytes of the weights count


@dataclass(frozen=True)
class Schedule:
    """How long and how to train: the learning rate climbs in a line, then falls along a cosine."""

    steps: int
    batch: int
    rate: float = 3e-2
    scores: int = 10  # times that the held-out rows are scored
    quantised: bool = True

    def rate_at(self, step: int) -> float:
        done = step / max(1, self.steps)
        if done < _WARM_UP:
            return self.rate * (0.1 + 0.9 * done / _WARM_UP)
        wave = 0.5 * (1.0 + math.cos(math.pi * (done - _WARM_UP) / (1.0 - _WARM_UP)))
        return self.rate * (0.01 + 0.99 * wave)


class Loop:
    """Training of one group; `advance` until `done`, then `finish`."""

    def __init__(self, group: Group, schedule: Schedule) -> None:
        self.group, self.schedule, self.step = group, schedule, 0
        self._parameters = dict(group.nets.named_parameters())
        self._optimiser = torch.optim.Adam(
            self._parameters.values(), lr=schedule.rate, betas=(0.9, 0.99), eps=1e-10
        )
        self._best = torch.full((group.shape.nets,), torch.inf)
        self._kept = {name: value.detach().clone() for name, value in self._parameters.items()}
        self._order: list[int] = []

    @property
    def done(self) -> bool:
        return self.step >= self.schedule.steps

    def shorten(self, steps: int) -> None:
        """Train for fewer steps in all than was planned."""
        self.schedule = replace(self.schedule, steps=max(self.step + 1, steps))

    def advance(self) -> None:
        """One step, and a look at the held-out rows where it is time for one."""
        plan = self.schedule
        if not self._order:
            self._order = self._shuffled(plan.batch)
        for options in self._optimiser.param_groups:
            options["lr"] = plan.rate_at(self.step)
        loss = self.group.loss(self._order.pop(), plan.batch, plan.quantised).sum()
        if plan.quantised:  # what a weight's bits cost, spread over the rows that the model will code
            loss = loss + _FRUGALITY * (self.group.nets.weight_bits() * self.group.bit_share).sum()
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self.step += 1
        if self.done or self.step % max(1, plan.steps // plan.scores) == 0:
            self._keep()

    @torch.no_grad()
    def finish(self) -> Tensor:
        """Leave every net at its best; their held-out scores in nats."""
        for name, value in self._parameters.items():
            value.copy_(self._kept[name])
        return self._best

    def _shuffled(self, batch: int) -> list[int]:
        """Starts of batches for one pass over the rows, in random order from a random offset."""
        n, generator = self.group.train.n, self.group.generator
        spare = n % batch if n >= batch else 0
        offset = int(torch.randint(0, spare + 1, (1,), generator=generator))
        return [offset + batch * int(i) for i in torch.randperm(max(1, n // batch), generator=generator)]

    @torch.no_grad()
    def _keep(self) -> None:
        score = self.group.score(self.schedule.quantised)
        better = score < self._best
        for name, value in self._parameters.items():
            self._kept[name][better] = value[better]
        self._best = torch.where(better, score, self._best)

    def state(self) -> dict[str, Tensor]:
        """All that decides how training goes on."""
        tensors = {f"net.{name}": value.detach() for name, value in self._parameters.items()}
        tensors |= {f"kept.{name}": value for name, value in self._kept.items()}
        for name, value in self._parameters.items():
            for key, moment in self._optimiser.state[value].items():
                tensors[f"adam.{key}.{name}"] = moment
        tensors["best"] = self._best
        tensors["generator"] = self.group.generator.get_state()
        tensors["order"] = torch.tensor(self._order, dtype=torch.int64)
        tensors["step"] = torch.tensor([self.step, self.schedule.steps])
        return {name: value.contiguous().clone() for name, value in tensors.items()}

    @torch.no_grad()
    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a `state` of an equal group."""
        for name, value in self._parameters.items():
            value.copy_(tensors[f"net.{name}"])
            self._kept[name] = tensors[f"kept.{name}"].clone()
            keys = ("step", "exp_avg", "exp_avg_sq")
            self._optimiser.state[value] = {k: tensors[f"adam.{k}.{name}"].clone() for k in keys}
        self._best = tensors["best"].clone()
        self.group.generator.set_state(tensors["generator"])
        self._order = [int(x) for x in tensors["order"]]
        self.step, steps = (int(x) for x in tensors["step"])
        self.schedule = replace(self.schedule, steps=steps)
