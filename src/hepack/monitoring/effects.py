"""What a deviation amounts to, in the column's own terms: per cent of scale, events without objects, a hole."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hepack.monitoring.blocks import Blocks
from hepack.monitoring.columns import Columns, Floats
from hepack.monitoring.probes import RateProbe, ShapeProbe, Test
from hepack.monitoring.reference import BITS, EVENT_BITS, Reference
from hepack.monitoring.results import Effect

FACTORS = (1000.0, 1e-3, 1e6, 1e-6, 100.0, 0.01, 10.0, 0.1, 180 / math.pi, math.pi / 180)
UNIT_SLACK = 0.2
"""How far from a factor, in its logarithm, the ratio of two medians may be."""
MEASURES = {
    "nan": "are NaN", "infinite": "are infinite", "zero": "are zero", "outside": "lie outside the known range",
    "repeated": "repeat the value before", "constant": "are the known constant",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Samples:
    """One column in the run and in the reference."""

    reference: Reference
    columns: Columns
    blocks: Blocks

    def means(self, name: str, values: tuple[Floats, Floats]) -> tuple[float, float, float]:
        """Mean in the run, in the reference, and the error of their difference; NaN counts nowhere."""
        run = ratio(values[0], self.columns, name, self.blocks)
        known = self.reference.columns
        other = ratio(values[1], known, name, self.blocks.like(known.n_events))
        return run[0], other[0], math.hypot(run[1], other[1])

    def values(self, name: str) -> tuple[Floats, Floats]:
        """Of the run and of the reference."""
        return self.columns.values[name], self.reference.columns.values[name]


def ratio(values: Floats, columns: Columns, name: str, blocks: Blocks) -> tuple[float, float]:
    """The mean of the finite values and its error from the scatter of blocks, which keeps events together."""
    good = np.isfinite(values)
    block = columns.events_of(name) // blocks.size
    good &= block < blocks.count
    counts = np.bincount(block[good], minlength=blocks.count)
    sums = np.bincount(block[good], weights=values[good], minlength=blocks.count)
    total = counts.sum()
    if not total or blocks.count < 2:
        return math.nan, math.nan
    mean = float(sums.sum() / total)
    scatter = blocks.count / (blocks.count - 1) * np.sum((sums - mean * counts) ** 2)
    return mean, float(np.sqrt(scatter) / total)


def unit_effect(samples: Samples, column: str) -> Effect | None:
    """Whether a column looks like another unit: all of it, or those values that lie outside the known range."""
    if column not in samples.columns.values or column not in samples.reference.fields:
        return None
    run, known = samples.values(column)
    run, known = _sizes(run), _sizes(known)
    if len(run) < 20 or len(known) < 20 or samples.reference.fields[column].dtype.kind != "f":
        return None
    middle = float(np.median(known))
    factor = _factor(float(np.median(run)) / middle)
    if factor:
        return Effect(
            quantity="unit", value=factor, text=f"{column}: unit looks like {_unit(samples, column, factor)}"
        )
    low, high = np.quantile(known, [0.001, 0.999])
    odd = run[(run > 3 * known.max()) | (run < known.min() / 3)]
    factor = _factor(float(np.median(odd)) / middle, slack=0.5) if len(odd) > 10 else 0.0
    inside = np.mean((odd / factor >= low) & (odd / factor <= high)) if factor else 0.0
    if abs(math.log10(factor or 1.0)) < 1.5 or inside < 0.8:
        return None
    share = len(odd) / len(run)
    text = f"{column}: unit of {100 * share:.2g} % of the values looks like {_unit(samples, column, factor)}"
    return Effect(quantity="unit", value=factor, text=text)


def _sizes(values: Floats) -> Floats:
    size = np.abs(values[np.isfinite(values)])
    return np.asarray(size[size > 0])


def _factor(found: float, slack: float = UNIT_SLACK) -> float:
    """The factor between units that a ratio is close to; 0 if none."""
    if not found > 0 or not math.isfinite(found):
        return 0.0
    return next((f for f in FACTORS if abs(math.log(found / f)) < slack), 0.0)


def _unit(samples: Samples, column: str, factor: float) -> str:
    item, roles = samples.reference.fields[column], samples.reference.roles
    energies = {n for role in roles.objects for slot in role.slots for q, n in slot.items()
                if q in ("pt", "mass", "energy", "px", "py", "pz")} | set(roles.met.values())  # fmt: skip
    scales = [role.scale for role in roles.objects if column in role.names] + [roles.met_scale]
    names = {(1.0, 1000.0): "MeV", (1.0, 1e-3): "TeV", (1e-3, 1e-3): "GeV", (1.0, 1e6): "keV"}
    name = names.get((scales[0], factor), "") if column in energies and item.period is None else ""
    if abs(factor - 180 / math.pi) < 1e-6:
        name = "degrees"
    return f"{name}, factor {factor:.4g}" if name else f"another one, factor {factor:.4g}"


def value_effect(samples: Samples, test: Test, z: float) -> Effect:
    """What a moved or wider distribution of values or bits amounts to."""
    if test.measure == "bits":
        return _bits(samples, test)
    if test.column not in samples.reference.fields:
        return _multiplicity(samples, test)
    run, known = samples.values(test.column)
    if test.kind == "width":
        return _width(test.column, run, known, z)
    low = float(np.quantile(known[np.isfinite(known)], 0.01))
    if low > 0 and samples.reference.fields[test.column].dtype.kind == "f":
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(np.where(run > 0, run, np.nan)), np.log(np.where(known > 0, known, np.nan))
        one, two, error = samples.means(test.column, logs)
        value, size = 100 * math.expm1(min(one - two, 700.0)), 100 * error * math.exp(min(one - two, 700.0))
        text = f"{test.column} scale {value:+.{_places(size)}f} % ± {size:.{_places(size)}f} %"
        return Effect(quantity="scale", value=value, error=size, unit="%", text=text.replace("-", "−"))
    one, two, error = samples.means(test.column, (run, known))
    unit = samples.reference.fields[test.column].unit
    shown = f"{one - two:+.3g} ± {error:.2g} {unit}".rstrip().replace("-", "−")
    return Effect(
        quantity="shift", value=one - two, error=error, unit=unit, text=f"{test.column} mean {shown}"
    )


def _multiplicity(samples: Samples, test: Test) -> Effect:
    one, two, error = samples.means(test.column, samples.values(test.column))
    value, size = 100 * (one / two - 1) if two else math.inf, 100 * error / two if two else math.nan
    text = f"{test.column} mean {one:.4g} for {two:.4g}, {value:+.{_places(size)}f} % ± {size:.{_places(size)}f} %"
    return Effect(quantity="multiplicity", value=value, error=size, unit="%", text=text.replace("-", "−"))


def _width(column: str, run: Floats, known: Floats, z: float) -> Effect:
    spreads = [float(np.diff(np.quantile(v[np.isfinite(v)], [0.1, 0.9]))[0]) for v in (run, known)]
    value = 100 * (spreads[0] / spreads[1] - 1) if spreads[1] else math.nan
    error = abs(value / z) if z else math.nan
    text = f"{column} spread {value:+.{_places(error)}f} % ± {error:.{_places(error)}f} %".replace("-", "−")
    return Effect(quantity="width", value=value, error=error, unit="%", text=text)


def _bits(samples: Samples, test: Test) -> Effect:
    name = BITS + test.column
    one, two, error = samples.means(name, samples.values(name))
    text = f"{test.column} costs {one:.2f} bits for {two:.2f}, {one - two:+.3f} ± {error:.3f}: "
    text += "does not fit what it comes with" if one > two else "varies less than it should"
    value = one - two
    return Effect(quantity="bits", value=value, error=error, unit="bits", text=text.replace(" -", " −"))


def rate_effect(samples: Samples, test: Test, probe: RateProbe) -> Effect:
    """A share of values, of the run and of the reference."""
    run, known = (probe.hits(values).astype(np.float64) for values in samples.values(test.column))
    one, two, error = samples.means(test.column, (run, known))
    value, size = 100 * (one - two), 100 * error
    if test.measure == "zero" and test.column not in samples.reference.fields:
        name = _collection(samples, test.column)
        text = f"{name}: {value:.3g} % ± {size:.2g} % of events lack objects"
        if value < 0:
            text = f"{name}: {-value:.3g} % ± {size:.2g} % fewer events than usual are without objects"
    else:
        text = (
            f"{test.column}: {100 * one:.3g} % {MEASURES[test.measure]} ({100 * two:.3g} % in the reference)"
        )
    return Effect(quantity="rate", value=value, error=size, unit="%", text=text)


def _collection(samples: Samples, length: str) -> str:
    for collection in samples.reference.schema.collections:
        if length in (collection.counter, f"n{collection.name}"):
            return collection.name
    return length


def shape_effect(test: Test, probe: ShapeProbe, sums: Floats, run: int) -> Effect:
    """The bin of a distribution that differs most."""
    one, two = sums[:run].sum(axis=0), sums[run:].sum(axis=0)
    expected = two * (one.sum() / max(two.sum(), 1.0))
    pull = (one - expected) / np.sqrt(np.maximum(expected * (1 + one.sum() / max(two.sum(), 1.0)), 1.0))
    worst = int(np.argmax(np.abs(pull)))
    edges = [-math.inf, *probe.edges.tolist(), math.inf]
    found, usual = f"{one[worst]:,.0f}", f"{expected[worst]:,.0f}"
    if test.measure == "bits":
        what = f"{found} %s cost {_between(edges, worst)} bits, {usual} expected"
        text = f"{test.column} does not go with what it comes with: {what % 'values'}"
        if test.column == EVENT_BITS:
            text = f"events are unusual as a whole: {what % 'events'}"
        return Effect(quantity="bits", value=float(pull[worst]), text=text)
    text = f"{test.column} distribution: {found} for {usual} expected {_between(edges, worst)}"
    return Effect(quantity="shape", value=float(pull[worst]), text=text)


def _between(edges: list[float], place: int) -> str:
    low, high = edges[place], edges[place + 1]
    if math.isinf(low):
        return f"below {high:.4g}"
    if math.isinf(high):
        return f"above {low:.4g}"
    alone = high == np.nextafter(low, np.inf)  # a frequent value
    return f"at {low:.4g}" if alone else f"from {low:.4g} to {high:.4g}"


def _places(error: float) -> int:
    if not error > 0 or not math.isfinite(error):
        return 1
    return int(min(6, max(0, -math.floor(math.log10(error)))))
