"""Which tests a run fails, gathered by column, with what each amounts to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from hepack.monitoring.columns import Columns, Floats
from hepack.monitoring.effects import Samples, rate_effect, shape_effect, unit_effect, value_effect
from hepack.monitoring.judge import Judged
from hepack.monitoring.occupancy import ETA_BINS, PHI_BINS, OccupancyProbe
from hepack.monitoring.permutation import one_sided
from hepack.monitoring.probes import Probe, RateProbe, ShapeProbe, Test
from hepack.monitoring.reference import Reference
from hepack.monitoring.results import Effect, Finding, OccupancyMap, Spectrum

ODD = 0.5
TELLING = 0.6
"""A test with a direction is named rather than a larger deviation that has none, down to this part of it."""


def findings(
    reference: Reference, columns: Columns, judged: Judged, alarm_rate: float
) -> tuple[Finding, ...]:
    """Every column with a test whose corrected p-value is at or below the rate; see `_weight` for their order."""
    surprise = surprises(reference.tests, judged.z)
    failed = [i for i in np.argsort(-surprise) if judged.p[i] <= alarm_rate]
    by_column: dict[str, list[int]] = {}
    for i in failed:
        test = reference.tests[i]
        by_column.setdefault(test.column, []).append(int(i))
    samples = Samples(reference, columns, judged.blocks)
    found = []
    for column, places in by_column.items():
        lead = telling(reference.tests, surprise, places)
        tests = tuple(reference.tests[i] for i in [lead, *(i for i in places if i != lead)])
        effect = unit_effect(samples, column) if _may_be_unit(tests) else None
        effect = effect or describe(samples, judged, lead)
        found.append(
            Finding(
                column=column, tests=tests, z=float(judged.z[lead]), p=float(judged.p[lead]), effect=effect
            )
        )
    return tuple(sorted(found, key=lambda finding: -_weight(finding)))


def _weight(finding: Finding) -> float:
    """What stands first: a wrong unit, then what is large; code lengths only say that something is odd."""
    if finding.effect.quantity == "unit":
        return math.inf
    size = abs(finding.z)
    return size * (ODD if finding.effect.quantity == "bits" else 1.0)


def surprises(tests: Sequence[Test], z: Floats) -> Floats:
    """Deviations on the one-sided scale, so that all tests can be put in order."""
    return np.asarray(np.where([test.two_sided for test in tests], one_sided(z), z))


def telling(tests: Sequence[Test], surprise: Floats, places: Sequence[int]) -> int:
    """The test that says most about a column: the largest deviation, or one nearly as large that has a direction."""
    best = max(places, key=lambda i: float(surprise[i]))
    for wanted in (("rate", "hole", "hot"), ("location",), ("width",)):
        near = [i for i in places if tests[i].kind in wanted and tests[i].measure != "bits"
                and surprise[i] >= TELLING * surprise[best]]  # fmt: skip
        if near and tests[best].kind not in wanted:
            return max(near, key=lambda i: float(surprise[i]))
        if near:
            return best
    return best


def _may_be_unit(tests: Sequence[Test]) -> bool:
    return any(test.kind == "location" or test.measure == "outside" for test in tests)


def describe(samples: Samples, judged: Judged, place: int) -> Effect:
    """What the deviation of one test amounts to."""
    probe, part, test = _probe(samples.reference.probes, judged, place)
    if isinstance(probe, OccupancyProbe):
        return _occupancy(probe, part, judged.run, test)
    if isinstance(probe, RateProbe):
        return rate_effect(samples, test, probe)
    assert isinstance(probe, ShapeProbe)
    if test.kind in ("location", "width") and not (test.kind == "width" and test.measure == "bits"):
        return value_effect(samples, test, float(judged.z[place]))
    return shape_effect(test, probe, part, judged.run)


def _probe(probes: Sequence[Probe], judged: Judged, place: int) -> tuple[Probe, Floats, Test]:
    for probe, part in zip(probes, judged.sums, strict=True):
        if place < len(probe.tests):
            return probe, part, probe.tests[place]
        place -= len(probe.tests)
    raise AssertionError("a test belongs to no probe")


def _occupancy(probe: OccupancyProbe, sums: Floats, run: int, test: Test) -> Effect:
    window = probe.locate(sums, run, test.kind)
    what = "hole" if test.kind == "hole" else "hot spot"
    if window is None:
        return Effect(quantity="occupancy", text=f"{probe.column}: no objects to map")
    eta, phi = (f"{_signed(low)}..{_signed(high)}" for low, high in (window.eta, window.phi))
    text = f"{probe.column}: occupancy {what} at eta {eta}, phi {phi}: {window.found} of {window.expected:.0f} expected"
    return Effect(quantity="occupancy", text=text, value=window.found - window.expected, window=window)


def _signed(value: float) -> str:
    return f"{value + 0.0:.1f}".replace("-", "−")


def maps(reference: Reference, judged: Judged, file: str) -> Iterator[OccupancyMap]:
    """The maps of a run beside what is expected of it."""
    for probe, part in zip(reference.probes, judged.sums, strict=True):
        if not isinstance(probe, OccupancyProbe):
            continue
        found, known = part[: judged.run].sum(axis=0), part[judged.run :].sum(axis=0)
        expected = known * (found.sum() / max(known.sum(), 1.0))
        shape = (ETA_BINS, PHI_BINS)
        yield OccupancyMap(
            run=file, column=probe.column, eta=(probe.low, probe.high), found=found.reshape(shape),
            expected=expected.reshape(shape),
        )  # fmt: skip


def spectra(reference: Reference, judged: Judged, found: Sequence[Finding], file: str) -> Iterator[Spectrum]:
    """The distributions that fail, of the columns in ``found``."""
    wanted = {(test.column, test.measure) for finding in found for test in finding.tests}
    for probe, part in zip(reference.probes, judged.sums, strict=True):
        if not isinstance(probe, ShapeProbe) or (probe.column, probe.measure) not in wanted:
            continue
        one, two = part[: judged.run].sum(axis=0), part[judged.run :].sum(axis=0)
        expected = two * (one.sum() / max(two.sum(), 1.0))
        known = (one > 0) & (two > 0)
        error = np.where(known, one / np.maximum(expected, 1e-9), 0.0)
        error = error * np.sqrt(1 / np.maximum(one, 1.0) + 1 / np.maximum(two, 1.0))
        item = reference.fields.get(probe.column)
        yield Spectrum(
            run=file, column=probe.column, what=probe.source,
            unit="bits" if probe.measure == "bits" else (item.unit if item else ""), edges=probe.edges, found=one,
            expected=expected, error=error,
        )  # fmt: skip
