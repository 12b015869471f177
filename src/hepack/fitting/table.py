"""`fit_table`: the model of a table, from a block of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from hepack.codec.block import find_repeats
from hepack.codec.choose import Chooser
from hepack.codec.item import Item, items_of
from hepack.conditional import Problem
from hepack.conditional.tree import fit_tree
from hepack.fitting.candidates import FeatureBank, candidates, earlier_lengths
from hepack.fitting.draft import Draft, Drafter, levels, ordered
from hepack.fitting.given import matching, without_drift
from hepack.fitting.sample import axes_of, sample_events
from hepack.learned import Feature, ItemModel, TableModel
from hepack.learned.features import predicted_integers
from hepack.relations import Found, find_relations
from hepack.table import EventTable
from hepack.transforms import Symbols


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How long to search. ``rows``: of the sample, for each axis; ``features``: of one item;
    ``seconds``: for training integer nets (0: trees only)."""

    rows: int = 1 << 16
    features: int = 24
    leaves: int = 256
    seconds: float = 0.0
    seed: int = 0
    relations: bool = True
    conditionals: bool = True


LEAST_ROWS = 512
"""Shorter columns have no conditional model: nothing that they could gain pays for it."""

ITEM_BITS = 8 * 40
"""About what the description of an item in the model takes, beside its conditional model."""

RELATION_BITS = 8 * 30

Progress = Callable[[str, int, int], None]
"""Called with the stage, what is done of it and what there is to do."""


def fit_table(
    block: EventTable,
    *,
    events: int,
    chooser: Chooser,
    executor: Executor,
    options: FitOptions | None = None,
    given: TableModel | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Learn from a block; the model will be used for ``events`` events, against which its bytes count.

    Of a ``given`` model the items that match and pay are used as they are, the others are learned. The same
    block and options give the same model (but for a net's training, which a time budget ends).
    """
    options = options or FitOptions()
    part = sample_events(block, events=options.rows, objects=4 * options.rows)
    if not len(part):
        return Fitted(TableModel(block.schema, ()), TableModel(block.schema, ()))
    search = _Search(block, part, events / len(part), chooser, options, progress or (lambda *_: None))
    return search.run(executor, given)


@dataclass(frozen=True, eq=False)
class Fitted:
    """``given``: the items used of a model that was there before; ``own``: those learned, decoded after."""

    given: TableModel
    own: TableModel

    @property
    def model(self) -> TableModel:
        """Both together."""
        return self.given.extended(self.own)


class _Search:
    def __init__(
        self,
        block: EventTable,
        part: EventTable,
        scale: float,
        chooser: Chooser,
        options: FitOptions,
        progress: Progress,
    ) -> None:
        self.part, self.scale, self.options, self.progress = part, scale, options, progress
        self.schema = block.schema
        self.drafter = Drafter(block, part, chooser, options.rows)
        self._banks = {axis: FeatureBank(self.drafter.view, axis, options.rows) for axis in axes_of(part)}

    def run(self, executor: Executor, given: TableModel | None) -> Fitted:
        items = [item for item in items_of(self.schema) if item.role != "text" and not item.variable.shape]
        used = TableModel(self.schema, ())
        if given is not None:
            used = without_drift(matching(given, self.schema), self.drafter)
        repeats = find_repeats(self.part, items, used)
        items = [item for i, item in enumerate(items) if i not in repeats and item.key not in used.by_key]
        relations = self._relations()
        drafts = self._drafts(ordered(items, relations), relations, executor)
        names = [item.name for item in used.items if item.role == "values"]
        jobs = []
        for draft in drafts:
            jobs.append((draft, list(names)))
            names += [draft.item.name] if draft.item.role == "values" else []
        kept = list(executor.map(lambda job: self._finish(*job), jobs))
        return Fitted(used, TableModel(self.schema, tuple(model for model in kept if model is not None)))

    def _drafts(
        self, items: Sequence[Item], relations: Mapping[str, Found], executor: Executor
    ) -> list[Draft]:
        """A draft of each item, in the order of decoding."""
        found = [
            draft
            for level in levels(items, relations)
            for draft in executor.map(lambda item: self.drafter.draft(item, relations.get(item.name)), level)
        ]
        place = {item.key: number for number, item in enumerate(items)}
        return sorted(found, key=lambda draft: place[draft.item.key])

    def _relations(self) -> dict[str, Found]:
        if not self.options.relations:
            return {}
        self.progress("relations", 0, 1)
        found = find_relations(self.part, rows=int(len(self.part) * self.scale), seed=self.options.seed)
        return {each.relation.target: each for each in found}

    def _finish(self, draft: Draft, earlier: Sequence[str]) -> ItemModel | None:
        """The item's model; None if the plain coders do as well."""
        bank = self._banks[draft.item.axis]
        targets = draft.found.targets[bank.rows]
        if not len(targets):
            return None
        rows = len(draft.found.targets) * self.scale
        model = replace(draft.model, plain_bits=draft.plain_bits, bits=draft.bits)
        best = draft.bits * rows + (RELATION_BITS if model.relation else 0)
        problem = self._problem(draft, earlier, bank, targets, int(rows))
        if problem is not None:
            features, given = problem
            tree = fit_tree(given, max_leaves=self.options.leaves)
            if tree is not None:
                bits = float(tree.bits(given.features, given.targets, given.first).mean())
                whole = bits * rows + 8 * len(tree.to_bytes()) + ITEM_BITS
                if whole < best:
                    best = whole
                    used = tuple(f if i in tree.used else None for i, f in enumerate(features))
                    model = replace(model, features=used, conditional=tree, bits=bits)
        return model if best < draft.plain_bits * rows else None

    def _problem(
        self, draft: Draft, earlier: Sequence[str], bank: FeatureBank, targets: Symbols, rows: int
    ) -> tuple[list[Feature], Problem] | None:
        if not self.options.conditionals or rows < LEAST_ROWS or targets.min() == targets.max():
            return None
        if draft.item.role == "counts":
            options = earlier_lengths(self.schema, draft.item.name)
        else:
            options = candidates(self.schema, draft.item.axis, earlier)
        features = bank.best(options, targets, self.options.features)
        predicted = None
        if draft.predicted is not None:
            predicted = predicted_integers(draft.predicted[bank.rows])
            features.append(Feature("predicted"))
        return features, Problem(bank.matrix(features, predicted), targets, rows, bank.first)
