"""`survey`: the first pass over a file: ranges, a thinned sample, digests. The second pass needs them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.results import Floats
from hepack.evaluate.sample import Digests, Sample, Thinned, Words, row_digests
from hepack.evaluate.settings import SAMPLE_BYTES, Settings
from hepack.physics.fields import Field
from hepack.table import EVENTS, EventTable


@dataclass
class AxisSurvey:
    """What one axis of one file holds. ``shape_digest`` is over the lengths of a collection's runs."""

    fields: tuple[Field, ...]
    sample: Thinned
    digests: Digests = field(default_factory=Digests)
    within: Digests = field(default_factory=Digests)
    entries: int = 0
    shape_digest: int = 0
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)

    def column(self, name: str) -> Floats:
        """A field's thinned values, NaN included."""
        place = [item.name for item in self.fields].index(name)
        return self.sample.rows[:, place]


@dataclass
class Survey:
    """All axes of one file, and the digests of its events' identity (run, event number) if it has one."""

    axes: dict[str, AxisSurvey]
    identity: Digests
    n_events: int = 0

    def medians(self) -> dict[str, float]:
        """Medians of the sampled fields."""
        found: dict[str, float] = {}
        for axis in self.axes.values():
            for item in axis.fields:
                values = axis.column(item.name)
                values = values[np.isfinite(values)]
                if len(values):
                    found[item.name] = float(np.median(values))
        return found


def sampled_fields(fields: tuple[Field, ...], axis: str) -> tuple[Field, ...]:
    """The fields of an axis that are single numbers."""
    return tuple(f for f in fields if f.axis == axis and f.is_number and f.width == 1)


def survey(
    sample: Sample, fields: tuple[Field, ...], identity: tuple[str, ...], settings: Settings
) -> Survey:
    """Read a file once."""
    axes = {}
    for axis in (EVENTS, *(c.name for c in sample.schema.collections if c.layout != "text")):
        chosen = sampled_fields(fields, axis)
        cap = min(settings.sample_rows, max(1000, SAMPLE_BYTES // (8 * max(1, len(chosen)))))
        axes[axis] = AxisSurvey(chosen, Thinned(cap, len(chosen)))
    result = Survey(axes, Digests())
    by_name = {item.name: item for item in fields}
    for block in sample.blocks():
        for axis, found in axes.items():
            _add(block, axis, found, result.n_events)
        if identity:
            result.identity.add(row_digests([by_name[name].values(block) for name in identity]))
        result.n_events += len(block)
    return result


def _add(block: EventTable, axis: str, found: AxisSurvey, first: int) -> None:
    count = block.length(axis)
    found.entries += count
    if axis != EVENTS:
        lengths = np.ascontiguousarray(block.counts(axis))
        found.shape_digest = zlib.crc32(lengths.tobytes(), found.shape_digest)
    columns = []
    for item in found.fields:
        values = item.values(block).astype(np.float64)
        _range(values, item.name, found)
        columns.append(values)
    found.sample.add(columns, count)
    stored = [v for v in block.schema.on(axis) if v.kind != "text"]
    if stored and count:
        digests = row_digests([block.columns[v.name] for v in stored])
        found.digests.add(digests)
        if axis != EVENTS and block.schema.collection_by_name[axis].parent == EVENTS:
            owner = np.repeat(np.arange(len(block), dtype=np.uint64) + np.uint64(first), block.counts(axis))
            found.within.add(mixed(digests, owner))


def mixed(digests: Words, owner: NDArray[np.uint64]) -> Words:
    """Digests that differ from event to event."""
    return row_digests([owner], seed=digests)


def _range(values: Floats, name: str, found: AxisSurvey) -> None:
    if not len(values):
        return
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):  # NaN goes through min and max
        values = values[np.isfinite(values)]
        if not len(values):
            return
        low, high = float(values.min()), float(values.max())
    found.low[name] = min(found.low.get(name, low), low)
    found.high[name] = max(found.high.get(name, high), high)
