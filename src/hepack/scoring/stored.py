"""Detectors in a file: a ``.hpm`` model file with one more section, of the kind SCORES (``docs/scores.md``).

Readers that know nothing of the section skip it, so that the file also serves ``hepack pack --model``: with the model
of the code lengths, or with none where no method uses them. Everything is JSON and arrays of numbers; nothing in a
file is executed.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hepack._atomic import replacing
from hepack._errors import BadInputError, BadRequestError, CorruptFileError
from hepack._version import __version__
from hepack.archive.models import MODEL_VERSION, ModelFile, write_model
from hepack.codec.plan import Plan
from hepack.container import ArchiveWriter, SectionKind, pack_json, unpack_json
from hepack.learned import TableModel
from hepack.scoring.bits import BIT_METHODS
from hepack.scoring.calibration import FEWEST
from hepack.scoring.detector import Detector, DetectorRecipe
from hepack.scoring.pieces import Floats, Pieces, floats_piece
from hepack.scoring.scores import Scorer
from hepack.scoring.stored_bits import bits_from_parts, bits_to_parts
from hepack.scoring.stored_rows import rows_from_parts, rows_to_parts

MAX_SCORES = 1 << 21
"""Reference scores of a method in a file."""

MAX_QUANTITIES = 64


def save_detector(
    detector: Detector, path: str | os.PathLike[str], *, quantities: Sequence[str] = (), overwrite: bool = False
) -> None:  # fmt: skip
    """Write a detector: its methods and their calibration, not the reference events themselves; of these only the named
    ``quantities``, from which the loaded detector can then decorrelate.

    Raises:
        BadRequestError: the file exists, or there is no such quantity.
    """
    methods = detector.recipe.methods
    pieces = [floats_piece(_thinned(detector.reference[method])) for method in methods]
    pieces += [floats_piece(_thinned(values)) for values in detector.quantities(quantities)]
    bits, arrays = bits_to_parts(detector)
    rows, more = rows_to_parts(detector)
    pieces += [*(floats_piece(_thinned(scores)) for scores in arrays), *more]
    body = b"".join(pieces)
    value = {
        "methods": list(methods), "quantities": list(quantities), "lengths": [len(piece) for piece in pieces],
        "c": zlib.crc32(body), "bits": bits, "rows": rows,
    }  # fmt: skip
    model = _model(detector)
    plan = Plan(schemas=(model.schema,), creator=f"hepack {__version__}")
    with replacing(Path(path), overwrite=overwrite) as temporary, temporary.open("wb") as handle:
        writer = ArchiveWriter(handle, MODEL_VERSION)
        writer.add(SectionKind.PLAN, pack_json(plan.to_json()), [], "plan")
        write_model(writer, 0, model)
        writer.add(SectionKind.SCORES, pack_json(value), [body], "scores")
        writer.finish({"files": 1})


def load_detector(path: str | os.PathLike[str]) -> Detector:
    """Undo `save_detector`; the reference events themselves are not there.

    Raises:
        BadInputError: the file has no scores. CorruptFileError, LimitError: it is damaged.
    """
    with ModelFile(path) as file:
        section = file.scores()
        found = file.find(file.schemas[0].name)
    if section is None or found is None:
        raise BadInputError(
            f"'{os.fspath(path)}' holds a model but no reference scores; give the reference with --reference"
        )
    try:
        return _detector(unpack_json(section[0], "the scores of a model"), section[1], found[1])
    except CorruptFileError as error:
        raise type(error)(f"the detector in '{os.fspath(path)}' cannot be read: {error}") from None


def _detector(value: Any, body: bytes, model: TableModel) -> Detector:
    match value:
        case {
            "methods": [*methods], "quantities": [*names], "lengths": lengths, "c": int(crc), "bits": bits,
            "rows": rows,
        } if len(names) <= MAX_QUANTITIES and all(type(name) is str for name in names):  # fmt: skip
            pass
        case _:
            raise CorruptFileError("its header has a wrong form")
    if zlib.crc32(body) != crc:
        raise CorruptFileError("its arrays are damaged")
    try:
        recipe = DetectorRecipe(methods=tuple(methods))
    except (BadRequestError, TypeError) as error:
        raise CorruptFileError(f"it has unknown scores: {error}") from None
    pieces = Pieces(body, lengths)
    reference = {method: _scores(pieces) for method in recipe.methods}
    kept = {name: pieces.vector(MAX_SCORES, finite=False) for name in names}
    if len({len(array) for array in (*reference.values(), *kept.values())}) != 1:
        raise CorruptFileError("it has other numbers of events for some of its scores")
    coder, scorers = bits_from_parts(bits, recipe.methods, model, lambda: np.sort(_scores(pieces)))
    summary, others = rows_from_parts(rows, recipe.methods, pieces)
    pieces.finish()
    made: dict[str, Scorer] = {**scorers, **others}
    if set(made) != set(recipe.methods):
        raise CorruptFileError("it has no model of some of its scores")
    return Detector(recipe, coder, summary, made, None, reference, kept)


def _model(detector: Detector) -> TableModel:
    """That of the code lengths, or one without items of the columns that are scored."""
    if detector.coder is not None and set(detector.recipe.methods) & set(BIT_METHODS):
        return detector.coder.model
    assert detector.summary is not None
    return TableModel(detector.summary.schema, ())


def _thinned(values: Floats) -> Floats:
    """All numbers, or evenly many of them: the same events of every array."""
    if len(values) <= MAX_SCORES:
        return values
    return values[np.linspace(0, len(values) - 1, MAX_SCORES).astype(np.int64)]


def _scores(pieces: Pieces) -> Floats:
    found = pieces.vector(MAX_SCORES)
    if len(found) < FEWEST:
        raise CorruptFileError("it has too few reference scores")
    return found
