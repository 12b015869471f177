"""The part of a stored detector that is about code lengths: histograms, moments, and what ``combined`` combines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from hepack._errors import CorruptFileError
from hepack.learned import Key, TableModel
from hepack.scoring.bits import BIT_METHODS, PARTS, BitScorer, Combined
from hepack.scoring.detector import Detector
from hepack.scoring.lengths import CodeLengths
from hepack.scoring.marginal import Marginal
from hepack.scoring.pieces import Floats
from hepack.scoring.scores import Scorer


def bits_to_parts(detector: Detector) -> tuple[dict[str, Any] | None, list[Floats]]:
    """JSON (None: no method uses code lengths), and the reference scores of the parts of ``combined``."""
    scorers = [detector.scorers[method] for method in detector.recipe.methods if method in BIT_METHODS]
    if detector.coder is None or not scorers:
        return None, []
    combined = [scorer for scorer in scorers if isinstance(scorer, Combined)]
    sums = [scorer for scorer in scorers if isinstance(scorer, BitScorer)]
    sums += [part for one in combined for part in one.parts]
    value = {
        "marginals": [[*key, histogram.to_json()] for key, histogram in detector.coder.marginals.items()],
        "moments": {s.method: {name: list(pair) for name, pair in s.moments.items()} for s in sums},
    }
    return value, [scores for one in combined for scores in one.references]


def bits_from_parts(
    value: Any, methods: Sequence[str], model: TableModel, scores: Callable[[], Floats]
) -> tuple[CodeLengths | None, dict[str, Scorer]]:
    """Undo `bits_to_parts`; ``scores`` gives the reference scores of the next part.

    Raises:
        CorruptFileError, LimitError: the value is none of such a model.
    """
    wanted = [method for method in methods if method in BIT_METHODS]
    match value:
        case {"marginals": [*rows], "moments": dict(moments)} if wanted:
            pass
        case None if not wanted:
            return None, {}
        case _:
            raise CorruptFileError("its code lengths have a wrong form")
    marginals: dict[Key, Marginal] = {}
    for row in rows:
        match row:
            case [str(role), str(name), histogram]:
                marginals[role, name] = Marginal.from_json(histogram)
            case _:
                raise CorruptFileError("its code lengths have a wrong form")
    needed = {m for method in wanted for m in (PARTS if method == "combined" else (method,))}
    if not marginals or not set(marginals) <= set(model.by_key) or not needed <= set(moments):
        raise CorruptFileError("its code lengths are not those of its model")
    sums = {method: BitScorer(method, _moments(moments[method])) for method in needed}
    scorers: dict[str, Scorer] = {method: sums[method] for method in wanted if method in sums}
    if "combined" in wanted:
        scorers["combined"] = Combined(tuple(sums[part] for part in PARTS), tuple(scores() for _ in PARTS))
    return CodeLengths(model, marginals), scorers


def _moments(value: Any) -> dict[str, tuple[float, float]]:
    found = {}
    for name, pair in value.items() if isinstance(value, dict) else [("", None)]:
        match pair:
            case [float() | int() as mean, float() | int() as rms] if (
                math.isfinite(mean) and 0 <= rms < math.inf
            ):
                found[str(name)] = (float(mean), float(rms))
            case _:
                raise CorruptFileError("its moments have a wrong form")
    return found
