"""The JSON of a `MonitorResult`: a stable schema for dashboards, described in docs/monitor.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hepack._version import __version__
from hepack.monitoring.results import Chart, Effect, Finding, MonitorResult, RunResult

SCHEMA = 1
"""Rises when a key changes its meaning or goes; new keys may come without."""
MOST_CHARTS = 24


def to_json(result: MonitorResult) -> dict[str, Any]:
    """Plain values: dictionaries, lists, numbers, texts. Numbers that are not finite are None."""
    return {
        "hepack_monitor": SCHEMA,
        "version": __version__,
        "alarm": result.alarm,
        "alarms": result.alarms,
        "expected_alarms": result.expected_alarms,
        "alarm_rate": result.alarm_rate,
        "permutations": result.trials,
        "tests": len(result.tests),
        "reference": {"file": result.reference, "events": result.events, "learned_from": result.learned},
        "runs": [_run(run) for run in result.runs],
        "drift": {
            "alarm": result.drift.alarm,
            "p": result.drift.p,
            "charts": [_chart(chart) for chart in leading_charts(result)[:MOST_CHARTS]],
            "notes": list(result.drift.notes),
        },
        "moved": list(result.moved),
        "notes": list(result.notes),
        "seconds": round(result.seconds, 3),
    }


def leading_charts(result: MonitorResult) -> list[Chart]:
    """The charts, those that alarm first and then those that go furthest first."""
    charts = result.drift.charts

    def reach(chart: Chart) -> float:
        size = np.abs(chart.ewma) / np.maximum(chart.limit, 1e-300)
        return float(size.max(initial=0.0))

    return sorted(charts, key=lambda chart: (chart.first, -reach(chart)))


def _run(run: RunResult) -> dict[str, Any]:
    return {
        "file": run.file,
        "events": run.events,
        "events_tested": run.used,
        "alarm": run.alarm,
        "p": run.global_p,
        "bits_per_event": {
            "reference": _number(run.bits_per_event[0]),
            "run": _number(run.bits_per_event[1]),
        },
        "bits": {name: [_number(one), _number(two)] for name, (one, two) in run.bits.items()},
        "findings": [_finding(finding) for finding in run.findings],
        "notes": list(run.notes),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "column": finding.column,
        "z": _number(finding.z),
        "p": finding.p,
        "tests": [test.name for test in finding.tests],
        **_effect(finding.effect),
    }


def _effect(effect: Effect) -> dict[str, Any]:
    found: dict[str, Any] = {
        "quantity": effect.quantity,
        "value": _number(effect.value),
        "error": _number(effect.error),
        "unit": effect.unit,
        "text": effect.text,
    }
    if effect.window is not None:
        window = effect.window
        found["window"] = {
            "eta": list(window.eta),
            "phi": list(window.phi),
            "found": window.found,
            "expected": window.expected,
        }
    return found


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "test": chart.test.name,
        "column": chart.test.column,
        "z": _numbers(chart.z),
        "ewma": _numbers(chart.ewma),
        "ewma_limit": _numbers(chart.limit),
        "cusum_up": _numbers(chart.cusum[:, 0]),
        "cusum_down": _numbers(chart.cusum[:, 1]),
        "alarms": [int(run) for run in chart.shewhart],
        "drift_from": chart.drift,
        "since": chart.since,
    }


def _numbers(values: Any) -> list[float | None]:
    return [_number(round(float(value), 4)) for value in values]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
