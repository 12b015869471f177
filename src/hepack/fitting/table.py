"""`fit_table`: the model of a table, from a block of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from hepack.codec.block import find_repeats
from hepack.codec.choose import Chooser
from hepack.codec.item import Item, items_of
from hepack.conditional import Problem
from hepack.conditional.history import History, fit_history
from hepack.conditional.tree import Tree, fit_tree
from hepack.fitting.candidates import FeatureBank, Pointers, candidates, depths, earlier_lengths, pointers
from hepack.fitting.choice import WORTH_LEARNING_ON, Choice
from hepack.fitting.draft import Draft, Drafter, levels, ordered
from hepack.fitting.given import matching, show, without_drift
from hepack.fitting.sample import axes_of, sample_events
from hepack.learned import Feature, Key, TableModel
from hepack.learned.features import predicted_integers
from hepack.relations import Found, find_alternatives
from hepack.table import EVENTS, EventTable
from hepack.transforms import Symbols


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How long to search. ``rows``: of the sample, for each axis; ``features``: of one item;
    ``seconds``: for training integer nets (0: trees only); ``independent``: nothing may look at another event
    (for scores, which must not depend on the order of events); ``previous``: an object may look at the one before it,
    an event at the event before; ``checkpoint``: a folder for the state of training, from which a fit that was cut
    off goes on."""

    rows: int = 1 << 16
    features: int = 24
    leaves: int = 256
    seconds: float = 0.0
    seed: int = 0
    relations: bool = True
    conditionals: bool = True
    independent: bool = False
    previous: bool = True
    checkpoint: Path | None = None


CAMPAIGN = FitOptions(rows=1 << 18, leaves=1024)
CAMPAIGN_EVENTS = 10**9
"""For a model that many files share: it may be richer, and its bytes are paid once for so many events."""

LEAST_ROWS = 512
"""Shorter columns have no conditional model: nothing that they could gain pays for it."""

SHORT = 64
"""Columns with fewer rows are not looked at: files of a few events with a thousand columns, mostly."""

RELATION_BITS = 8 * 30
"""About what a relation takes in the model."""


def fit_table(
    block: EventTable,
    *,
    events: int,
    chooser: Chooser,
    executor: Executor,
    options: FitOptions | None = None,
    given: TableModel | None = None,
    fixed: TableModel | None = None,
) -> Fitted:
    """Learn from a block; the model will be used for ``events`` events, against which its bytes count.

    Of a ``given`` model the items that match and pay are used as they are, the others are learned; ``fixed`` items
    are used instead, whatever they cost. The same
    block and options give the same model (but for a net's training, which a time budget ends).
    """
    options = options or FitOptions()
    part = sample_events(block, events=options.rows, objects=4 * options.rows)
    if not len(part):
        return Fitted(fixed or TableModel(block.schema, ()), TableModel(block.schema, ()))
    search = _Search(block, part, events / len(part), chooser, options)
    return search.run(executor, given, fixed if fixed and fixed.items else None)


@dataclass(frozen=True, eq=False)
class Fitted:
    """``given``: the fixed items, or those used of a model that was there before; ``own``: those learned, decoded
    after."""

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
    ) -> None:
        self.part, self.scale, self.options = part, scale, options
        self.schema = block.schema
        self.drafter = Drafter(block, part, chooser, options.rows)
        self._banks: dict[str, FeatureBank] = {}
        self._trees: dict[object, Tree | None] = {}
        self._histories: dict[object, History | None] = {}
        self._originals: dict[Key, Key] = {}
        self._pointers: Pointers = {}

    def run(self, executor: Executor, given: TableModel | None, fixed: TableModel | None) -> Fitted:
        items = [
            item
            for item in items_of(self.schema)
            if item.role != "text" and not item.variable.shape and self._is_long(item.axis)
        ]
        used = TableModel(self.schema, ())
        if fixed is not None:
            used = fixed
            show(fixed, self.drafter)
        elif given is not None:
            used = without_drift(matching(given, self.schema), self.drafter)
        repeats = find_repeats(self.part, items, used)
        self._originals = {items[i].key: items[j].key for i, j in repeats.items()}
        # what the given items look at stands before them: by itself, if it is none of them
        settled = {key for item in used.items for key in (item.key, *item.dependencies(self.schema))}
        items = [item for item in items if item.key not in settled]
        names = [item.name for item in used.items if item.role == "values"]
        tries = [self._choices(items, names, found, executor) for found in self._relations()]
        kept = min(tries, key=lambda choices: sum(min(each.cost, each.plain) for each in choices))
        if self.options.seconds > 0:
            kept = self._with_nets(kept)
        learned = {each.model.key for each in kept if each.pays} | {item.key for item in used.items}
        # a repeat costs nothing, but has to be decoded after what it repeats
        own = tuple(
            each.model
            for each in kept
            if each.pays or (each.is_free and self._originals.get(each.model.key) in learned)
        )
        return Fitted(used, TableModel(self.schema, own))

    def _choices(
        self, items: Sequence[Item], names: Sequence[str], found: Sequence[Found], executor: Executor
    ) -> list[Choice]:
        """The best of each item with these relations, in the order of decoding; ``names`` come before."""
        relations = {each.relation.target: each for each in found}
        self._pointers = pointers((each.relation for each in found), self.schema)
        self._banks = {
            axis: FeatureBank(self.drafter.view, axis, self.options.rows) for axis in axes_of(self.part)
        }
        jobs: list[tuple[Draft, list[str], bool]] = []
        earlier, placed = list(names), set[Key]()
        sequence = ordered(
            items,
            relations,
            depths(self._pointers, self.schema),
            integers_first=self.options.seconds == 0,
        )
        for draft in self._drafts(sequence, relations, executor):
            jobs.append((draft, list(earlier), self._originals.get(draft.item.key) in placed))
            earlier += [draft.item.name] if draft.item.role == "values" else []
            placed.add(draft.item.key)
        return list(executor.map(lambda job: self._finish(*job), jobs))

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

    def _relations(self) -> list[list[Found]]:
        """Sets of relations to try."""
        if not self.options.relations:
            return [[]]
        rows = int(len(self.part) * self.scale)
        long = self.part.select([v.name for v in self.schema.variables if self._is_long(v.axis)])
        return find_alternatives(long, rows=rows, seed=self.options.seed)

    def _is_long(self, axis: str) -> bool:
        return self.part.length(axis) * self.scale >= SHORT

    def _finish(self, draft: Draft, earlier: Sequence[str], repeats: bool) -> Choice:
        """The item with the cheaper of a plain coder and a tree for its targets; nothing for one that ``repeats``."""
        if repeats:
            return Choice(draft.item.axis, replace(draft.model, plain_bits=draft.plain_bits), 0.0, 0.0)
        bank = self._banks[draft.item.axis]
        targets = draft.found.targets[bank.rows]
        rows = len(draft.found.targets) * self.scale
        model = replace(draft.model, plain_bits=draft.plain_bits, bits=draft.bits)
        cost = draft.bits * rows + (RELATION_BITS if model.relation else 0)
        choice = Choice(draft.item.axis, model, cost, draft.plain_bits * rows)
        problem = self._problem(draft, earlier, bank, targets, int(rows))
        if problem is None:
            return choice
        features, given = problem
        choice = replace(choice, features=features, problem=given)
        key = (draft.item.key, repr(model.relation), tuple(features))
        if key not in self._trees:  # another set of relations leaves most items as they are
            self._trees[key] = fit_tree(choice.training(), max_leaves=self.options.leaves)
        choice = choice.better(self._trees[key])
        if self.options.independent or not self.options.previous:  # a history learns on from event to event
            return choice
        worth = WORTH_LEARNING_ON if self.options.seconds == 0 else 1.0
        if key not in self._histories:
            self._histories[key] = fit_history(given, beat=choice.cost / max(1.0, rows), worth=worth)
        return choice.better(self._histories[key], worth=worth)

    def _with_nets(self, choices: Sequence[Choice]) -> list[Choice]:
        """Nets for all items together, since they share the time; each where it is the cheapest."""
        from hepack.training import fit_mlps

        places = [i for i, choice in enumerate(choices) if choice.problem is not None]
        asked = [choices[i].with_lag() for i in places]
        problems = [choice.training() for choice in asked]
        options = self.options
        nets = fit_mlps(problems, seconds=options.seconds, seed=options.seed, checkpoint=options.checkpoint)
        done = list(choices)
        for i, choice, net in zip(places, asked, nets, strict=True):
            tried = choice.better(net)
            if tried is not choice:
                done[i] = tried
        return done

    def _problem(
        self, draft: Draft, earlier: Sequence[str], bank: FeatureBank, targets: Symbols, rows: int
    ) -> tuple[list[Feature], Problem] | None:
        if not self.options.conditionals or rows < LEAST_ROWS or not len(targets):
            return None
        if targets.min() == targets.max():
            return None
        if draft.item.role == "counts":
            options = earlier_lengths(self.schema, draft.item.name)
        else:
            options = candidates(self.schema, draft.item.axis, earlier, self._pointers)
        alone = not self.options.previous or (self.options.independent and draft.item.axis == EVENTS)
        if alone:
            options = [each for each in options if each.kind not in ("previous", "same")]
        features = bank.best(options, targets, self.options.features)
        predicted = None
        if draft.found.predicted is not None:
            predicted = predicted_integers(draft.found.predicted[bank.rows])
            features.append(Feature("predicted"))
        return features, Problem(
            bank.matrix(features, predicted), targets, rows, None if alone else bank.first
        )
