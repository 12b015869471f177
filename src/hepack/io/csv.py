"""Comma-separated values and their relatives, with column types decided over the whole file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, ClassVar

from hepack._errors import BadInputError
from hepack.io.base import Contents, Format, ReadOptions, Sink, Source, WriteOptions
from hepack.io.csv_dialect import Dialect, sniff
from hepack.io.csv_types import ColumnType, convert
from hepack.io.csv_writer import CsvSink
from hepack.io.location import open_binary
from hepack.io.phenoml import looks_like_phenoml
from hepack.table import EventTable, Schema

_HEAD = 1 << 16
_SURVEY_TOKENS = 1 << 18
_BYTES_PER_TOKEN = 24
"""Of a Python string in a row, beyond what the array takes; keeps blocks near ``max_bytes``."""

_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13})


class CsvSource(Source):
    """An open CSV file; opening reads it once to settle the types."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            dialect, types, events = self._survey("utf-8")
        except UnicodeDecodeError:
            dialect, types, events = self._survey("latin-1")
        self.dialect = dialect
        pairs = [column.columns() for column in types]
        schema = Schema(
            "events",
            tuple(variable for _, variable in pairs),
            tuple(collection for collection, _ in pairs if collection is not None),
        )
        self.contents = Contents(
            format="csv", schemas=(schema,), n_events=(events,), attributes=dialect.attributes()
        )

    def _survey(self, encoding: str) -> tuple[Dialect, list[ColumnType], int]:
        """Dialect, column types and number of rows."""
        with open_binary(self.path) as handle:
            head = handle.read(_HEAD)
        check_text(head, self.path)
        if head.startswith(b"\xef\xbb\xbf"):
            encoding = "utf-8-sig"
        text = head.decode(encoding, "ignore" if len(head) == _HEAD else "strict")
        sniffed = sniff(text, self.path, encoding, complete=len(head) < _HEAD)
        dialect = replace(sniffed.dialect, final_line_end=_ends_line(self.path))
        types = [
            ColumnType(name, title) for name, title in zip(_unique(sniffed.names), sniffed.names, strict=True)
        ]
        events = 0
        for rows in self._rows(dialect, len(types), max(1, _SURVEY_TOKENS // len(types))):
            events += len(rows)
            for column, tokens in zip(types, zip(*rows, strict=True), strict=True):
                column.take(tokens)
        return dialect, types, events

    def _rows(self, dialect: Dialect, width: int, at_once: int) -> Iterator[list[list[str]]]:
        """Rows of events in lists of up to ``at_once``."""
        with (
            open_binary(self.path) as handle,
            io.TextIOWrapper(handle, encoding=dialect.encoding, newline="") as text,
        ):
            rows = dialect.rows(text, self.path, width)
            if dialect.header and not dialect.comment:
                next(rows, None)
            try:
                while chunk := list(islice(rows, at_once)):
                    yield chunk
            except OSError as error:
                raise BadInputError(f"cannot read '{self.path}': {error}") from error

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        schema = self.contents.schemas[table]
        width = len(schema.variables)
        at_once = max(1, max_bytes // (width * _BYTES_PER_TOKEN))
        for rows in self._rows(self.dialect, width, at_once):
            offsets, columns = {}, {}
            for variable, tokens in zip(schema.variables, zip(*rows, strict=True), strict=True):
                try:
                    cuts, columns[variable.name] = convert(tokens, variable)
                except (ValueError, OverflowError) as error:
                    raise BadInputError(f"'{self.path}' changed while it was read: {error}") from error
                if cuts is not None:
                    offsets[variable.axis] = cuts
            yield EventTable(schema, len(rows), offsets, columns)


def check_text(head: bytes, path: str) -> None:
    """Refuse what cannot be text.

    Raises:
        BadInputError: there are control characters.
    """
    if head.translate(None, delete=_CONTROL) != head:
        raise BadInputError(f"'{path}' is not CSV: it holds control characters, so it is no text")


def _ends_line(path: str) -> bool:
    with open_binary(path) as handle:
        if handle.seek(0, 2) == 0:
            return True
        handle.seek(-1, 2)
        return handle.read(1) == b"\n"


def _unique(titles: tuple[str, ...]) -> list[str]:
    """Titles as names: none empty, none twice."""
    names: list[str] = []
    for index, title in enumerate(titles, 1):
        base = name = title or f"column_{index}"
        suffix = 2
        while name in names or (name != title and name in titles):
            name, suffix = f"{base}_{suffix}", suffix + 1
        names.append(name)
    return names


class CsvFormat(Format):
    """Delimited text."""

    id: ClassVar[str] = "csv"
    title: ClassVar[str] = "CSV"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".dat")

    def recognises(self, path: str, head: bytes) -> bool:
        if not path.lower().endswith(self.suffixes) or looks_like_phenoml(head):
            return False
        return head.translate(None, delete=_CONTROL) == head

    def open(self, path: str, options: ReadOptions) -> Source:
        return CsvSource(path)

    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        return CsvSink(path, Dialect.from_attributes(attributes))
