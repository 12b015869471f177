"""`fit_mlps`: a small net of integers for every column that is worth one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hepack._optional import require
from hepack.conditional.base import Problem
from hepack.conditional.mlp import Mlp
from hepack.conditional.mlp.channels import MAGNITUDE
from hepack.entropy.bins import encode_integers
from hepack.training.prepare import Prepared

Progress = Callable[[float], None]

MAX_ROWS = 400_000
_RATE = 250_000.0  # rows of one net that an ordinary core trains in a second, for a hidden layer of 16
_MAX_EPOCHS = 30
_SCORED = 50_000


def fit_mlps(
    problems: Sequence[Problem],
    *,
    seconds: float,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> list[Mlp | None]:
    """One model for each problem, or None where none is worth its bytes.

    The same problems, budget and seed give the same models on the same machine.

    Raises:
        MissingExtraError: torch is not installed.
    """
    torch = require("torch", extra="train", purpose="Fitting nets")
    rng = np.random.default_rng(seed)
    parts = [Prepared.of(p, most=MAX_ROWS, rng=rng) for p in problems]
    groups = _grouped(parts)
    models: list[Mlp | None] = [None] * len(problems)
    work = sum(_work(parts[i]) for members in groups for i in members)
    for done, members in enumerate(groups):
        fitted = _fit_group(
            torch, [p for i in members if (p := parts[i]) is not None], seconds / max(work, 1e-9), seed
        )
        for i, model in zip(members, fitted, strict=True):
            part = parts[i]
            assert part is not None
            if _worth(model, problems[i], part):
                models[i] = model
        if progress is not None:
            progress((done + 1) / len(groups))
    return models


def _grouped(parts: Sequence[Prepared | None]) -> list[list[int]]:
    """Indices of problems that can be trained side by side."""
    groups: dict[Any, list[int]] = {}
    for i, part in enumerate(parts):
        if part is not None:
            key = (part.rows, part.size.hidden, part.size.weight_limit, part.axis.components)
            groups.setdefault(key, []).append(i)
    return list(groups.values())


def _work(part: Prepared | None) -> float:
    """Seconds of one core for one pass over the rows."""
    if part is None:
        return 0.0
    return part.rows / _RATE * part.size.hidden / 16


def _fit_group(torch: Any, parts: list[Prepared], share: float, seed: int) -> list[Mlp]:
    from hepack.models.lower import lower
    from hepack.training.group import Group, Schedule

    epochs = min(_MAX_EPOCHS, max(1.0, share))
    batch = 512 if parts[0].rows < 200_000 else 1024
    steps = max(50, int(epochs * parts[0].rows / batch))
    group = Group(parts, seed)
    group.fit(Schedule(steps=steps, batch=batch))
    models = []
    for p, part in enumerate(parts):
        program = lower(group.nets, p, part.inputs.shape[1], part.axis.n_classes, MAGNITUDE)
        models.append(Mlp(part.channels, program, part.axis))
    return models


def _worth(model: Mlp, problem: Problem, part: Prepared) -> bool:
    """Whether the model codes its rows in fewer bytes than bins without a model, its own bytes counted."""
    held = part.order[part.rows - part.held_out :]
    mine = float(model.bits(problem.features[held], problem.targets[held]).mean())
    plain = problem.targets[part.order[:_SCORED]]
    theirs = 8.0 * len(encode_integers(plain)) / len(plain)
    return mine * problem.rows / 8 + len(model.to_bytes()) < theirs * problem.rows / 8
