"""Monitoring: false alarms over 1,000 good runs, and the smallest faults that are found.

    hepack simulate zjets -n 16000 --seed 11 --no-constituents --no-truth -o first.root
    hepack simulate zjets -n 16000 --seed 12 --no-constituents --no-truth -o second.root
    python benchmarks/monitor/run.py good first.root second.root
    python benchmarks/monitor/run.py drift first.root second.root
    python benchmarks/monitor/run.py faults first.root second.root ["energy scale" ... good]

`good`: 100 references of about 6,000 events, 10 runs of 1,488 events each, drawn without replacement from events that
nothing was learned from; the next reference and its runs are drawn from the same events, in other combinations.
`drift`: the same, with charts of the values alone (no maps, no code lengths), to count sequences that alarm.
`faults`: the first file is the reference, five runs of 2,000 events are the second. Sizes fall until fewer than half
of the runs alarm. The peer in the same run is a Kolmogorov-Smirnov test of every column at the same rate, Bonferroni
over the columns. "no code lengths" and "no maps" leave those tests out of ours.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kstwo

from hepack.evaluate.intervals import clopper_pearson
from hepack.monitoring.blocks import Blocks
from hepack.monitoring.charts import draw_charts
from hepack.monitoring.columns import Columns
from hepack.monitoring.faults import FAULTS
from hepack.monitoring.files import read_table
from hepack.monitoring.findings import findings, surprises
from hepack.monitoring.judge import Judged, judge, judge_sums
from hepack.monitoring.occupancy import OccupancyProbe
from hepack.monitoring.permutation import adjusted, one_sided
from hepack.monitoring.reference import Reference, make_reference
from hepack.table import EventTable

HERE = Path(__file__).parent
RATE = 0.01
SIZE = 16
RUNS, BLOCKS = 10, 93
TRIALS = 199
SIZES: dict[str, tuple[float, ...]] = {
    "energy scale": (0.1, 0.05, 0.03, 0.02),
    "dead region": (0.8, 0.6, 0.5),
    "hot tower": (0.03, 0.02, 0.01),
    "missing objects": (0.03, 0.02, 0.01),
    "wrong unit": (0.01, 0.005, 0.002),
    "resolution": (0.2, 0.1, 0.05),
    "stuck value": (0.01, 0.005, 0.002),
    "mixed events": (0.5, 0.2, 0.1),
}


def good(first: EventTable, second: EventTable) -> dict[str, Any]:
    """1,000 good runs: how many alarm, how the p-values are spread."""
    reference, drawn = _groups(first, second, bits=True)
    p_values = [judged.global_p for group in drawn for judged in group]
    alarms = sum(p <= RATE for p in p_values)
    low, high = clopper_pearson(alarms, len(p_values), 0.95)
    return {
        "runs": len(p_values), "events_per_run": SIZE * BLOCKS, "tests": len(reference.tests), "permutations": TRIALS,
        "reference_events": SIZE * (reference.columns.n_events // SIZE - RUNS * BLOCKS), "alarm_rate": RATE,
        "alarms": alarms, "rate": alarms / len(p_values), "interval_95": [low, high],
        "alarms_at_5_percent": sum(p <= 0.05 for p in p_values),
        "deciles_of_p": np.histogram(p_values, np.linspace(0, 1, 11))[0].tolist(),
    }  # fmt: skip


def drift(first: EventTable, second: EventTable) -> dict[str, Any]:
    """100 sequences of 10 good runs: how many drift."""
    reference, drawn = _groups(first, second, bits=False)
    rng = np.random.default_rng(6)
    p_values = []
    for group in drawn:
        z, failed = np.stack([judged.z for judged in group]), np.zeros((RUNS, len(group[0].z)), bool)
        charts = draw_charts(reference.tests, z, group[0].null, group[0].share, failed, RATE, rng)
        p_values.append(charts.p)
    return {
        "sequences": len(p_values), "runs_each": RUNS, "tests": len(reference.tests), "permutations": TRIALS,
        "alarms_at_1_percent": sum(p <= 0.01 for p in p_values), "at_5_percent": sum(p <= 0.05 for p in p_values),
        "at_10_percent": sum(p <= 0.1 for p in p_values), "at_50_percent": sum(p <= 0.5 for p in p_values),
    }  # fmt: skip


def _groups(first: EventTable, second: EventTable, *, bits: bool) -> tuple[Reference, Iterator[list[Judged]]]:
    """What was learned, and 100 groups of judged good runs. Without ``bits``, without maps as well."""
    pool = EventTable.concatenate([first, second])
    reference = make_reference(pool, "pool", bits=bits)
    if not bits:
        kept = tuple(probe for probe in reference.probes if not isinstance(probe, OccupancyProbe))
        reference = replace(reference, probes=kept)
    return reference, _drawn(reference, pool.slice(reference.learned, len(pool)))


def _drawn(reference: Reference, events: EventTable) -> Iterator[list[Judged]]:
    rng = np.random.default_rng(5)
    for shuffle in range(10):
        columns = reference.measured(events.take(rng.permutation(len(events))))
        blocks = Blocks(SIZE, columns.n_events // SIZE)
        sums = [probe.sums(columns, blocks).astype(np.float32) for probe in reference.probes]
        for _ in range(10):
            yield _group(reference, sums, rng.permutation(blocks.count), rng)
        print(shuffle, flush=True)


def _group(
    reference: Reference, sums: Sequence[np.ndarray[Any, Any]], order: np.ndarray[Any, Any], rng: np.random.Generator
) -> list[Judged]:  # fmt: skip
    known = [part[order[RUNS * BLOCKS :]].astype(np.float64) for part in sums]
    found = []
    for run in range(RUNS):
        chosen = order[run * BLOCKS : (run + 1) * BLOCKS]
        own = [part[chosen].astype(np.float64) for part in sums]
        found.append(judge_sums(reference.probes, own, known, Blocks(SIZE, BLOCKS), trials=TRIALS, rng=rng))
    return found


def faults(first: EventTable, second: EventTable, *names: str) -> Iterator[dict[str, Any]]:
    """The share of runs that alarm for each fault and size, by each way of testing; and of good runs. One by one."""
    reference = make_reference(first, "first.root")
    runs = [second.slice(2000 * i, 2000 * (i + 1)) for i in range(5)]
    yield {"events_per_run": 2000, "runs": len(runs), "reference_events": reference.columns.n_events,
           "tests": len(reference.tests), "permutations": TRIALS, "alarm_rate": RATE}  # fmt: skip
    for name in names or (*SIZES, "good"):
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        if name == "good":
            drawn = (second.take(rng.permutation(len(second))[:2000]) for _ in range(100))
            yield {name: {"runs": 100, **_caught(reference, drawn, rng)}}
            continue
        rows: list[dict[str, Any]] = []
        for size in SIZES[name]:
            rows.append(
                {"size": size, **_caught(reference, (FAULTS[name](run, size, rng) for run in runs), rng)}
            )
            print(name, json.dumps(rows[-1]), flush=True)
            if rows[-1]["ours"] < 0.5:
                break
        yield {name: rows}


def _caught(reference: Reference, tables: Iterator[EventTable], rng: np.random.Generator) -> dict[str, Any]:
    ways = {"ours": 0, "no code lengths": 0, "no maps": 0, "KS": 0}
    count, text = 0, ""
    for table in tables:
        columns = reference.measured(table)
        judged = judge(reference, columns, "run", trials=TRIALS, rng=rng)
        ways["ours"] += judged.global_p <= RATE
        ways["no code lengths"] += _without(reference, judged, "bits") <= RATE
        ways["no maps"] += _without(reference, judged, "occupancy") <= RATE
        ways["KS"] += _smallest_ks(reference.columns, columns) <= RATE
        found = findings(reference, columns, judged, RATE)
        text = text or (found[0].effect.text if found else "")
        count += 1
    return {**{way: number / count for way, number in ways.items()}, "text": text}


def _without(reference: Reference, judged: Judged, measure: str) -> float:
    kept = np.array([test.measure != measure for test in reference.tests])
    two_sided = np.array([test.two_sided for test in reference.tests])
    null = np.where(two_sided, one_sided(judged.null), judged.null)
    everything = np.concatenate([surprises(reference.tests, judged.z)[None], null])
    return adjusted(everything[:, kept])[0]


def _smallest_ks(one: Columns, two: Columns) -> float:
    """Bonferroni's p-value, each column's as `scipy.stats.ks_2samp` has it with ``method="asymp"``."""
    p_values = []
    for name in (name for name in one.values if not name.startswith("bits of ")):
        left, right = _ordered(one, name), np.sort(two.values[name][np.isfinite(two.values[name])])
        if len(left) and len(right):
            both = np.concatenate([left, right])
            shares = [np.searchsorted(part, both, side="right") / len(part) for part in (left, right)]
            size = round(len(left) * len(right) / len(both))
            p_values.append(float(kstwo.sf(np.abs(shares[0] - shares[1]).max(), size)))
    return min(1.0, min(p_values) * len(p_values))


_KEPT: dict[tuple[int, str], np.ndarray[Any, Any]] = {}


def _ordered(columns: Columns, name: str) -> np.ndarray[Any, Any]:
    key = id(columns), name
    if key not in _KEPT:
        values = columns.values[name]
        _KEPT[key] = np.sort(values[np.isfinite(values)])
    return _KEPT[key]


def main() -> None:
    """Write the JSON of one part beside this file; faults that were not asked for stay as they were."""
    part, one, two, *names = sys.argv[1:]
    tables = read_table(one), read_table(two)
    path = HERE / f"{part}.json"
    found = json.loads(path.read_text(encoding="utf-8")) if names and path.exists() else {}
    pieces = {"good": good, "drift": drift}
    for piece in [pieces[part](*tables)] if part in pieces else faults(*tables, *names):
        found |= piece
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
