"""`compare_tables`: everything about one table in two files, in two passes over each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hepack.evaluate import faults
from hepack.evaluate.correlation import correlate
from hepack.evaluate.pairing import FieldPair, Pairing, checked, decide, match_fields, paired_blocks
from hepack.evaluate.results import CorrelationResult, Finding, Floats, TableComparison, VariableResult
from hepack.evaluate.running import Running, Side
from hepack.evaluate.sample import Sample
from hepack.evaluate.settings import Settings
from hepack.evaluate.setup import Promises, setup
from hepack.evaluate.suite import columns_of, run_tests
from hepack.evaluate.survey import Survey, survey
from hepack.physics.fields import Field, fields_of
from hepack.physics.objects import row_starts
from hepack.physics.roles import Roles, find_roles
from hepack.table import EventTable

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Prepared:
    """What the first pass found."""

    pairs: tuple[FieldPair, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    roles: Roles
    before: Survey
    after: Survey
    pairing: Pairing
    notes: tuple[str, ...]

    @property
    def compared(self) -> list[FieldPair]:
        """Pairs that are single numbers, or arrays of them."""
        return [pair for pair in self.pairs if pair.before.is_number and pair.before.width == 1]


def compare_tables(
    original: Sample, other: Sample, settings: Settings, promises: Promises | None = None,
    progress: Progress | None = None,
) -> TableComparison:  # fmt: skip
    """Compare one table of two files; memory stays within a few blocks and the samples of `Settings`."""
    tell = progress or (lambda stage, done, total: None)
    ready = _prepare(original, other, settings, tell)
    running = _second_pass(original, other, ready, settings, promises or {}, tell)
    paired = ready.pairing.paired
    variables = tuple(_variable(name, running, ready) for name in running.variables)
    tell("testing", 0, 1)
    skipped = frozenset(ready.roles.identity)
    tests = run_tests(ready.before, ready.after, ready.pairs, skipped, settings, same_events=paired)
    turn_ons = tuple(turn_on.result() for turn_on in running.turn_ons.values())
    expressions = running.selection_results(paired=paired)
    return TableComparison(
        original=original.info, other=other.info, paired=paired, pairing=ready.pairing.reason, variables=variables,
        groups=tuple(group.result() for group in running.groups.values()),
        stacks=tuple(running.stack_results()), correlations=tuple(_correlations(ready)),
        quantities=tuple(quantity.result(paired=paired) for quantity in running.quantities.values()),
        crossings=tuple(crossing.result(paired=paired) for crossing in running.crossings.values()),
        selections=expressions, turn_ons=turn_ons, tests=tests,
        findings=tuple(_findings(ready, running, variables, settings)),
        roles={role.kind: ", ".join(sorted(role.names)) for role in ready.roles.objects}
        | ({"met": ", ".join(sorted(ready.roles.met.values()))} if ready.roles.met else {}),
        notes=(*ready.notes, *ready.roles.notes),
    )  # fmt: skip


def _prepare(original: Sample, other: Sample, settings: Settings, tell: Progress) -> Prepared:
    fields, others = fields_of(original.schema), fields_of(other.schema)
    pairs, missing, extra, note = match_fields(fields, others)
    identity = _identity(pairs)
    tell("surveying the original", 0, 1)
    before = survey(original, fields, tuple(pair.before.name for pair in identity), settings)
    tell("surveying the other file", 0, 1)
    after = survey(other, others, tuple(pair.after.name for pair in identity), settings)
    known: list[Field] = [pair.before for pair in pairs]
    roles = find_roles(
        known, flat=settings.flat, overrides=settings.objects, medians=before.medians(), unit=settings.unit
    )
    notes = [note] if note else []
    types = [
        f"{p.before.name} ({p.before.dtype} to {p.after.dtype})"
        for p in pairs
        if p.before.dtype != p.after.dtype
    ]
    if types:
        notes.append(f"{len(types)} variables have another type in the other file: {faults.listed(types)}")
    pairing = decide(before, after, settings)
    if settings.mode == "auto":
        pairing = checked(original, other, pairing, pairs, frozenset(roles.identity))
    return Prepared(pairs, missing, extra, roles, before, after, pairing, tuple(notes))


def _identity(pairs: tuple[FieldPair, ...]) -> list[FieldPair]:
    names = find_roles([pair.before for pair in pairs]).identity
    return [pair for pair in pairs if pair.before.name in names and pair.before.dtype == pair.after.dtype]


def _second_pass(
    original: Sample, other: Sample, ready: Prepared, settings: Settings, promises: Promises, tell: Progress
) -> Running:
    paired = ready.pairing.paired
    setups = [
        setup(pair, ready.before, ready.after, ready.roles, promises, paired=paired)
        for pair in ready.compared
    ]
    sides = (
        Side({pair.before.name: pair.before for pair in ready.pairs}, ready.roles),
        Side({pair.before.name: pair.after for pair in ready.pairs}, ready.roles),
    )
    running = Running(setups, sides, settings)
    if paired:
        done = 0
        for one, two in whole_events(paired_blocks(original, other, ready.pairing), sides):
            running.pair(one, two)
            done += len(one)
            tell("comparing", done, ready.before.n_events)
    else:
        for which, sample in enumerate((original, other)):
            for block in sample.blocks():
                running.lone(which, block)
            tell("comparing", which + 1, 2)
    return running


def whole_events(
    blocks: Iterator[tuple[EventTable, EventTable]], sides: tuple[Side, Side]
) -> Iterator[tuple[EventTable, EventTable]]:
    """Blocks of a flat table with one object a row, cut between events and never inside one."""
    side = sides[0]
    if not side.roles.grouping:
        yield from blocks
        return
    held: tuple[EventTable, EventTable] | None = None
    for one, two in blocks:
        if held is not None:
            one, two = EventTable.concatenate([held[0], one]), EventTable.concatenate([held[1], two])
        starts = row_starts(one, side.fields, side.roles)
        assert starts is not None
        last = int(starts[-2])
        held = one.slice(last, len(one)), two.slice(last, len(two))
        if last:
            yield one.slice(0, last), two.slice(0, last)
    if held is not None:
        yield held


def _variable(name: str, running: Running, ready: Prepared) -> VariableResult:
    variable = running.variables[name]
    pair = variable.setup.pair
    one, two = ready.before.axes[pair.before.axis], ready.after.axes[pair.after.axis]
    sample: tuple[Floats, Floats] | None = None
    aligned = ready.pairing.keep_before is None and ready.pairing.keep_after is None
    if (
        ready.pairing.paired
        and aligned
        and one.shape_digest == two.shape_digest
        and one.entries == two.entries
    ):
        sample = (one.column(pair.before.name), two.column(pair.after.name))
    return variable.result(sample)


def _correlations(ready: Prepared) -> Iterator[CorrelationResult]:
    skipped = frozenset(ready.roles.identity)
    for axis in ready.before.axes:
        names, one, two = columns_of(axis, ready.before, ready.after, ready.pairs, skipped)
        if not names:
            continue
        keep = [i for i, name in enumerate(names) if np.isfinite(one[:, i]).mean() > 0.9] if len(one) else []
        chosen = [names[i] for i in keep]
        by_name = {pair.before.name: pair.before for pair in ready.pairs}
        same = (
            ready.pairing.paired
            and ready.before.axes[axis].shape_digest == ready.after.axes[axis].shape_digest
        )
        found = correlate(
            axis, chosen, one[:, keep], two[:, keep], [by_name[name].period for name in chosen], paired=same
        )
        if found is not None:
            yield found


def _findings(
    ready: Prepared, running: Running, variables: tuple[VariableResult, ...], settings: Settings
) -> Iterator[Finding]:
    yield from faults.structure(ready.before, ready.after, ready.missing, ready.extra, running.differing)
    named = list(faults.columns(ready.before, ready.after, ready.pairs, ready.pairing))
    yield from named
    explained = {name for item in named for name in item.subject.split(", ")}
    for item in faults.variables(variables, settings):
        if (
            item.code != "bias" or item.subject not in explained
        ):  # a swapped column is biased too: say it once
            yield item
    if not ready.pairing.paired:
        yield from faults.lone_angles(ready.before, ready.after, ready.pairs)
