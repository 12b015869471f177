"""Simulate a `Request` in chunks, on one core or several, and write the tables to a file."""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hepack._atomic import replacing
from hepack._errors import BadRequestError, HepackError
from hepack.io import WriteOptions, format_for_output, get_format
from hepack.simulate.detector import CMS_LIKE, Detector
from hepack.simulate.event import Events, observe, visible_particles
from hepack.simulate.generator import generate, load_pythia, pythia_seed
from hepack.simulate.jets import load_fastjet
from hepack.simulate.layouts import build
from hepack.simulate.overlay import overlay
from hepack.simulate.pileup import SMALLEST, SOFT_QCD, Collisions
from hepack.simulate.process import get_process
from hepack.simulate.request import Request
from hepack.table import EventTable

Tick = Callable[[int], None]
POLL_SECONDS = 0.2
HARD, SOFT, RESPONSE = 0, 1, 2
"""Streams of random numbers of one chunk: Pythia, Pythia's pile-up pool, the detector."""


@dataclass(frozen=True)
class Summary:
    """What `write` made. ``digest`` is over the tables' values, so it is the same in every format."""

    path: Path
    events: int
    seconds: float
    digest: str

    @property
    def rate(self) -> float:
        """Events per second of wall time."""
        return self.events / max(self.seconds, 1e-9)


class Stopped(Exception):  # noqa: N818  (a request, not an error)
    """Raised inside a worker when the main process asks it to stop."""


def simulate_events(
    request: Request, chunk: int, size: int, *, detector: Detector = CMS_LIKE, tick: Tick | None = None
) -> Events:
    """Make one chunk of events with all objects; depends on nothing but the arguments.

    Raises:
        MissingExtraError: Pythia or FastJet is not installed.
    """
    process = get_process(request.process)
    report = tick or _silent
    seeds = [pythia_seed(request.seed, process.id, chunk, stream) for stream in (HARD, SOFT, RESPONSE)]
    rng = np.random.default_rng(seeds[RESPONSE])
    record = generate(process, events=size, energy=request.energy, seed=seeds[HARD], tick=report)
    particles = visible_particles(record)
    counts = np.zeros(size, np.int64)
    if request.pile_up > 0:
        counts = rng.poisson(request.pile_up, size)
        pool_size = min(SMALLEST, max(int(counts.sum()), 1))
        made = generate(SOFT_QCD, events=pool_size, energy=request.energy, seed=seeds[SOFT], tick=_silent)
        pool = Collisions.of(made, detector)
        particles = overlay(particles, pool, counts, length=detector.beam_spot_length, rng=rng)
    return observe(record, particles, pile_up=counts, detector=detector, rng=rng, first=chunk * request.chunk)


def simulate(request: Request, *, jobs: int = 1, tick: Tick | None = None) -> Iterator[EventTable]:
    """Yield the tables of all chunks, in order, made by ``jobs`` processes.

    ``tick`` is called with numbers of newly generated events. The tables do not depend on ``jobs``.

    Raises:
        BadRequestError: ``jobs`` is below 1.
        MissingExtraError: Pythia or FastJet is not installed.
        HepackError: a worker died.
    """
    if jobs < 1:
        raise BadRequestError(f"the number of jobs must be 1 or more, found {jobs}")
    load_pythia()
    load_fastjet()
    report = tick or _silent
    if jobs == 1 or request.events <= request.chunk:
        for chunk, size in request.chunks():
            yield build(request, simulate_events(request, chunk, size, tick=report))
        return
    yield from _in_parallel(request, jobs, report)


def _silent(_: int) -> None:
    pass


_worker: dict[str, Any] = {}
"""What a worker process shares with the main one; empty everywhere else."""


def _start_worker(stop: Any, made: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides when to stop
    _worker.update(stop=stop, made=made)


def _work(request: Request, chunk: int, size: int) -> EventTable:
    def tick(number: int) -> None:
        if _worker["stop"].is_set():
            raise Stopped
        with _worker["made"].get_lock():
            _worker["made"].value += number

    return build(request, simulate_events(request, chunk, size, tick=tick))


def _in_parallel(request: Request, jobs: int, report: Tick) -> Iterator[EventTable]:
    context = multiprocessing.get_context("spawn")
    stop, made = context.Event(), context.Value("Q", 0)
    waiting: deque[Future[EventTable]] = deque()
    seen = 0
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_start_worker, initargs=(stop, made)
    ) as pool:
        try:
            todo = request.chunks()
            for chunk, size in todo:
                waiting.append(pool.submit(_work, request, chunk, size))
                if len(waiting) < 2 * jobs:
                    continue
                seen = _wait(waiting[0], made, seen, report)
                yield waiting.popleft().result()
            while waiting:
                seen = _wait(waiting[0], made, seen, report)
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise HepackError("a simulation worker died (out of memory?); try fewer --jobs") from error
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _wait(future: Future[EventTable], made: Any, seen: int, report: Tick) -> int:
    """Wait for one chunk and report the events that all workers made meanwhile."""
    while True:
        done = future.done()
        now = int(made.value)
        if now > seen:
            report(now - seen)
            seen = now
        if done:
            return seen
        time.sleep(POLL_SECONDS)


def write(
    request: Request,
    path: Path,
    *,
    jobs: int = 1,
    format_id: str | None = None,
    options: WriteOptions | None = None,
    overwrite: bool = False,
    tick: Tick | None = None,
) -> Summary:
    """Simulate ``request`` into the file ``path``, which appears only when complete.

    Raises:
        BadRequestError: the file exists, its folder does not, or no format fits its name.
    """
    target = get_format(format_id) if format_id else format_for_output(str(path))
    begun = time.perf_counter()
    digest = hashlib.sha256()
    with (
        replacing(path, overwrite=overwrite) as temporary,
        target.create(str(temporary), {}, options or WriteOptions()) as sink,
    ):
        for number, table in enumerate(simulate(request, jobs=jobs, tick=tick)):
            if number == 0:
                sink.begin(table.schema, request.events)
            sink.write(table)
            update_digest(digest, table)
    return Summary(path, request.events, time.perf_counter() - begun, digest.hexdigest())


def update_digest(digest: Any, table: EventTable) -> None:
    """Add the names, lengths and values of one block to a running hash."""
    for collection in table.schema.collections:
        digest.update(collection.name.encode())
        digest.update(np.ascontiguousarray(table.counts(collection.name)).tobytes())
    for variable in table.schema.variables:
        digest.update(f"{variable.name}:{variable.dtype.str}".encode())
        digest.update(np.ascontiguousarray(table.columns[variable.name]).tobytes())
