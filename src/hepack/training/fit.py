"""`fit_mlps`: a small net of integers for every column that is worth one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hepack._optional import require
from hepack.conditional.base import Problem
from hepack.conditional.mlp import Mlp
from hepack.entropy.bins import encode_integers
from hepack.training.prepare import Prepared

if TYPE_CHECKING:
    from hepack.training.loop import Loop, Schedule

Progress = Callable[[float], None]

MAX_ROWS = 500_000
MAX_NETS = 12  # trained side by side
MAX_EPOCHS = 40
_BATCH, _WIDE_BATCH = 512, 1024
_SCORED = 50_000
_WARM, _TIMED = 10, 50  # steps: not timed, then timed
_PATIENCE = 1.5  # times its share of the budget that a group may take before it is shortened


def fit_mlps(
    problems: Sequence[Problem],
    *,
    seconds: float,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    threads: int | None = None,
    max_rows: int = MAX_ROWS,
) -> list[Mlp | None]:
    """One model for each problem, or None where none is worth its bytes.

    ``seconds`` decides beforehand how long each net trains, on ``threads`` cores (all, if None) of ordinary
    speed, so the same call gives the same models; only where a machine is far slower is training shortened.
    ``progress`` is told the finished part, 0 to 1. ``checkpoint`` is a folder for the state of the fit: the
    same call after a kill goes on from there.

    Raises:
        MissingExtraError: torch is not installed.
    """
    require("torch", extra="train", purpose="Fitting nets")
    cores = threads or os.cpu_count() or 1
    rng = np.random.default_rng(seed)
    parts = [Prepared.of(p, most=max_rows, rng=rng) for p in problems]
    chunks = _chunks(parts)
    models: list[Mlp | None] = [None] * len(problems)
    budget = seconds * cores / max(1e-9, sum(chunk.work for chunk in chunks))
    done = _Done(progress, len(chunks))
    if not chunks:
        return models
    with ThreadPoolExecutor(min(cores, len(chunks)), initializer=_one_thread) as pool:
        jobs = [pool.submit(_fit_chunk, chunk, budget, seed, checkpoint, done) for chunk in chunks]
        for chunk, job in zip(chunks, jobs, strict=True):
            for i, model in zip(chunk.members, job.result(), strict=True):
                models[i] = model
    return models


@dataclass(frozen=True)
class _Chunk:
    """Problems that are trained side by side: their indices, and what is prepared of them."""

    members: tuple[int, ...]
    parts: tuple[Prepared, ...]

    @property
    def work(self) -> float:
        """Seconds of an ordinary core for one pass over the rows."""
        part = self.parts[0]
        inputs = max(len(p.channels) for p in self.parts)
        hidden, outputs = part.size.hidden, part.axis.columns
        products = hidden * (inputs + hidden + outputs)
        row = 0.6e-6 + 1.2e-8 * hidden + 6 * products / 8e9
        return row * part.rows * len(self.parts)


def _chunks(parts: Sequence[Prepared | None]) -> list[_Chunk]:
    groups: dict[Any, list[tuple[int, Prepared]]] = {}
    for i, part in enumerate(parts):
        if part is not None:
            key = (part.rows, part.size, part.axis.components)
            groups.setdefault(key, []).append((i, part))
    chunks = []
    for group in groups.values():
        count = -(-len(group) // MAX_NETS)
        for c in range(count):  # neighbours have about as many inputs
            members = group[len(group) * c // count : len(group) * (c + 1) // count]
            chunks.append(_Chunk(tuple(i for i, _ in members), tuple(p for _, p in members)))
    return sorted(chunks, key=lambda chunk: -chunk.work)


class _Done:
    """Adds up what the chunks report, from any thread."""

    def __init__(self, progress: Progress | None, chunks: int) -> None:
        self._progress, self._chunks = progress, chunks
        self._parts: dict[int, float] = {}
        self._lock = threading.Lock()

    def __call__(self, chunk: int, part: float) -> None:
        if self._progress is not None:
            with self._lock:
                self._parts[chunk] = part
                self._progress(sum(self._parts.values()) / self._chunks)


def _fit_chunk(
    chunk: _Chunk, budget: float, seed: int, checkpoint: Path | None, done: _Done
) -> list[Mlp | None]:
    from hepack.training.checkpoint import Checkpoint, fingerprint
    from hepack.training.group import Group
    from hepack.training.loop import Loop

    index = chunk.members[0]
    plan = _schedule(chunk, budget)
    loop = Loop(Group(chunk.parts, seed + index), plan)
    store = None
    if checkpoint is not None:
        store = Checkpoint(checkpoint, f"nets-{index}", fingerprint(chunk.parts, plan, seed))
        store.resume(loop)
    _train(loop, budget * chunk.work, store, lambda part: done(index, part))
    loop.finish()
    found = loop.group.models()
    return [m if _worth(m, part) else None for m, part in zip(found, chunk.parts, strict=True)]


def _schedule(chunk: _Chunk, budget: float) -> Schedule:
    from hepack.training.loop import Schedule

    rows = chunk.parts[0].rows
    batch = min(rows, _BATCH if rows < 200_000 else _WIDE_BATCH)
    epochs = min(float(MAX_EPOCHS), max(1.0, budget))
    return Schedule(steps=max(50, int(epochs * rows / batch)), batch=batch)


def _train(loop: Loop, seconds: float, store: Any, tell: Callable[[float], None]) -> None:
    start, first = time.monotonic(), loop.step
    while not loop.done:
        loop.advance()
        if loop.step == first + _WARM:  # what is compiled on the way is compiled now
            start = time.monotonic()
        if loop.step == first + _WARM + _TIMED:
            each = (time.monotonic() - start) / _TIMED
            if each * (loop.schedule.steps - first) > _PATIENCE * seconds:
                loop.shorten(first + int(seconds * _PATIENCE / each))
        if loop.step % 20 == 0:
            tell(loop.step / loop.schedule.steps)
            if store is not None:
                store.save(loop)
    if store is not None:
        store.save(loop, now=True)
    tell(1.0)


def _worth(model: Mlp, part: Prepared) -> bool:
    """Whether the model codes its rows in fewer bytes than bins without a model, its own bytes counted."""
    problem, held = part.problem, part.order[part.rows - part.held_out :]
    mine = float(model.bits(problem.features[held], problem.targets[held]).mean())
    plain = problem.targets[part.order[:_SCORED]]
    theirs = 8.0 * len(encode_integers(plain)) / len(plain)
    return mine * problem.rows / 8 + len(model.to_bytes()) < theirs * problem.rows / 8


def _one_thread() -> None:
    """torch works in one thread for each chunk: several threads for one small product only wait for each other."""
    import torch

    torch.set_num_threads(1)
