"""`fit`: learn a model from files of a campaign, to be used for packing any number of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hepack._atomic import replacing
from hepack._errors import BadInputError
from hepack._version import __version__
from hepack.archive.ahead import workers
from hepack.archive.models import MODEL_VERSION, write_model
from hepack.codec.choose import Chooser
from hepack.codec.plan import Plan
from hepack.codec.recipe import Recipe
from hepack.container import ArchiveWriter, SectionKind, pack_json
from hepack.fitting import CAMPAIGN, CAMPAIGN_EVENTS, fit_table
from hepack.io import ReadOptions, open_source
from hepack.table import EventTable, split_table, splittable

MAX_SAMPLE_BYTES = 1 << 28


@dataclass(frozen=True)
class FitResult:
    """``bits``: for each learned item its bits per value by a plain coder and by the model."""

    path: str
    files: int
    n_events: tuple[int, ...]
    model_bytes: int
    bits: dict[str, tuple[float, float]]


def fit(
    sources: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    read: ReadOptions | None = None,
    format_id: str | None = None,
    overwrite: bool = False,
    checkpoint: Path | None = None,
) -> FitResult:
    """Learn a model from the first blocks of files with the same tables, and write it to a ``.hpm`` file.

    With the effort ``best`` and a folder ``checkpoint``, the state of training is stored there now and then, and
    the same fit, started again after it was cut off, goes on from it.

    Packing with it (``pack --model``) stores its digest instead of the model; unpacking needs the file.

    Raises:
        BadInputError: a file is damaged, of no known format, or has other tables than the first.
        BadRequestError: the recipe names unknown variables, or ``output`` exists.
    """
    recipe = recipe or Recipe()
    if not sources:
        raise BadInputError("no files to learn from")
    plan, tables = _samples([os.fspath(s) for s in sources], recipe, read or ReadOptions(), format_id)
    options = replace(CAMPAIGN, seconds=recipe.fit_seconds if recipe.effort == "best" else 0.0)
    target = Path(output)
    bits: dict[str, tuple[float, float]] = {}
    with (
        replacing(target, overwrite=overwrite) as temporary,
        temporary.open("wb") as handle,
        workers(recipe.threads) as pool,
    ):
        writer = ArchiveWriter(handle, MODEL_VERSION)
        writer.add(SectionKind.PLAN, pack_json(plan.to_json()), [], "plan")
        for number, table in enumerate(tables):
            chooser = Chooser(effort=recipe.effort)
            own = replace(options, checkpoint=checkpoint / f"table-{number}" if checkpoint else None)
            fitted = fit_table(table, events=CAMPAIGN_EVENTS, chooser=chooser, executor=pool, options=own)
            write_model(writer, number, fitted.own)
            bits |= {item.name: (item.plain_bits, item.bits) for item in fitted.own.items}
        writer.finish({"files": len(sources)})
        size = writer.position
    return FitResult(str(target), len(sources), tuple(len(table) for table in tables), size, bits)


def _samples(
    sources: list[str], recipe: Recipe, read: ReadOptions, format_id: str | None
) -> tuple[Plan, list[EventTable]]:
    """The plan of the first file, and about as much of each file: one table for each of the plan's."""
    plan: Plan | None = None
    parts: list[list[EventTable]] = []
    share = max(1 << 20, MAX_SAMPLE_BYTES // len(sources))
    for source in sources:
        with open_source(source, read, format_id=format_id) as opened:
            schemas = recipe.resolve(opened.contents.schemas)
            if plan is None:
                plan = Plan(
                    schemas=schemas, format=opened.contents.format, creator=f"hepack {__version__}",
                    splits=tuple(map(splittable, schemas)),
                )  # fmt: skip
                parts = [[EventTable.empty(schema)] for schema in plan.coded]
            if [s.variables for s in schemas] != [s.variables for s in plan.schemas]:
                raise BadInputError(f"'{source}' has other tables or variables than '{sources[0]}'")
            for number, (schema, coded) in enumerate(zip(plan.schemas, plan.coded, strict=True)):
                block = next(opened.blocks(number, max_bytes=share), None)
                if block is not None:
                    parts[number].append(split_table(replace(block, schema=schema), coded))
    assert plan is not None
    return plan, [EventTable.concatenate(blocks) for blocks in parts]
