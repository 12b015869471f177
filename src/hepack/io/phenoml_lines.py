"""Lines of PhenoML taken apart into columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.io.numerals import find_spelling, read_float, read_floats
from hepack.io.strings import join_text
from hepack.table import EventTable, Schema, offsets_from_counts

FIELDS = ("event_id", "process", "weight", "MET", "METphi")
OBJECT_FIELDS = ("object", "E", "pt", "eta", "phi")
OBJECTS = "Object"


class EventLines:
    """Events taken apart into columns of tokens; ``first`` is the number of the first line."""

    def __init__(self, path: str, first: int) -> None:
        self.path, self.first = path, first
        self.events: list[list[str]] = []
        self.numbers: list[int] = []
        self.counts: list[int] = []
        self.objects: list[str] = []

    def take(self, lines: list[str]) -> None:
        for number, line in enumerate(lines, self.first):
            fields = line.strip().removesuffix(";").split(";")
            if len(fields) < len(FIELDS):
                if not line.strip():
                    continue
                raise self._error(number, f"{len(fields)} fields where an event has at least {len(FIELDS)}")
            self.events.append(fields[:5])
            self.numbers.append(number)
            self.counts.append(len(fields) - 5)
            self.objects += fields[5:]

    def _error(self, line: int, what: str) -> BadInputError:
        return BadInputError(f"'{self.path}' line {line}: {what}; expected PhenoML text")

    def _line_of_object(self, index: int) -> int:
        return self.numbers[int(np.searchsorted(np.cumsum(self.counts), index, side="right"))]

    def _object_columns(self) -> list[list[str]]:
        """The tokens of the objects, by `OBJECT_FIELDS`."""
        if not self.objects:
            return [[] for _ in OBJECT_FIELDS]
        rows = [item.split(",") for item in self.objects]
        wrong = next((i for i, row in enumerate(rows) if len(row) != len(OBJECT_FIELDS)), None)
        if wrong is not None:
            what = f"object '{self.objects[wrong].strip()}' has {len(rows[wrong])} parts, not 5"
            raise self._error(self._line_of_object(wrong), what)
        return [list(column) for column in zip(*rows, strict=True)]

    def _event_columns(self) -> list[list[str]]:
        if not self.events:
            return [[] for _ in FIELDS]
        return [list(column) for column in zip(*self.events, strict=True)]

    def spellings(self) -> dict[str, str]:
        columns = [*self._event_columns()[2:], *self._object_columns()[1:]]
        names = (*FIELDS[2:], *OBJECT_FIELDS[1:])
        self._floats(columns[:3], names[:3], self.numbers.__getitem__)
        self._floats(columns[3:], names[3:], self._line_of_object)
        found = (find_spelling([token.strip() for token in column]) for column in columns)
        return dict(zip(names, found, strict=True))

    def _floats(
        self, columns: Sequence[list[str]], names: Sequence[str], line_of: Callable[[int], int]
    ) -> dict[str, NDArray[Any]]:
        values = {}
        for name, tokens in zip(names, columns, strict=True):
            try:
                values[name] = np.array(read_floats(tokens), np.float64)
            except ValueError:
                index = next(i for i, token in enumerate(tokens) if not _is_float(token))
                raise self._error(line_of(index), f"{name} is '{tokens[index].strip()}', no number") from None
        return values

    def _event_ids(self, tokens: list[str]) -> NDArray[np.int64]:
        try:
            if "_" not in "".join(tokens):
                return np.array(list(map(int, tokens)), np.int64)
        except (ValueError, OverflowError):
            pass
        for index, token in enumerate(tokens):
            if not re.fullmatch(r"\s*-?[0-9]{1,18}\s*", token):
                raise self._error(self.numbers[index], f"the event ID is '{token.strip()}', no whole number")
        raise self._error(self.numbers[0], "an event ID does not fit into 64 bits")

    def table(self, schema: Schema) -> EventTable:
        ids, processes, *numbers = self._event_columns()
        kinds, *momenta = self._object_columns()
        process_offsets, process = join_text([text.strip().encode() for text in processes])
        kind_offsets, kind = join_text([text.strip().encode() for text in kinds])
        columns: dict[str, NDArray[Any]] = {
            "event_id": self._event_ids(ids),
            "process": process,
            "object": kind,
        }
        columns |= self._floats(numbers, FIELDS[2:], self.numbers.__getitem__)
        columns |= self._floats(momenta, OBJECT_FIELDS[1:], self._line_of_object)
        counts = np.array(self.counts, np.int64)
        offsets = {
            "process": process_offsets,
            OBJECTS: offsets_from_counts(counts),
            "object": kind_offsets,
        }
        return EventTable(schema, len(self.events), offsets, columns)


def _is_float(token: str) -> bool:
    try:
        read_float(token)
    except ValueError:
        return False
    return True
