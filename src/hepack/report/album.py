"""`album`: which figures a comparison gets, in which section, with what caption; drawn one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hepack.evaluate.results import Comparison, QuantityResult, TableComparison, VariableResult
from hepack.physics.roles import IDENTITY
from hepack.report.cut_figures import draw_crossings, draw_turn_on
from hepack.report.figures import draw_correlations, draw_quantity, draw_stack, draw_variable
from hepack.report.more_figures import draw_classifier, draw_curve, draw_sizes
from hepack.report.spectra import Names
from hepack.report.words import percent, signed_percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROLE_ORDER = ("pt", "eta", "phi", "mass", "energy", "met pt", "met phi", "px", "py", "pz")


@dataclass(frozen=True)
class Plate:
    """A figure to be drawn: a name for files, the section it belongs to, a caption in a sentence."""

    name: str
    section: str
    caption: str
    draw: Callable[[], Figure | None]


def plates(comparison: Comparison, *, figures: int, label: str = "") -> Iterator[Plate]:
    """All figures of a comparison, in the order of the page."""
    several = len(comparison.tables) > 1
    for number, table in enumerate(comparison.tables):
        prefix = f"t{number}-" if several else ""
        title = f"{table.original.table}: " if several else ""
        for plate in _table_plates(table, figures, label):
            yield Plate(prefix + plate.name, plate.section, title + plate.caption, plate.draw)
    if comparison.cost is not None:
        cost = comparison.cost
        if cost.variables:
            yield Plate(
                "cost-sizes",
                "cost",
                "Packed size and bits per value of the largest variables.",
                lambda: draw_sizes(cost, label),
            )
        if cost.curve:
            yield Plate(
                "cost-curve", "cost", "Bits per value against the tolerance, for hepack and its peers.",
                lambda: draw_curve(cost, label),
            )  # fmt: skip


def _table_plates(table: TableComparison, figures: int, label: str) -> Iterator[Plate]:
    names: Names = ("original", "other file")
    for quantity in _quantities(table):
        yield Plate(
            f"event-{quantity.name}", "masses" if quantity.mass else "events", _quantity_caption(quantity),
            lambda q=quantity: draw_quantity(q, names, paired=table.paired, label=label),  # type: ignore[misc]
        )  # fmt: skip
    for turn in table.turn_ons:
        if turn.total_before.sum() >= 20:
            shift = f"; the threshold moves by {signed_percent(turn.shift)}" if turn.shift else ""
            yield Plate(
                f"turn-on-{turn.name}", "triggers", f"Turn-on of an emulated {turn.title} trigger{shift}.",
                lambda t=turn: draw_turn_on(t, names, label),  # type: ignore[misc]
            )  # fmt: skip
    if any(item.made_fraction for item in table.crossings):
        yield Plate(
            "objects-at-cuts", "crossings", "Objects made (below the cut before, above after) and lost at each cut.",
            lambda: draw_crossings(table.crossings, label),
        )  # fmt: skip
    for stack in table.stacks:
        if len(stack.before) > 1:
            yield Plate(
                f"stack-{stack.title}", "kinds", f"Transverse momenta by {stack.title}, stacked.",
                lambda s=stack: draw_stack(s, names, label),  # type: ignore[misc]
            )  # fmt: skip
    for item in chosen_variables(table, figures):
        yield Plate(
            f"variable-{_file_name(item.name)}", "variables", variable_caption(item),
            lambda v=item: draw_variable(v, names, paired=table.paired, label=label),  # type: ignore[misc]
        )  # fmt: skip
    for correlation in table.correlations:
        yield Plate(
            f"correlation-{_file_name(correlation.axis or 'events')}", "correlations",
            f"Correlations on {correlation.axis or 'events'}; the largest change is {correlation.largest_change:.2g}, "
            f"between {' and '.join(correlation.changed_pair)}.",
            lambda c=correlation: draw_correlations(c, label),  # type: ignore[misc]
        )  # fmt: skip
    for found in table.tests.classifiers if table.tests else ():
        if not found.reason:
            yield Plate(
                f"classifier-{_file_name(found.axis or 'events')}", "tests",
                f"Boosted tree on {found.axis or 'events'}: AUC {found.auc.value:.4f} ± {found.auc.error:.4f}.",
                lambda f=found: draw_classifier(f, label),  # type: ignore[misc]
            )  # fmt: skip


def _quantities(table: TableComparison) -> list[QuantityResult]:
    found = [q for q in table.quantities if q.before.counts.sum() >= 20]
    return [q for q in found if q.mass] + [q for q in found if not q.mass]


def chosen_variables(table: TableComparison, most: int) -> list[VariableResult]:
    """Momenta first, then the variables that changed most; others that are equal bit for bit are left out."""

    def rank(item: VariableResult) -> tuple[int, int, float]:
        changed = 0 if item.changed or not table.paired else 1
        role = ROLE_ORDER.index(item.role) if item.role in ROLE_ORDER else len(ROLE_ORDER)
        return changed, 0 if role < len(ROLE_ORDER) else 1, -_size(item)

    found = [item for item in table.variables if item.before.total and item.name.lower() not in IDENTITY]
    found = [item for item in found if item.changed or not table.paired or item.role in ROLE_ORDER]
    return sorted(sorted(found, key=rank)[:most], key=lambda item: table.variables.index(item))


def _size(item: VariableResult) -> float:
    return item.moments.rms if item.moments is not None else 0.0


def variable_caption(item: VariableResult) -> str:
    """One sentence about a variable."""
    moments = item.moments
    if moments is None:
        return f"{item.name}: spectra of both files."
    if not item.changed:
        return f"{item.name}: equal bit for bit."
    largest = max(abs(moments.low), abs(moments.high))
    if item.measure == "response":
        mean, rms, most = percent(moments.mean, 2), percent(moments.rms), percent(largest)
        return f"{item.name}: response mean {mean}, rms {rms}, largest {most}."
    return f"{item.name}: residual mean {moments.mean:.2g}, rms {moments.rms:.3g}, largest {largest:.3g}."


def _quantity_caption(item: QuantityResult) -> str:
    text = f"{item.title[0].upper()}{item.title[1:]}"
    if item.shift is not None:
        return f"{text}: the fitted peak moves by {signed_percent(item.shift)}."
    return f"{text}." if not item.reason else f"{text}: {item.reason}."


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")
