"""`reduce`: an ordinary file of the same events, rounded so that ordinary compressors do well.

Each lossy value is replaced by the number within its tolerance that has the fewest mantissa bits:
the low bits become zero, which zlib, zstd and LZMA remove. The file needs no hepack to be read.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._atomic import refuse_same, replacing
from hepack._errors import BadRequestError, BoundError
from hepack.archive.ahead import ahead
from hepack.archive.pack import Progress
from hepack.codec.recipe import Recipe
from hepack.io import (
    Format,
    GroupingError,
    ReadOptions,
    Source,
    WriteOptions,
    format_for_output,
    get_format,
    open_source,
)
from hepack.io.location import byte_size
from hepack.table import EventTable, Tolerance, Variable
from hepack.transforms import MANTISSA_BITS, OrderedBits, sentinels


@dataclass(frozen=True)
class ReduceResult:
    """What `reduce` wrote; ``rounded`` are the variables that were rounded, with their tolerances."""

    source: str
    path: str
    format: str
    n_events: tuple[int, ...]
    input_bytes: int
    output_bytes: int
    rounded: tuple[tuple[str, str], ...]
    skipped: tuple[str, ...]


def reduce(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    recipe: Recipe,
    *,
    to: str | None = None,
    read: ReadOptions | None = None,
    options: WriteOptions | None = None,
    format_id: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ReduceResult:
    """Round the events of ``source`` to the recipe's tolerances and write them to ``output``.

    Every rounded value is compared with the original before it is written.

    Raises:
        BadInputError, BadRequestError: as `pack` and `unpack` do.
    """
    if recipe.frees_order:
        raise BadRequestError(
            "an ordinary file keeps the order of its events and objects; only packing may drop it"
        )
    name, target = os.fspath(source), os.fspath(output)
    read = read or ReadOptions()
    form = get_format(to) if to else format_for_output(target)
    refuse_same(name, target)
    while True:
        try:
            opened = open_source(name, read, format_id=format_id)
            with opened, replacing(Path(target), overwrite=overwrite) as temporary:
                result = _write(opened, temporary, form, recipe, options or WriteOptions(), progress)
            return replace(result, source=name, path=target, input_bytes=byte_size(name))
        except GroupingError as error:
            read = replace(read, ungrouped=read.ungrouped | {error.collection})


def _write(
    opened: Source,
    temporary: Path,
    form: Format,
    recipe: Recipe,
    options: WriteOptions,
    progress: Progress | None,
) -> ReduceResult:
    contents = opened.contents
    schemas = recipe.resolve(contents.schemas)
    attributes = contents.attributes if form.id == contents.format else {}
    total, done = sum(contents.n_events), 0
    with form.create(str(temporary), attributes, options) as sink:
        for number, schema in enumerate(schemas):
            sink.begin(schema, contents.n_events[number])
            for block in ahead(opened.blocks(number, max_bytes=recipe.block_bytes)):
                sink.write(round_block(replace(block, schema=schema)))
                done += len(block)
                if progress:
                    progress(done, total)
    lossy = [(v.name, str(v.tolerance)) for s in schemas for v in s.variables if not v.tolerance.is_lossless]
    return ReduceResult(
        source="",
        path="",
        format=form.id,
        n_events=contents.n_events,
        input_bytes=0,
        output_bytes=temporary.stat().st_size,
        rounded=tuple(lossy),
        skipped=tuple(f"{item.name} ({item.reason})" for item in contents.skipped),
    )


def round_block(block: EventTable) -> EventTable:
    """The block with every lossy column rounded; the others as they are."""
    columns = {v.name: round_column(block.columns[v.name], v) for v in block.schema.variables}
    return replace(block, columns=columns)


def round_column(values: NDArray[Any], variable: Variable) -> NDArray[Any]:
    """Values of any shape, rounded to few mantissa bits within the variable's tolerance.

    A value that rounding would take out of tolerance (NaN, infinities and -0.0 included) stays as it is,
    and so does a sentinel; with an absolute tolerance no value leaves the range of the originals.
    """
    tolerance = variable.tolerance
    if tolerance.is_lossless or not values.size:
        return values
    flat = np.ascontiguousarray(values).reshape(-1)
    rounded = _round(flat, tolerance)
    finite = np.isfinite(flat)
    if tolerance.mode == "absolute" and finite.any():
        rounded = np.clip(rounded, flat[finite].min(), flat[finite].max())
    keep = tolerance.violated(flat, rounded, period=variable.period)
    keep |= np.isin(flat, sentinels(flat[finite], lambda part: _round(part, tolerance)))
    rounded = np.where(keep, flat, rounded)
    if tolerance.violated(flat, rounded, period=variable.period).any():
        raise BoundError(f"'{variable.name}' cannot be rounded within {tolerance}")
    return rounded.reshape(values.shape)


def _round(flat: NDArray[Any], tolerance: Tolerance) -> NDArray[Any]:
    """To a multiple of the largest power of two, or to the fewest mantissa bits, that keep the bound."""
    if tolerance.mode == "absolute":
        step = math.ldexp(1.0, min(math.floor(math.log2(tolerance.value)) + 1, 1023))
        with np.errstate(all="ignore"):
            return (np.rint(flat.astype(np.float64) / step) * step).astype(flat.dtype)
    keep = tolerance.value if tolerance.mode == "mantissa" else math.ceil(-math.log2(tolerance.value)) - 1
    grid = OrderedBits(max(0, MANTISSA_BITS[flat.dtype.itemsize] - max(0, int(keep))))
    return grid.inverse(grid.forward(flat), flat.dtype)
