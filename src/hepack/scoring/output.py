"""Files of scores."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hepack._atomic import refuse_same, replacing
from hepack.io import WriteOptions, format_for_output
from hepack.scoring.files import ScoredFile
from hepack.table import EVENTS, Collection, EventTable, Schema, Variable, offsets_from_counts


def write_scores(
    scored: Sequence[ScoredFile], output: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a ROOT, Parquet, HDF5, CSV or numpy file, by the name of ``output``, with a row for each event.

    Columns: ``file`` (its number among the inputs), ``entry`` (the event's place in it), what numbers events in all
    the files (run, event ...), for each method ``score_<method>`` and ``p_<method>``, and where there are such
    ``from_<method>_<variable>``, and for objects the collections with ``<collection>_score_<method>``.

    Raises:
        BadRequestError: ``output`` exists or is an input.
    """
    for one in scored:
        refuse_same(one.path, output)
    table = scores_table(scored)
    target = format_for_output(os.fspath(output))
    with (
        replacing(Path(output), overwrite=overwrite, durable=False) as temporary,
        target.create(str(temporary), {}, WriteOptions()) as sink,
    ):
        sink.begin(table.schema, len(table))
        sink.write(table)


def scores_table(scored: Sequence[ScoredFile]) -> EventTable:
    """What `write_scores` writes."""
    columns: dict[str, NDArray[np.generic]] = {
        "file": np.repeat(np.arange(len(scored), dtype=np.int32), [len(one) for one in scored]),
        "entry": np.concatenate([np.arange(len(one), dtype=np.int64) for one in scored]),
    }
    for name in scored[0].identity:
        if all(name in one.identity for one in scored) and name not in columns:
            columns[name] = np.concatenate([one.identity[name] for one in scored])
    for method in scored[0].scores:
        columns[f"score_{method}"] = np.concatenate([one.scores[method] for one in scored]).astype(np.float32)
        columns[f"p_{method}"] = np.concatenate([one.p_values[method] for one in scored])
    for label in scored[0].contributions:
        name = re.sub(r"\W+", "_", f"from_{label}").strip("_")
        columns[name] = np.concatenate([one.contributions[label] for one in scored]).astype(np.float32)
    variables = [_variable(name, values, EVENTS) for name, values in columns.items()]
    offsets: dict[str, NDArray[np.int64]] = {}
    for collection, first in scored[0].objects.items():
        parts = [one.objects[collection] for one in scored]
        offsets[collection] = offsets_from_counts(np.concatenate([part[""] for part in parts]))
        for method in filter(None, first):
            name = f"{collection}_score_{method}"
            columns[name] = np.concatenate([part[method] for part in parts]).astype(np.float32)
            variables.append(_variable(name, columns[name], collection))
    collections = tuple(Collection(name=name, counter=f"n{name}") for name in offsets)
    schema = Schema("scores", tuple(variables), collections)
    return EventTable(schema, len(columns["entry"]), offsets, columns)


def _variable(name: str, values: NDArray[np.generic], axis: str) -> Variable:
    kind = "continuous" if values.dtype.kind == "f" else "integer"
    return Variable(name=name, dtype=values.dtype, axis=axis, kind=kind)  # type: ignore[arg-type]
