"""The part of a stored detector that is about rows of equal length: how they are made, baselines and nets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hepack._errors import BadRequestError, CorruptFileError
from hepack.codec.plan import Plan
from hepack.container import check
from hepack.scoring.baselines import Forest, Mahalanobis
from hepack.scoring.detector import ROW_METHODS, Detector
from hepack.scoring.flat import MAX_COLUMNS, Summary
from hepack.scoring.networks import LATENTS, NET_METHODS, Latent, Residual
from hepack.scoring.pieces import Pieces, floats_piece
from hepack.scoring.rownet import RowNet
from hepack.scoring.scores import Scorer

BASELINES: dict[str, type[Mahalanobis] | type[Forest]] = {"mahalanobis": Mahalanobis, "forest": Forest}


def rows_to_parts(detector: Detector) -> tuple[dict[str, Any] | None, list[bytes]]:
    """JSON (None: no method needs rows), and arrays: of the rows, the baselines, the nets, the scores by nets."""
    summary = detector.summary
    if summary is None or not set(detector.recipe.methods) & set(ROW_METHODS):
        return None, []
    baselines: dict[str, Any] = {}
    nets: dict[str, Any] = {}
    arrays: list[bytes] = []
    pieces = [floats_piece(summary.centres)]
    for method in detector.recipe.methods:
        scorer = detector.scorers[method]
        if isinstance(scorer, Mahalanobis | Forest):
            baselines[method], found = scorer.to_parts()
            pieces += found
    for method in detector.recipe.methods:
        scorer = detector.scorers[method]
        if isinstance(scorer, Residual | Latent):
            arrays.append(floats_piece(scorer.resolution if isinstance(scorer, Residual) else scorer.centre))
            if kind_of(method) not in nets:
                nets[kind_of(method)], found = scorer.net.to_parts()
                pieces += found
    plan = Plan(schemas=(summary.schema,)).to_json()
    value = {"plan": plan, "leading": summary.leading, "baselines": baselines, "nets": nets}
    return value, pieces + arrays


def rows_from_parts(
    value: Any, methods: Sequence[str], pieces: Pieces
) -> tuple[Summary | None, dict[str, Scorer]]:
    """Undo `rows_to_parts`.

    Raises:
        CorruptFileError, LimitError: the parts are none that it makes.
    """
    wanted = [method for method in methods if method in ROW_METHODS]
    match value:
        case {"plan": plan, "leading": int(leading), "baselines": dict(baselines), "nets": dict(values)} if (
            wanted
        ):
            pass
        case None if not wanted:
            return None, {}
        case _:
            raise CorruptFileError("its rows have a wrong form")
    summary = _summary(plan, leading, pieces)
    columns = len(summary.names)
    scorers: dict[str, Scorer] = {
        method: BASELINES[method].from_parts(baselines.get(method), pieces, columns)
        for method in wanted
        if method in BASELINES
    }
    by_nets = [method for method in wanted if method in NET_METHODS]
    nets = {
        kind: RowNet.from_parts(values.get(kind), pieces, columns)
        for kind in dict.fromkeys(map(kind_of, by_nets))
    }
    for method in by_nets:
        net, array = nets[kind_of(method)], pieces.floats(columns)
        if net.variational != (method in LATENTS) or (method not in LATENTS and (array <= 0).any()):
            raise CorruptFileError(f"its net is none for the score '{method}'")
        scorers[method] = Latent(method, net, array) if method in LATENTS else Residual(method, net, array)
    return summary, scorers


def kind_of(method: str) -> str:
    """Which of its nets a method uses."""
    return "variational" if method in LATENTS else "plain"


def _summary(plan: Any, leading: int, pieces: Pieces) -> Summary:
    schemas = Plan.from_json(plan).schemas
    check(leading, MAX_COLUMNS, "the number of leading objects")
    if len(schemas) != 1 or any(v.shape or v.kind == "text" for v in schemas[0].variables):
        raise CorruptFileError("its rows are made of what are no numbers")
    try:
        bare = Summary.bare(schemas[0], leading)
    except BadRequestError as error:
        raise CorruptFileError(str(error)) from None
    return bare.centred(pieces.floats(len(bare.names)))
