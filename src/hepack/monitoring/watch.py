"""`monitor`: runs held against a reference, one after the other, then all together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hepack.io import ReadOptions
from hepack.monitoring.charts import draw_charts
from hepack.monitoring.columns import Columns, check_same
from hepack.monitoring.files import read_table, short
from hepack.monitoring.findings import findings, maps, spectra
from hepack.monitoring.judge import Judged, judge, trials_for
from hepack.monitoring.moved import moved
from hepack.monitoring.reference import BITS, EVENT_BITS, Reference, make_reference
from hepack.monitoring.results import Drift, MonitorResult, OccupancyMap, RunResult, Spectrum
from hepack.table import EventTable

Progress = Callable[[int, int], None]

MOST_SPECTRA = 6
"""Columns of a run whose distributions are kept for pictures."""


@dataclass(frozen=True, eq=False)
class OneRun:
    """A run's result, with what is needed of it only for charts and pictures."""

    result: RunResult
    judged: Judged
    maps: tuple[OccupancyMap, ...]
    spectra: tuple[Spectrum, ...]


def monitor(
    reference: str | os.PathLike[str], runs: Sequence[str | os.PathLike[str]], *, alarm_rate: float = 0.01,
    bits: bool = True, table: str | None = None, events: int | None = None, read: ReadOptions | None = None,
    seed: int = 1, progress: Progress | None = None,
) -> MonitorResult:  # fmt: skip
    """Hold files of runs, in order of time, against the file of a reference. ``events``: at most, of each file.

    A good run alarms with probability ``alarm_rate``, whatever the number of variables and however correlated they
    are; so does the sequence of all good runs by drift. The same files and seed give the same result.

    Raises:
        BadInputError: a file is unreadable, empty, too small, or lacks a variable of the reference.
        BadRequestError: the alarm rate cannot be told.
    """
    trials_for(alarm_rate)
    known = make_reference(
        read_table(reference, table=table, events=events, read=read), short(reference), bits=bits, seed=seed
    )

    def tables() -> Iterator[tuple[str, EventTable]]:
        for place, path in enumerate(runs):
            if progress is not None:
                progress(place, len(runs))
            yield short(path), read_table(path, table=known.schema.name, events=events, read=read)

    return monitor_tables(known, tables(), alarm_rate=alarm_rate, seed=seed)


def monitor_tables(
    reference: Reference, runs: Iterator[tuple[str, EventTable]], *, alarm_rate: float = 0.01, seed: int = 1
) -> MonitorResult:
    """The same of tables: name and events of each run."""
    begun = time.perf_counter()
    trials = trials_for(alarm_rate)
    rng = np.random.default_rng(seed)
    found: list[RunResult] = []
    maps_shown: list[OccupancyMap] = []
    shown: list[Spectrum] = []
    null, share = np.zeros((0, len(reference.tests))), 0.0
    for name, table in runs:
        one = one_run(reference, name, table, alarm_rate, trials, rng)
        if not found:
            null, share = one.judged.null, one.judged.share
        found.append(one.result)
        maps_shown += one.maps
        shown += one.spectra
    drift = Drift()
    if found:
        z = np.stack([run.z for run in found])
        failed = np.stack([run.p <= alarm_rate for run in found])
        drift = draw_charts(reference.tests, z, null, share, failed, alarm_rate, rng)
    return MonitorResult(
        reference=reference.file, events=reference.columns.n_events, learned=reference.learned,
        alarm_rate=alarm_rate, trials=trials, tests=reference.tests, runs=tuple(found), drift=drift,
        moved=moved(reference.tests, found, drift), maps=tuple(maps_shown), spectra=tuple(shown),
        notes=reference.roles.notes, seconds=time.perf_counter() - begun,
    )  # fmt: skip


def one_run(
    reference: Reference,
    name: str,
    table: EventTable,
    alarm_rate: float,
    trials: int,
    rng: np.random.Generator,
) -> OneRun:
    """One run, and what the charts and pictures need of it."""
    notes = check_same(reference.schema, table.schema, name)
    columns = reference.measured(table)
    judged = judge(reference, columns, name, trials=trials, rng=rng)
    found = findings(reference, columns, judged, alarm_rate)
    bad = {finding.column for finding in found if any(test.measure == "occupancy" for test in finding.tests)}
    bits = mean_bits(reference.columns, columns)
    result = RunResult(
        file=name, events=len(table), used=judged.blocks.size * judged.blocks.count, global_p=judged.global_p,
        alarm=judged.global_p <= alarm_rate, z=judged.z, p=judged.p, findings=found, notes=notes,
        bits_per_event=bits.pop(EVENT_BITS, (float("nan"), float("nan"))), bits=bits,
    )  # fmt: skip
    shown = tuple(item for item in maps(reference, judged, name) if item.column in bad)
    return OneRun(result, judged, shown, tuple(spectra(reference, judged, found[:MOST_SPECTRA], name)))


def mean_bits(known: Columns, columns: Columns) -> dict[str, tuple[float, float]]:
    """Bits per value of each column and of a whole event, in the reference and in a run; NaN where it has none."""
    found = {}
    for name in (name for name in known.values if name.startswith(BITS)):
        both = [c.values[name] for c in (known, columns)]
        means = [float(values.mean()) if len(values) else float("nan") for values in both]
        found[name.removeprefix(BITS)] = (means[0], means[1])
    return found
