"""`Detector`: methods fitted to one part of a reference sample and calibrated on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError, BadRequestError
from hepack.fitting import FitOptions
from hepack.learned import TableModel
from hepack.scoring.baselines import Forest, Mahalanobis
from hepack.scoring.bits import BIT_METHODS, BitScorer, Combined
from hepack.scoring.calibration import FEWEST, Calibration, Decorrelation
from hepack.scoring.columns import Choice, chosen, with_fineness
from hepack.scoring.flat import LEADING, Summary
from hepack.scoring.lengths import CodeLengths
from hepack.scoring.networks import NET_METHODS, NetRecipe, fit_networks
from hepack.scoring.quantities import quantities_named
from hepack.scoring.scores import Contributions, Look, Scorer
from hepack.table import EventTable

Floats = NDArray[np.float64]

ROW_METHODS = ("mahalanobis", "forest", *NET_METHODS)
METHODS = (*BIT_METHODS, *ROW_METHODS)
DEFAULT = ("combined",)

FITTED = 0.7
"""The part of the reference that methods are fitted to; the rest calibrates them."""


@dataclass(frozen=True, kw_only=True)
class DetectorRecipe:
    """What to fit; a method that is named twice counts once. ``leading``: objects of each collection in a summary
    row; ``options``: of the learned model."""

    methods: tuple[str, ...] = DEFAULT
    choice: Choice = field(default_factory=Choice)
    leading: int = LEADING
    nets: NetRecipe = field(default_factory=NetRecipe)
    options: FitOptions | None = None
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if not self.methods:
            raise BadRequestError(f"no method is named; choose some of {', '.join(METHODS)}")
        object.__setattr__(self, "methods", tuple(dict.fromkeys(self.methods)))
        for method in self.methods:
            if method not in METHODS:
                raise BadRequestError(f"there is no score '{method}'; choose one of {', '.join(METHODS)}")


@dataclass(frozen=True, eq=False)
class Detector:
    """``reference`` holds the scores of the calibrating events by method; ``held`` those events themselves. One that
    was read from a file has instead only what was ``kept``: quantities of theirs by name."""

    recipe: DetectorRecipe
    coder: CodeLengths | None
    summary: Summary | None
    scorers: Mapping[str, Scorer]
    held: EventTable | None
    reference: Mapping[str, Floats]
    kept: Mapping[str, Floats] = field(default_factory=dict)

    @classmethod
    def fit(
        cls, reference: EventTable, recipe: DetectorRecipe | None = None, model: TableModel | None = None
    ) -> Detector:
        """Fit and calibrate. Of each ten events, seven are for fitting; a ``model``, where one is given, is used as is
        (its marginals are still the reference's).

        Raises:
            BadInputError: too few events, or the reference lacks what the model needs.
            BadRequestError: unknown variables or methods.
        """
        recipe = recipe or DetectorRecipe()
        if len(reference) < 2 * FEWEST:
            raise BadInputError(f"the reference has {len(reference)} events; give {2 * FEWEST} or more")
        part, held = divided(reference)
        coder = summary = None
        scorers: dict[str, Scorer] = {}
        if set(recipe.methods) & set(BIT_METHODS):
            if model is None:
                fine = with_fineness(chosen(part, recipe.choice))
                coder = CodeLengths.fit(fine, options=recipe.options, threads=recipe.threads)
            else:
                names = recipe.choice.names(model.schema.variables)
                coder = CodeLengths.fit(part, model, names=names, threads=recipe.threads)
            lengths = coder.measure(held, threads=recipe.threads)
            for method in [name for name in recipe.methods if name in BIT_METHODS]:
                combined = method == "combined"
                scorers[method] = Combined.fit(lengths) if combined else BitScorer.fit(method, lengths)
        if set(recipe.methods) & set(ROW_METHODS):
            table = chosen(part, recipe.choice)
            summary = Summary.of(table, recipe.leading)
            scorers |= {scorer.method: scorer for scorer in _row_scorers(recipe, summary.rows(table))}
        empty = cls(recipe, coder, summary, scorers, held, {})
        return replace(empty, reference=empty.score(held))

    def limited(self, methods: Sequence[str]) -> Detector:
        """With some of its methods only.

        Raises:
            BadRequestError: it has no such method.
        """
        for method in methods:
            if method not in self.scorers:
                raise BadRequestError(f"the detector has no score '{method}', only {', '.join(self.scorers)}")
        return replace(self, recipe=replace(self.recipe, methods=tuple(methods)))

    def look(self, table: EventTable) -> Look:
        """A table as the methods see it."""
        return Look(table, self.coder, self.summary)

    def score(self, table: EventTable) -> dict[str, Floats]:
        """Scores by method, each ``(event,)``, whatever the values are.

        Raises:
            BadInputError: the table lacks a column of the reference.
        """
        look = self.look(table)
        return {method: self.scorers[method].score(look) for method in self.recipe.methods}

    def all_contributions(self, table: EventTable) -> dict[str, Contributions]:
        """Those of every method."""
        look = self.look(table)
        return {method: self.scorers[method].contributions(look) for method in self.recipe.methods}

    def contributions(self, table: EventTable, method: str) -> Contributions:
        """What each variable and object adds to the scores of a method."""
        return self.scorers[method].contributions(self.look(table))

    def decorrelation(self, method: str, names: Sequence[str]) -> Decorrelation:
        """Calibrations in bins of `quantities` of the reference, such as ``ht`` or ``n Jet``.

        Raises:
            BadRequestError: an unknown quantity, too few reference events, or one that a file does not keep.
        """
        return Decorrelation.of(self.reference[method], self.quantities(names))

    def quantities(self, names: Sequence[str]) -> list[Floats]:
        """Some of `hepack.scoring.quantities.quantities` of the calibrating events.

        Raises:
            BadRequestError: there is no such quantity, or the detector was read from a file that does not keep it.
        """
        if self.held is not None:
            return quantities_named(self.held, names)
        for name in names:
            if name not in self.kept:
                raise BadRequestError(
                    f"the detector was saved without the '{name}' of its reference events; save it with --decorrelate "
                    f"'{name}', or give the reference with --reference"
                )
        return [self.kept[name] for name in names]

    def calibration(self, method: str) -> Calibration:
        """What the scores of a method mean."""
        return Calibration.of(self.reference[method])


def divided(table: EventTable) -> tuple[EventTable, EventTable]:
    """Runs of events for fitting and for calibrating, ten times each, so that neither is a stretch of its own."""
    edges = np.linspace(0, len(table), 11).astype(int)
    parts: tuple[list[EventTable], list[EventTable]] = ([], [])
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        middle = start + int(np.ceil(FITTED * (stop - start)))
        parts[0].append(table.slice(start, middle))
        parts[1].append(table.slice(middle, stop))
    return EventTable.concatenate(parts[0]), EventTable.concatenate(parts[1])


def _row_scorers(recipe: DetectorRecipe, rows: Floats) -> Sequence[Scorer]:
    made: list[Scorer] = []
    if "mahalanobis" in recipe.methods:
        made.append(Mahalanobis.fit(rows))
    if "forest" in recipe.methods:
        made.append(Forest.fit(rows, seed=recipe.seed))
    nets = [method for method in recipe.methods if method in NET_METHODS]
    return [*made, *(fit_networks(nets, rows, recipe.nets) if nets else [])]
