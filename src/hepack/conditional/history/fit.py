"""`fit_history`: choose the contexts by the code length that they give on the sample."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hepack.conditional.base import Features, Problem
from hepack.conditional.history.alphabet import Alphabet
from hepack.conditional.history.contexts import MAX_COLUMNS, MAX_LAG, Context, hashes_of
from hepack.conditional.history.model import History
from hepack.entropy.bins import encode_integers

MOST_CONTEXTS = 5
LEAST_ROWS = 2048
SCREEN_ROWS = 1 << 13
SEARCH_ROWS = 1 << 15
SEARCH_SHARE = 8
"""Contexts are tried on at most one of so many rows that the model will be used for."""

MOST_ESCAPES = 0.2
"""A column of which more values than this part occur only once is no work for contexts."""

MOST_VALUES = 0.25
"""Nor is one with more distinct values than this part of the rows, for which contexts take long to learn."""

LEAST_BYTES = 400
"""Columns that are smaller anyway are not searched."""

LEAST_GAIN = 0.002
"""A context that saves a smaller part of the bits is not taken."""

HOPELESS = 1.12
"""The search is given up if after screening a column takes more than this part of what there is to beat; .."""

FEW_BITS = 1.5
""".. from so many bits a row on, if it takes more than that."""

SINGLES = 8
MARGIN = 0.995

LONG = 4
"""From so many times the rows of the sample on, contexts may be richer than it can teach."""

PATIENCE = 1.01
"""Such a context may cost this much on the sample."""


def fit_history(problem: Problem, *, beat: float | None = None, worth: float = 1.0) -> History | None:
    """The contexts that code the targets best; None if no better than a plain coder.

    ``beat``: bits of a row by the best other coder known (the plain one, if that is not given); ``worth``: the part of
    it that a history may take, lest it is not searched for.
    """
    targets = problem.targets
    if len(targets) < LEAST_ROWS:
        return None
    alphabet = Alphabet.of(targets)
    ranks, escaped = alphabet.ranks(targets)
    if len(escaped) > MOST_ESCAPES * len(targets):
        return None
    if not 2 <= len(alphabet.values) <= MOST_VALUES * len(targets):
        return None
    plain = 8 * len(encode_integers(targets)) / len(targets)
    goal = plain if beat is None else min(plain, beat)
    if goal * problem.rows < 8 * LEAST_BYTES:
        return None
    aside = 8 * len(alphabet.to_bytes()) / problem.rows
    hopeless = (HOPELESS if goal < FEW_BITS else 1.0) * goal
    singles = _singles(_Trial.of(problem, alphabet, ranks, SCREEN_ROWS))
    if singles[0][0] + aside > hopeless:
        return None
    rows = min(SEARCH_ROWS, max(SCREEN_ROWS, problem.rows // SEARCH_SHARE))
    trial = _Trial.of(problem, alphabet, ranks, rows)
    if trial.bits([Context(), singles[0][1]]) + aside > worth * hopeless:
        return None
    contexts = _search(trial, [context for _, context in singles])
    if problem.rows > LONG * len(targets):
        contexts = _enriched(trial, contexts)
    history = History(contexts)
    expected = 8 * history.cost(problem) / max(1, problem.rows)
    return history if expected < MARGIN * goal else None


@dataclass(frozen=True, eq=False)
class _Trial:
    """Rows on which contexts are tried; what the last two thirds of them take is what counts."""

    features: Features
    alphabet: Alphabet
    ranks: NDArray[np.int64]
    first: NDArray[np.bool_] | None
    known: dict[tuple[Context, ...], float] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: Problem, alphabet: Alphabet, ranks: NDArray[np.int64], rows: int) -> _Trial:
        cut = slice(max(0, len(ranks) - rows), None)
        first = None if problem.first is None else problem.first[cut]
        return cls(problem.features[cut], alphabet, ranks[cut], first)

    def bits(self, contexts: Iterable[Context]) -> float:
        """Bits of a row with these contexts."""
        key = tuple(sorted(contexts))
        if key not in self.known:
            hashes = hashes_of(key, self.features)
            bits = History(key).rank_bits(hashes, self.alphabet, self.ranks, self.first)
            self.known[key] = float(bits[len(bits) // 3 :].mean())
        return self.known[key]


def _singles(trial: _Trial) -> list[tuple[float, Context]]:
    """What each simple context takes beside the empty one, best first; with the row before, if a good one."""
    options = [Context((), 1), Context((), 2), *(Context((c,)) for c in range(trial.features.shape[1]))]
    scored = sorted((trial.bits([Context(), option]), option) for option in options)
    best = [option for _, option in scored[:SINGLES] if option.columns]
    both = [Context(option.columns, 1) for option in best]
    return sorted([*scored, *((trial.bits([Context(), option]), option) for option in both)])[:SINGLES]


def _search(trial: _Trial, singles: list[Context]) -> tuple[Context, ...]:
    """Add the context that saves most until none saves enough.

    What a context saves seldom grows as others join, so what it saved earlier says which to try next.
    """
    taken = [Context(), singles[0]]
    best = trial.bits(taken)
    tie = itertools.count()
    queue = [(-np.inf, next(tie), context) for context in singles[1:]]
    queue += [(-np.inf, next(tie), context) for context in _richer(singles[0], singles)]
    seen = {*taken, *(context for _, _, context in queue)}
    heapq.heapify(queue)
    while len(taken) < MOST_CONTEXTS and queue:
        fresh: set[Context] = set()
        while queue and queue[0][2] not in fresh and -queue[0][0] > LEAST_GAIN * best:
            context = heapq.heappop(queue)[2]
            fresh.add(context)
            heapq.heappush(queue, (trial.bits([*taken, context]) - best, next(tie), context))
        saved, _, context = heapq.heappop(queue)
        if -saved <= LEAST_GAIN * best or context not in fresh:
            break
        taken.append(context)
        best += saved
        new = [option for option in _richer(context, singles) if option not in seen]
        seen.update(new)
        for option in new:
            heapq.heappush(queue, (-np.inf, next(tie), option))
    return tuple(sorted(_pruned(trial, taken, best)))


def _richer(context: Context, singles: list[Context]) -> list[Context]:
    """The context with one more of what the best simple ones look at."""
    options = [
        Context(
            tuple(sorted({*context.columns, *single.columns})),
            min(MAX_LAG, max(context.lag, single.lag)),
        )
        for single in singles
    ]
    options.append(Context(context.columns, min(MAX_LAG, context.lag + 1)))
    return [o for o in dict.fromkeys(options) if o != context and len(o.columns) <= MAX_COLUMNS]


def _pruned(trial: _Trial, taken: list[Context], best: float) -> list[Context]:
    """Without those contexts that the others made needless."""
    for context in list(taken):
        rest = [other for other in taken if other != context]
        if rest and trial.bits(rest) <= best * (1 + LEAST_GAIN / 2):
            taken, best = rest, trial.bits(rest)
    return taken


def _enriched(trial: _Trial, contexts: tuple[Context, ...]) -> tuple[Context, ...]:
    """With the context of all that the others look at, and one row further back, as far as they do no harm."""
    columns = tuple(sorted({column for context in contexts for column in context.columns}))
    lag = max(context.lag for context in contexts)
    best = trial.bits(contexts)
    for context in (Context(columns, lag), Context(columns, min(MAX_LAG, lag + 1))):
        more = tuple(sorted({*contexts, context}))
        if len(columns) <= MAX_COLUMNS and len(more) <= MOST_CONTEXTS + 1:
            contexts = more if trial.bits(more) <= PATIENCE * best else contexts
    return contexts
