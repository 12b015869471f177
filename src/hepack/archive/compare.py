"""`compare`: two files of any formats into one `Comparison`: physics, tests and cost."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from hepack.archive.cost import measure_cost
from hepack.archive.readable import EventFile, FileTable, shared_tables
from hepack.codec.recipe import Recipe
from hepack.evaluate.compare import compare_tables
from hepack.evaluate.results import Comparison, TableComparison
from hepack.evaluate.settings import Settings
from hepack.evaluate.setup import Promises
from hepack.io import ReadOptions

Progress = Callable[[str, int, int], None]


def compare(
    original: str | os.PathLike[str], other: str | os.PathLike[str], *, settings: Settings | None = None,
    recipe: Recipe | None = None, read: ReadOptions | None = None, format_id: str | None = None,
    progress: Progress | None = None,
) -> Comparison:  # fmt: skip
    """Compare two files of the same events, or two samples.

    The promises are those of ``recipe``, else those that a packed ``other`` makes in its plan. ``format_id`` is
    that of the original, where its name and content do not tell.

    Raises:
        BadInputError: a file is damaged or of no known format.
        BadRequestError: the recipe or a setting names what is not there; or two packed files do not keep the
            order of events, each in its own way.
    """
    begun, cpu = time.perf_counter(), time.process_time()
    settings = settings or Settings()
    one, two = EventFile(original, read, format_id), EventFile(other, read)
    pairs, lone = shared_tables(one, two)
    promises = _promises(pairs, two, recipe)
    found: list[TableComparison] = []
    for (left, right), promised in zip(pairs, promises, strict=True):
        if (
            settings.mode != "samples"
            and left.file.n_events[left.number] == right.file.n_events[right.number]
        ):
            left.follow(right)
        result = compare_tables(left, right, settings, promised, progress)
        found.append(replace(result, original=left.info, other=right.info))
    cost = measure_cost(one, two)
    notes = [f"table '{name}' of the original is not in the other file" for name in lone]
    seconds = time.perf_counter() - begun
    notes.append(f"the comparison took {seconds:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
    memory = peak_memory()
    return Comparison(
        tables=tuple(found), cost=replace(cost, peak_memory=memory), seconds=seconds, peak_memory=memory,
        notes=tuple(notes),
    )  # fmt: skip


def _promises(
    pairs: list[tuple[FileTable, FileTable]], other: EventFile, recipe: Recipe | None
) -> list[Promises]:
    if recipe is not None:
        resolved = recipe.resolve([left.schema for left, _ in pairs])
        return [{v.name: (v.tolerance, "asked for") for v in schema.variables} for schema in resolved]
    if other.packed:
        return [
            {v.name: (v.tolerance, "by the packed file") for v in right.schema.variables}
            for _, right in pairs
        ]
    return [{} for _ in pairs]


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
