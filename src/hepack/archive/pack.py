"""`pack`: an event file to a packed file, block by block."""

from __future__ import annotations

import itertools
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from hepack._atomic import refuse_same, replacing
from hepack._errors import BadInputError, BoundError, CannotCarryError
from hepack._version import __version__
from hepack.archive.ahead import ahead, side_by_side, workers
from hepack.archive.learn import Learned, learn
from hepack.archive.models import MODEL_VERSION, NETWORK_VERSION, model_size, write_model
from hepack.archive.networks import TableNetworks, find_networks
from hepack.archive.order import choose_order
from hepack.codec.block import EncodedBlock, encode_block
from hepack.codec.plan import Plan
from hepack.codec.recipe import Recipe
from hepack.container import ArchiveReader, ArchiveWriter, SectionKind, pack_json
from hepack.io import GroupingError, ReadOptions, Skipped, Source, open_source
from hepack.io.location import byte_size
from hepack.learned import TableModel
from hepack.table import EventTable, Order, Schema, split_table, splittable
from hepack.table.split import component_names

Progress = Callable[[int, int], None]
"""Called with the events done and the events in all."""


INSURANCE = 400
"""What a file cannot be read without is written twice where that costs less than this part of it."""


@dataclass(frozen=True)
class VariableSize:
    """What one item of a table cost: a variable, or the lengths of a collection."""

    table: str
    name: str
    role: str
    tolerance: str
    raw_bytes: int
    packed_bytes: float


@dataclass(frozen=True)
class PackResult:
    """What `pack` did. ``input_bytes`` is the file as it stands on disk, ``raw_bytes`` its columns; ``unbounded``:
    variables that come back without any bound."""

    source: str
    path: str
    n_events: tuple[int, ...]
    input_bytes: int
    raw_bytes: int
    packed_bytes: int
    seconds: float
    variables: tuple[VariableSize, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...] = ()
    unbounded: tuple[str, ...] = ()


def pack(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    read: ReadOptions | None = None,
    format_id: str | None = None,
    strict: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> PackResult:
    """Pack one event file (local path or fsspec URL) into ``output``.

    Every value is decoded and compared before it is written; the file gets its name only when all of
    it has been written, read back and found sound.

    Raises:
        BadInputError: the input is damaged or of no known format.
        CannotCarryError: with ``strict``, the input holds something that hepack cannot carry.
        BadRequestError: the recipe names unknown variables, or ``output`` exists.
    """
    recipe = recipe or Recipe()
    read = read or ReadOptions()
    target = Path(output)
    started = time.perf_counter()
    refuse_same(os.fspath(source), target)
    with replacing(target, overwrite=overwrite) as temporary:
        while True:
            try:
                result = _pack_once(os.fspath(source), temporary, recipe, read, format_id, strict, progress)
                break
            except GroupingError as error:
                read = replace(read, ungrouped=read.ungrouped | {error.collection})
        _check_written(temporary)
    return replace(result, path=str(target), seconds=time.perf_counter() - started)


def _pack_once(
    source: str,
    temporary: Path,
    recipe: Recipe,
    read: ReadOptions,
    format_id: str | None,
    strict: bool,
    progress: Progress | None,
) -> PackResult:
    with open_source(source, read, format_id=format_id) as opened, temporary.open("wb") as handle:
        contents = opened.contents
        if strict and contents.skipped:
            first = contents.skipped[0]
            raise CannotCarryError(
                f"'{source}' holds {len(contents.skipped)} things that hepack cannot carry, the first is "
                f"'{first.name}' ({first.reason}); drop --strict to go on without them"
            )
        networks = find_networks(opened, recipe.resolve(contents.schemas), recipe)
        schemas = tuple(found.schema for found in networks)
        learns = recipe.effort != "fast" or recipe.network is not None
        plan = Plan(
            schemas=schemas,
            format=contents.format,
            attributes=contents.attributes,
            skipped=contents.skipped,
            source={"name": Path(source).name, "bytes": byte_size(source)},
            creator=f"hepack {__version__}",
            splits=tuple(splittable(schema) if learns else () for schema in schemas),
            hidden=tuple(found.hidden for found in networks),
        )
        return _write(opened, plan, handle, source, recipe, networks, progress)


def _write(
    opened: Source, plan: Plan, handle: IO[bytes], source: str, recipe: Recipe,
    networks: Sequence[TableNetworks], progress: Progress | None,
) -> PackResult:  # fmt: skip
    writer = ArchiveWriter(handle, _version(plan, recipe))
    total = sum(opened.contents.n_events)
    done = 0
    models: dict[int, TableModel] = {}
    costs: dict[tuple[int, str, str], list[float]] = defaultdict(lambda: [0, 0.0])
    with workers(recipe.threads) as pool:
        plan, known = _ordered(opened, plan, recipe, pool)
        plan_header = pack_json(plan.to_json())
        writer.add(SectionKind.PLAN, plan_header, [], "plan")
        for number, schema in enumerate(plan.schemas):
            first = 0
            whole = {part: v.name for v in schema.variables for part in component_names(v)}
            found = networks[number]
            blocks = ahead(_prepared(opened, plan, number, recipe.block_bytes, found))
            if number in known:
                learned = known[number]
            else:
                fixed = found.model(plan.coded[number])
                blocks, learned = _learn(blocks, opened.contents.n_events[number], recipe, pool, fixed)
            found.write(writer, number)
            learned.write(writer, number)
            if learned.fitted.own.items:
                models[number] = learned.fitted.own
            # reading, coding and writing each run one block ahead of the next
            for encoded in ahead(_encode(blocks, learned, pool)):
                n_events = encoded.header["n"]
                header = pack_json({"t": number, "i": first, **encoded.header})
                writer.add(SectionKind.BLOCK, header, encoded.body, [number, first, n_events])
                for (role, name), sizes in encoded.item_bytes.items():
                    entry = costs[number, role, whole.get(name, name) if role == "values" else name]
                    entry[:] = [entry[0] + sizes[0], entry[1] + sizes[1]]
                first += n_events
                done += n_events
                if progress:
                    progress(done, total)
            if first != opened.contents.n_events[number]:
                raise BadInputError(
                    f"table '{schema.name}' of '{source}' promises {opened.contents.n_events[number]} events "
                    f"and gives {first}; the file is damaged"
                )
    if len(plan_header) * INSURANCE < writer.position:
        writer.add(SectionKind.PLAN, plan_header, [], "copy")
    for number, found in enumerate(networks):
        if found.nbytes * INSURANCE < writer.position:
            found.write(writer, number, copy=True)
    for number, model in models.items():
        if model_size(model) * INSURANCE < writer.position:
            write_model(writer, number, model, copy=True)
    writer.finish({"events": list(opened.contents.n_events)})
    variables = tuple(
        _size_of(plan.schemas[number], role, name, raw, kept)
        for (number, role, name), (raw, kept) in costs.items()
    )
    return PackResult(
        source=source,
        path="",
        n_events=opened.contents.n_events,
        input_bytes=int(plan.source["bytes"]),
        raw_bytes=sum(variable.raw_bytes for variable in variables),
        packed_bytes=handle.tell(),
        seconds=0.0,
        variables=variables,
        skipped=plan.skipped,
        notes=tuple(note for found in networks for note in found.notes),
        unbounded=plan.unbounded,
    )


def _version(plan: Plan, recipe: Recipe) -> int:
    if recipe.effort != "fast" or any(plan.splits):
        return MODEL_VERSION
    return NETWORK_VERSION if any(plan.hidden) else 1


def _ordered(opened: Source, plan: Plan, recipe: Recipe, pool: Executor) -> tuple[Plan, dict[int, Learned]]:
    """The plan with the orders that are smallest, if any may be left; and the tables learned on the way."""
    chosen = choose_order(opened, plan, recipe, pool) if recipe.frees_order else None
    if chosen is None:
        return plan, {}
    known = {chosen.number: chosen.learned} if chosen.learned is not None else {}
    orders = tuple(chosen.order if i == chosen.number else Order() for i in range(len(plan.schemas)))
    return replace(plan, orders=orders if chosen.order else ()), known


def _prepared(
    opened: Source, plan: Plan, number: int, block_bytes: int, networks: TableNetworks
) -> Iterator[EventTable]:
    """The blocks of a table with the tolerances of the plan, in its order, split as it says, with hidden columns."""
    schema, coded, order = plan.schemas[number], plan.coded[number], plan.order(number)
    shown = replace(coded, variables=coded.variables[: len(coded.variables) - len(networks.hidden)])
    for block in opened.blocks(number, max_bytes=block_bytes):
        yield networks.extended(split_table(order.apply(replace(block, schema=schema)), shown))


def _learn(
    blocks: Iterator[EventTable], events: int, recipe: Recipe, pool: Executor, fixed: TableModel
) -> tuple[Iterator[EventTable], Learned]:
    """The blocks again, and what the first of them taught."""
    start = next(blocks, None)
    again = itertools.chain([start] if start is not None else [], blocks)
    return again, learn(start, events, recipe, pool, fixed=fixed)


def _encode(blocks: Iterator[EventTable], learned: Learned, pool: Executor) -> Iterator[EncodedBlock]:
    """The blocks, encoded two at a time: a block's last columns may wait for its others, the next block's not."""
    if learned.first is not None:
        next(blocks)
        yield learned.first
    chooser, model = learned.chooser, learned.model
    yield from side_by_side(lambda block: encode_block(block, chooser, pool, model), blocks, 2)


def _size_of(schema: Schema, role: str, name: str, raw: float, kept: float) -> VariableSize:
    if role == "values" and name not in schema.by_name:  # a hidden column
        return VariableSize(schema.name, name, role, "", 0, kept)
    tolerance = str(schema.by_name[name].tolerance) if role == "values" else "lossless"
    return VariableSize(schema.name, name, role, tolerance, int(raw), kept)


def _check_written(path: Path) -> None:
    """Read the file back and compare every section's digest: what the disk holds is what was meant."""
    with path.open("rb") as handle:
        reader = ArchiveReader(handle, str(path))
        _, sections = reader.index()
        if not all(reader.verify(section) for section in sections):
            raise BoundError(f"'{path}' reads back different from what was written; the disk may be failing")
