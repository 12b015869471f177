"""`moved`: what moved first, in sentences a shifter reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hepack.monitoring.probes import Test
from hepack.monitoring.results import Drift, Finding, RunResult

MOST = 12


def moved(tests: Sequence[Test], runs: Sequence[RunResult], drift: Drift) -> tuple[str, ...]:
    """Columns in the order in which they moved, the most telling of those of one run first."""
    first: dict[str, tuple[int, int, str]] = {}
    drifting = {chart.test.name: chart.since for chart in drift.charts if drift.alarm and chart.drift >= 0}
    for place, run in enumerate(runs):
        for order, finding in enumerate(run.findings):
            if finding.column not in first:
                since = drifting.get(finding.tests[0].name)
                text = _sentence(finding, run, runs, place)
                text += (
                    f"; drifts since about {runs[since].file}" if since is not None and since < place else ""
                )
                first[finding.column] = (place, order, text)
    for chart in drift.charts if drift.alarm else ():
        column = chart.test.column
        if chart.drift >= 0 and (column not in first or chart.drift < first[column][0]):
            size = float(np.abs(chart.ewma[chart.drift]) / max(chart.limit[chart.drift], 1e-300))
            text = (
                f"{column}: {_what(chart.test)} drifts, beyond its band from {runs[chart.drift].file} on, "
                f"since about {runs[chart.since].file}"
            )
            first[column] = (chart.drift, -round(10 * size), text)
    ordered = sorted(first.values(), key=lambda item: item[:2])
    return tuple(text for _, _, text in ordered[:MOST])


def _sentence(finding: Finding, run: RunResult, runs: Sequence[RunResult], place: int) -> str:
    again = sum(any(f.column == finding.column for f in later.findings) for later in runs[place + 1 :])
    later = len(runs) - place - 1
    text = f"{run.file}: {finding.effect.text} (z {finding.z:+.1f}, p {finding.p:.2g})".replace("z -", "z −")
    if not later:
        return text
    if not again:
        return text + "; in no later run"
    return text + (
        "; and in every later run" if again == later else f"; and in {again} of {later} later runs"
    )


def _what(test: Test) -> str:
    """What a chart is of, in words."""
    if test.measure == "occupancy":
        return "the emptiest place of its map" if test.kind == "hole" else "the fullest place of its map"
    if test.kind == "rate":
        return f"the share of {test.measure} values"
    of = "its code length" if test.measure == "bits" else "its distribution"
    words = {
        "location": "the middle of ",
        "width": "the spread of ",
        "cosine": "the side of ",
        "sine": "the side of ",
    }
    return words.get(test.kind, "") + of
