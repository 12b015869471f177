"""Write delimited text in a given dialect."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.io.base import Sink
from hepack.io.csv_dialect import SPACES, Dialect
from hepack.io.numerals import SHORTEST, spell_floats
from hepack.io.refusal import RowCount, check_flat, refusal
from hepack.io.strings import decode_text, split_text
from hepack.table import EventTable, Schema, Variable


class CsvSink(Sink):
    """One flat table: numbers (which may be missing) and text, one event a row."""

    def __init__(self, path: str, dialect: Dialect) -> None:
        self.dialect = dialect
        self._separator = " " if dialect.delimiter == SPACES else dialect.delimiter + dialect.pad
        self._unsafe = re.compile(rf'[{re.escape(self._separator)}"\r\n]|^\s|\s$|^#')
        self._handle = Path(path).open(  # noqa: SIM115
            "w", encoding=dialect.encoding, newline=""
        )
        self._rows: RowCount | None = None
        self._schema = Schema("")

    def begin(self, schema: Schema, n_events: int) -> None:
        if self._rows is not None:
            raise BadRequestError(
                f"CSV holds one table, found '{self._schema.name}' and '{schema.name}'; "
                f"write root, hdf5 or npz instead, or choose one table"
            )
        check_flat(schema, "CSV", options=True)
        if not schema.variables:
            raise BadRequestError(f"table '{schema.name}' has no columns, so there is no CSV to write")
        self._rows = RowCount(schema.name, n_events)
        self._schema = schema
        lines = list(self.dialect.preamble)
        if self.dialect.header:
            titles = [str(v.attributes.get("title", v.name)) for v in schema.variables]
            lines.append(self.dialect.comment + self._separator.join(self._quote(titles, text=True)))
        if lines:
            end = self.dialect.line_end if n_events or self.dialect.final_line_end else ""
            self._handle.write(self.dialect.line_end.join(lines) + end)

    def write(self, block: EventTable) -> None:
        assert self._rows is not None
        rows = self._rows.add(block)
        columns = [self._column(block, variable) for variable in self._schema.variables]
        if len(columns) == 1:  # an empty line would be no row
            columns = [[text or '""' for text in columns[0]]]
        lines = map(self._separator.join, zip(*columns, strict=True))
        lead = self.dialect.line_end if rows.start else ""
        try:
            self._handle.write(lead + self.dialect.line_end.join(lines))
        except UnicodeEncodeError as error:
            raise refusal(
                "this CSV", "", f"the encoding {self.dialect.encoding} lacks a character ({error})", "parquet"
            ) from error

    def _column(self, block: EventTable, variable: Variable) -> list[str]:
        values = block.columns[variable.name]
        if variable.kind == "text":
            texts = decode_text(split_text(block.offsets[variable.axis], values), variable.name)
            return self._quote(texts, text=True)
        texts = self._quote(_numbers(values, variable), text=False)
        if not variable.axis:
            return texts
        spelt = np.full(block.n_events, "", object)
        spelt[block.counts(variable.axis) == 1] = texts
        return list(spelt.tolist())

    def _quote(self, texts: Sequence[str], *, text: bool) -> list[str]:
        mode = self.dialect.quoted
        if mode == "all" or (mode == "text" and text):
            return ['"' + item.replace('"', '""') + '"' for item in texts]
        if not text:
            return list(texts)
        return ['"' + item.replace('"', '""') + '"' if self._unsafe.search(item) else item for item in texts]

    def close(self) -> None:
        try:
            if self._rows is not None:
                if self.dialect.final_line_end and self._rows.seen:
                    self._handle.write(self.dialect.line_end)
                self._rows.finish()
        finally:
            self._handle.close()

    def abort(self) -> None:
        self._handle.close()


def _numbers(values: NDArray[Any], variable: Variable) -> list[str]:
    attributes = variable.attributes
    if values.dtype.kind == "f":
        spelling, nan = attributes.get("spelling", SHORTEST), attributes.get("nan", "nan")
        return spell_floats(values, str(spelling), nan=str(nan))
    if values.dtype.kind == "b":
        yes, no = attributes.get("booleans", ("True", "False"))
        return np.where(values, yes, no).tolist()  # type: ignore[no-any-return]
    return list(map(str, values.tolist()))
