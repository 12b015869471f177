"""Pickled pandas frames and NumPy arrays, read on request and without running the pickle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from hepack._errors import BadInputError, BadRequestError
from hepack.io.base import Contents, Format, ReadOptions, Sink, Skipped, Source, WriteOptions
from hepack.io.location import byte_size, open_binary
from hepack.io.pickle_tables import Column, Frame, frames
from hepack.io.records import Records
from hepack.io.strings import join_text, text_column
from hepack.io.unpickler import load_records
from hepack.table import Collection, EventTable, Schema, Variable, offsets_from_counts

_SAMPLE_EVENTS = 1024

_LARGEST = 8 << 30
"""Bytes; a pickle has to be read as a whole."""


class PickleSource(Source):
    """A pickle in memory."""

    def __init__(self, path: str) -> None:
        size = byte_size(path)
        if size > _LARGEST:
            raise BadInputError(f"'{path}' has {size} bytes, over the cap of {_LARGEST} for a pickle")
        with open_binary(path) as handle:
            record = load_records(handle.read(), f"'{path}'")
        self._frames = frames(record, f"'{path}'")
        self._plans: list[dict[str, Records | None]] = []
        skipped: list[Skipped] = []
        schemas = tuple(self._schema(frame, skipped) for frame in self._frames)
        if not any(schema.variables for schema in schemas):
            reasons = "; ".join(f"{item.name}: {item.reason}" for item in skipped)
            raise BadInputError(f"'{path}' holds nothing that fits a table ({reasons})")
        self.contents = Contents(
            format="pickle",
            schemas=schemas,
            n_events=tuple(frame.n_events for frame in self._frames),
            skipped=tuple(skipped),
        )

    def _schema(self, frame: Frame, skipped: list[Skipped]) -> Schema:
        skipped += frame.skipped
        plans: dict[str, Records | None] = {}
        variables: list[Variable] = []
        collections: list[Collection] = []
        for name, column in frame.columns.items():
            if isinstance(column, list):
                plans[name] = None
                inside, variable = _text_plan(name, missing=None in column)
                collections += inside
                variables.append(variable)
                continue
            prefix = "" if column.dtype.names and len(frame.columns) == 1 else name
            sample = column[:_SAMPLE_EVENTS]
            records = Records(column.dtype, column.shape[1:], name=prefix, sample=lambda: sample)  # noqa: B023
            skipped += records.skipped
            plans[name] = records
            collections += records.collections
            variables += records.variables
        self._plans.append(plans)
        return Schema(frame.name, tuple(variables), tuple(collections))

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        frame, schema, plans = self._frames[table], self.contents.schemas[table], self._plans[table]
        start, step = 0, max(1, min(frame.n_events, max_bytes // (16 * len(schema.variables) or 1)))
        while start < frame.n_events:
            stop = min(start + step, frame.n_events)
            offsets: dict[str, Any] = {}
            columns: dict[str, Any] = {}
            for name, column in frame.columns.items():
                cuts, found = _pieces(name, column[start:stop], plans[name], schema)
                offsets |= cuts
                columns |= found
            block = EventTable(schema, stop - start, offsets, columns)
            step = max(1, max_bytes * (stop - start) // max(1, block.nbytes))
            start = stop
            yield block


def _text_plan(name: str, *, missing: bool) -> tuple[list[Collection], Variable]:
    if not missing:
        collection, variable = text_column(name)
        return [collection], variable
    inner = Collection(name=f"{name}[]", parent=name, layout="text")
    variable = Variable(name=name, dtype=np.dtype("u1"), axis=inner.name, kind="text")
    return [Collection(name=name, layout="option"), inner], variable


def _pieces(
    name: str, column: Column, records: Records | None, schema: Schema
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Offsets and columns of some rows of one column."""
    if records is not None and isinstance(column, np.ndarray):
        return records.take(column)
    texts = [text for text in column if text is not None]
    cuts, data = join_text(texts)
    axis = schema.by_name[name].axis
    if axis == name:
        return {name: cuts}, {name: data}
    present = np.fromiter((text is not None for text in column), np.int64, len(column))
    return {name: offsets_from_counts(present), axis: cuts}, {name: data}


class PickleFormat(Format):
    """Python pickles; read only."""

    id: ClassVar[str] = "pickle"
    title: ClassVar[str] = "pickle"
    suffixes: ClassVar[tuple[str, ...]] = (".pkl", ".pickle")

    def recognises(self, path: str, head: bytes) -> bool:
        binary = head[:1] == b"\x80" and len(head) > 1 and head[1] in range(2, 6)
        return binary or (path.lower().endswith(self.suffixes) and head[:1] in b"(]}cX")

    def open(self, path: str, options: ReadOptions) -> Source:
        if not options.allow_pickle:
            raise BadRequestError(
                f"'{path}' is a pickle, which is read only on request: pass --allow-pickle "
                f"(hepack reads its data without running it, and refuses all but NumPy and pandas data)"
            )
        return PickleSource(path)

    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        raise BadRequestError(f"hepack does not write pickles; name '{path}' .parquet or .npz instead")
