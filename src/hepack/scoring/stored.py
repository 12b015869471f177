"""Detectors by code length in a file: a ``.hpm`` model file with one more section, of the kind SCORES.

Its header is JSON: ``{"methods": [...], "marginals": [[role, name, histogram], ...], "moments": {method: {name:
[mean, rms]}}, "parts": {method: [...]}, "scores": {method: [...]}}``. ``parts`` are the ascending reference scores of
what ``combined`` combines; their moments stand among ``moments``. Readers that know nothing of the section skip it,
so that the file also serves ``hepack pack --model``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hepack._atomic import replacing
from hepack._errors import BadInputError, BadRequestError, CorruptFileError
from hepack._version import __version__
from hepack.archive.models import MODEL_VERSION, ModelFile, write_model
from hepack.codec.plan import Plan
from hepack.container import ArchiveWriter, SectionKind, check, pack_json, unpack_json
from hepack.learned import Key
from hepack.scoring.bits import BIT_METHODS, PARTS, BitScorer, Combined
from hepack.scoring.calibration import FEWEST
from hepack.scoring.detector import Detector, DetectorRecipe
from hepack.scoring.lengths import CodeLengths
from hepack.scoring.marginal import Floats, Marginal
from hepack.scoring.scores import Scorer

MAX_SCORES = 1 << 21
"""Reference scores of a method in a file."""


def save_detector(detector: Detector, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a detector whose methods are all by code length.

    Raises:
        BadRequestError: it has others, or the file exists.
    """
    check_storable(detector.recipe.methods)
    coder = detector.coder
    assert coder is not None
    combined = detector.scorers.get("combined")
    parts = combined if isinstance(combined, Combined) else None
    sums = [scorer for scorer in detector.scorers.values() if isinstance(scorer, BitScorer)]
    value = {
        "methods": list(detector.recipe.methods),
        "marginals": [[*key, histogram.to_json()] for key, histogram in coder.marginals.items()],
        "moments": {
            scorer.method: {name: list(pair) for name, pair in scorer.moments.items()}
            for scorer in (*sums, *(parts.parts if parts else ()))
        },
        "parts": dict(zip(PARTS, (_thinned(a) for a in parts.references), strict=True)) if parts else {},
        "scores": {m: _thinned(values) for m, values in detector.reference.items()},
    }
    plan = Plan(schemas=(coder.schema,), creator=f"hepack {__version__}")
    with replacing(Path(path), overwrite=overwrite) as temporary, temporary.open("wb") as handle:
        writer = ArchiveWriter(handle, MODEL_VERSION)
        writer.add(SectionKind.PLAN, pack_json(plan.to_json()), [], "plan")
        write_model(writer, 0, coder.model)
        writer.add(SectionKind.SCORES, pack_json(value), [], "scores")
        writer.finish({"files": 1})


def check_storable(methods: Sequence[str]) -> None:
    """Refuse methods that a model file cannot hold.

    Raises:
        BadRequestError: there is one.
    """
    for method in methods:
        if method not in BIT_METHODS:
            raise BadRequestError(
                f"the score '{method}' cannot be kept in a model file; choose among {', '.join(BIT_METHODS)}"
            )


def load_detector(path: str | os.PathLike[str]) -> Detector:
    """Undo `save_detector`; the reference events themselves are not there.

    Raises:
        BadInputError: the file has no scores. CorruptFileError, LimitError: it is damaged.
    """
    with ModelFile(path) as file:
        header = file.scores
        found = file.find(file.schemas[0].name)
    if header is None or found is None:
        raise BadInputError(
            f"'{os.fspath(path)}' holds a model but no reference scores; give the reference with --reference"
        )
    model = found[1]
    match unpack_json(header, "the scores of a model"):
        case {
            "methods": [*methods], "marginals": [*rows], "moments": dict(moments), "parts": dict(parts),
            "scores": dict(scores),
        }:  # fmt: skip
            pass
        case _:
            raise _damaged(path)
    try:
        recipe = DetectorRecipe(methods=tuple(methods))
        check_storable(methods)
    except (BadRequestError, TypeError) as error:
        raise CorruptFileError(f"'{os.fspath(path)}' holds unknown scores: {error}") from None
    marginals: dict[Key, Marginal] = {}
    for row in rows:
        match row:
            case [str(role), str(name), histogram]:
                marginals[role, name] = Marginal.from_json(histogram)
            case _:
                raise _damaged(path)
    needed = {m for method in recipe.methods for m in (PARTS if method == "combined" else (method,))}
    if set(marginals) != set(model.by_key) or not needed <= set(moments) or not set(methods) <= set(scores):
        raise _damaged(path)
    coder = CodeLengths(model, marginals)
    sums = {method: BitScorer(method, _moments(moments[method], path)) for method in needed}
    scorers: dict[str, Scorer] = {method: sums[method] for method in recipe.methods if method in sums}
    if "combined" in methods:
        references = tuple(np.sort(_numbers(parts.get(part), path)) for part in PARTS)
        scorers["combined"] = Combined(tuple(sums[part] for part in PARTS), references)
    reference = {method: _numbers(scores[method], path) for method in recipe.methods}
    return Detector(recipe, coder, None, scorers, None, reference)


def _thinned(scores: Floats) -> list[float]:
    """All of the scores, or evenly many of them, ascending."""
    ordered = np.sort(scores)
    if len(ordered) > MAX_SCORES:
        ordered = ordered[np.linspace(0, len(ordered) - 1, MAX_SCORES).astype(np.int64)]
    found: list[float] = ordered.tolist()
    return found


def _moments(value: Any, path: str | os.PathLike[str]) -> dict[str, tuple[float, float]]:
    found = {}
    for name, pair in value.items() if isinstance(value, dict) else [("", None)]:
        match pair:
            case [float() | int() as mean, float() | int() as rms] if (
                math.isfinite(mean) and 0 <= rms < math.inf
            ):
                found[str(name)] = (float(mean), float(rms))
            case _:
                raise _damaged(path)
    return found


def _numbers(value: Any, path: str | os.PathLike[str]) -> Floats:
    if not isinstance(value, list) or not all(type(v) in (float, int) and math.isfinite(v) for v in value):
        raise _damaged(path)
    check(len(value), MAX_SCORES, "the number of reference scores")
    if len(value) < FEWEST:
        raise _damaged(path)
    return np.array(value, np.float64)


def _damaged(path: str | os.PathLike[str]) -> CorruptFileError:
    return CorruptFileError(f"the reference scores in '{os.fspath(path)}' have a wrong form")
