"""Which events of two files belong together, and which entries of their collections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack.evaluate.sample import Sample
from hepack.evaluate.settings import Settings
from hepack.evaluate.survey import Survey
from hepack.physics.fields import Field
from hepack.physics.kinematics import Ints, Mask
from hepack.table import EVENTS, EventTable, Schema, offsets_from_counts

PROBED = 5000


@dataclass(frozen=True)
class Pairing:
    """``keep_before`` and ``keep_after`` mark the events with a partner (None: all); ``reason`` is a sentence."""

    paired: bool
    reason: str
    keep_before: Mask | None = None
    keep_after: Mask | None = None


@dataclass(frozen=True)
class FieldPair:
    """The same variable in both files."""

    before: Field
    after: Field


def match_fields(
    before: tuple[Field, ...], after: tuple[Field, ...]
) -> tuple[tuple[FieldPair, ...], tuple[str, ...], tuple[str, ...], str]:
    """Pairs by name, what only one file has, and a note if nameless columns were paired by their order."""
    known = {item.name: item for item in after}
    pairs = tuple(
        FieldPair(item, known[item.name])
        for item in before
        if item.name in known and known[item.name].axis == item.axis
    )
    if not pairs and [item.axis for item in before] == [item.axis for item in after]:
        note = "no names agree; the columns were paired by their order"
        return tuple(FieldPair(a, b) for a, b in zip(before, after, strict=True)), (), (), note
    shared = {pair.before.name for pair in pairs}
    missing = tuple(item.name for item in before if item.name not in shared)
    extra = tuple(item.name for item in after if item.name not in shared)
    return pairs, missing, extra, ""


def decide(before: Survey, after: Survey, settings: Settings) -> Pairing:
    """Pair by event number, else by position; leave exact copies of rows of a flat table aside."""
    if settings.mode == "samples":
        return Pairing(False, "compared as two samples, as asked")
    by_number = _by_number(before, after)
    if by_number is not None:
        return by_number
    if before.n_events == after.n_events:
        return Pairing(True, "paired by position")
    without = _without_copies(before, after)
    if without is not None:
        return without
    return Pairing(
        False, f"the files have {before.n_events:,} and {after.n_events:,} events and nothing that pairs them"
    )


def _by_number(before: Survey, after: Survey) -> Pairing | None:
    """Pair events of the same run and number, where these are unique, complete, and in the same order."""
    one, two = before.identity, after.identity
    if not one.held or not two.held or not (one.complete and two.complete):
        return None
    left, right = one.all(), two.all()
    if len(left) == len(right) and bool(np.all(left == right)):
        return Pairing(True, "paired by position; the event numbers agree")
    if len(np.unique(left)) < len(left) or len(np.unique(right)) < len(right):
        return None
    keep_left, keep_right = np.isin(left, right), np.isin(right, left)
    common = int(keep_left.sum())
    if common == 0:
        return Pairing(False, "the files have no event number in common")
    if not np.array_equal(left[keep_left], right[keep_right]):
        return Pairing(False, "the files hold the same events in another order")
    return Pairing(
        True, f"paired by event number: {common:,} events are in both files", keep_left, keep_right
    )


def _without_copies(before: Survey, after: Survey) -> Pairing | None:
    one, two = before.axes[EVENTS].digests, after.axes[EVENTS].digests
    if len(after.axes) > 1 or not (one.complete and two.complete) or not two.held or one.duplicates():
        return None
    repeats = two.repeats()
    if int((~repeats).sum()) != before.n_events:
        return None
    return Pairing(
        True, f"paired by position after leaving {int(repeats.sum()):,} exact copies aside", None, ~repeats
    )


def checked(
    before: Sample, after: Sample, pairing: Pairing, pairs: tuple[FieldPair, ...], identity: frozenset[str]
) -> Pairing:
    """The pairing, if its first events bear any relation to each other: numbers and places may agree by chance."""
    first = next(paired_blocks(before, after, pairing), None) if pairing.paired else None
    if first is None:
        return pairing
    one, two = first
    answers = []
    for pair in pairs:
        if pair.before.is_number and pair.before.width == 1 and pair.before.name not in identity:
            left, right = _leading(pair.before, one, two), _leading(pair.after, two, one)
            if left is not None and right is not None:
                answers.append(_related(left[:PROBED], right[:PROBED]))
    if False in answers and True not in answers:
        return Pairing(False, f"not {pairing.reason}: these events bear no relation to each other")
    return pairing


def _leading(field: Field, table: EventTable, other: EventTable) -> NDArray[np.float64] | None:
    """A variable of events, or of the first entry of each event (the others follow an order of their own)."""
    values = field.values(table).astype(np.float64)
    if field.axis == EVENTS:
        return values
    known = other.schema.collection_by_name
    if table.schema.collection_by_name[field.axis].parent != EVENTS or field.axis not in known:
        return None
    if known[field.axis].parent != EVENTS:
        return None
    filled = (table.counts(field.axis) > 0) & (other.counts(field.axis) > 0)
    return np.asarray(values[table.offsets[field.axis][:-1][filled]])


def _related(left: NDArray[np.float64], right: NDArray[np.float64]) -> bool | None:
    """None where it cannot be told."""
    good = np.isfinite(left) & np.isfinite(right)
    if good.sum() < 100 or np.ptp(left[good]) == 0 or np.ptp(right[good]) == 0:
        return None
    one, two = (np.argsort(np.argsort(values[good])).astype(np.float64) for values in (left, right))
    return bool(abs(np.corrcoef(one, two)[0, 1]) > 0.2)


def paired_blocks(before: Sample, after: Sample, pairing: Pairing) -> Iterator[tuple[EventTable, EventTable]]:
    """Blocks of both files that hold the same events."""
    left, right = _kept(before, pairing.keep_before), _kept(after, pairing.keep_after)
    one, two = next(left, None), next(right, None)
    while one is not None and two is not None:
        count = min(len(one), len(two))
        if count:
            yield one.slice(0, count), two.slice(0, count)
        one = one.slice(count, len(one)) if count < len(one) else next(left, None)
        two = two.slice(count, len(two)) if count < len(two) else next(right, None)


def _kept(sample: Sample, keep: Mask | None) -> Iterator[EventTable]:
    first = 0
    for block in sample.blocks():
        yield block if keep is None else take_events(block, keep[first : first + len(block)])
        first += len(block)


def take_events(table: EventTable, keep: Mask) -> EventTable:
    """The events that a mask keeps."""
    if keep.all():
        return table
    masks: dict[str, Mask] = {EVENTS: keep}
    offsets = {}
    for collection in table.schema.collections:
        parent = masks[collection.parent]
        counts = table.counts(collection.name)
        masks[collection.name] = np.repeat(parent, counts)
        offsets[collection.name] = offsets_from_counts(counts[parent])
    columns = {v.name: table.columns[v.name][masks[v.axis]] for v in table.schema.variables}
    return EventTable(table.schema, int(keep.sum()), offsets, columns)


@dataclass(frozen=True, eq=False)
class Partners:
    """Entries of an axis with a partner in both tables; None: every entry has one, in order."""

    before: Ints | None
    after: Ints | None
    count: int
    events_differing: int = 0


def partners(one: EventTable, two: EventTable, schema: Schema) -> dict[str, Partners]:
    """For each axis that both tables have. Where runs differ in length, none of their entries has a partner."""
    found = {EVENTS: Partners(None, None, len(one))}
    other = two.schema.collection_by_name
    for collection in schema.collections:
        name = collection.name
        if name not in other or collection.parent not in found or other[name].parent != collection.parent:
            continue
        found[name] = _entries(one, two, name, found[collection.parent])
    return found


def _entries(one: EventTable, two: EventTable, name: str, parent: Partners) -> Partners:
    left, right = one.offsets[name], two.offsets[name]
    if parent.before is None and parent.after is None and np.array_equal(left, right):
        return Partners(None, None, int(left[-1]))
    rows = np.arange(len(left) - 1) if parent.before is None else parent.before
    twins = np.arange(len(right) - 1) if parent.after is None else parent.after
    equal = (left[rows + 1] - left[rows]) == (right[twins + 1] - right[twins])
    places = [_ranges(offsets, chosen[equal]) for offsets, chosen in ((left, rows), (right, twins))]
    return Partners(places[0], places[1], len(places[0]), int((~equal).sum()))


def _ranges(offsets: Ints, rows: Ints) -> Ints:
    """The entries of some runs, one behind the other."""
    counts = offsets[rows + 1] - offsets[rows]
    starts = np.repeat(offsets[rows] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return np.asarray(starts + np.arange(int(counts.sum())), dtype=np.int64)
